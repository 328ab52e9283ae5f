"""English."""

from __future__ import annotations

from typing import Final

from voicebot.turns.languages.turn_words import TurnWords

_BEFORE_IT_IS: Final = (
    "yes", "yeah", "yep", "yup", "sure", "think", "guess", "believe", "suppose",
    "than", "as", "like", "how", "what", "where", "who",
)  # fmt: skip
"""Who compares, or asks within a sentence, ends it so, too: "than he was", "where it is"."""
_IT_IS: Final = (
    "it is", "it was", "that is", "that was", "this is", "this was", "there is", "there are", "there was", "he is",
    "he was", "she is", "she was", "i was", "they are", "we are", "you are", "those are",
)  # fmt: skip

WORDS: Final = TurnWords(
    plain_yes=frozenset(("yes",)),
    listening=(
        "yes", "yeah", "yea", "yep", "yup", "ya", "yes sir", "yes ma'am", "right", "right on", "sure", "sure thing",
        "i see", "i see that", "got it", "i got it", "i get it", "gotcha", "got you", "got ya", "all right", "alright",
        "good", "very good", "great", "nice", "fine", "that's fine", "cool", "perfect", "lovely", "wonderful",
        "excellent", "exactly", "absolutely", "definitely", "certainly", "true", "correct", "that's right",
        "that's true", "that's correct", "really", "wow", "interesting", "understood", "i understand", "i know",
        "i hear you", "i bet", "i guess", "i guess so", "i suppose so", "of course", "makes sense", "that makes sense",
        "sounds good", "very well", "go on", "go ahead", "please", "thanks", "thank you", "laughter", "laughs",
        "laughing", "alrighty", "then", "no problem", "no problem at all", "no worries", "no worries at all",
        "no kidding", "no doubt", "no rush", "no sweat", "not a problem", "not bad", "not too bad", "fair enough",
        "good to know", "good to hear", "is that so", "is that right", "you don't say", "you bet", "indeed",
        "for sure", "totally", "very much", "so much", "a lot", "righto", "roger", "well then", "oh my", "my goodness",
        "goodness", "there you go", "here we go", "that works", "well", "noted", "duly noted", "will do", "my god",
        "oh my god", "gosh", "dear", "oh dear", "i know that", "bless you", "take your time", "course", "cheers", "ta",
        "appreciated", "much appreciated", "i appreciate it", "i appreciate that",
    ),
    praise=(
        "good", "great", "nice", "fine", "cool", "perfect", "lovely", "wonderful", "excellent", "awesome", "amazing",
        "brilliant", "fantastic", "terrific", "super", "neat", "true", "interesting", "okay", "all right", "alright",
        "funny",
    ),
    praising=(
        "", "that's", "that is", "it's", "very", "so", "really", "pretty", "sounds", "that sounds", "looks", "all",
        "that's very", "that's really", "that's so", "that's all",
    ),
    interrupting=(
        "stop", "wait", "hold on", "hold it", "hang on", "one moment", "one second", "just a moment", "just a second",
        "just a minute", "a moment", "excuse me", "sorry", "i'm sorry", "pardon", "what", "huh", "repeat", "again",
        "say that again", "come again", "can you repeat", "could you repeat", "slow down", "slower", "help", "agent",
        "an agent", "operator", "the operator", "representative", "a representative", "human", "a human", "a person",
        "speak to", "talk to", "no", "nope", "nah", "never mind", "cancel", "enough", "be quiet", "shut up", "skip",
        "go back", "main menu", "start over", "hello", "listen",
    ),
    open_ends=(
        "the", "a", "an", "and", "or", "but", "because", "if", "than", "between", "my", "your", "his", "her", "our",
        "their", "to", "of", "for", "from", "with", "at", "by", "into", "about", "is", "are", "was", "i", "i'm", "i'd",
        "i'll", "i've", "it's", "i want", "i need", "i would like", "i'd like", "i was", "can i", "could i", "can you",
        "could you", "would you", "very", "double", "triple", "um", "uh", "er", "erm", "uhm", "umm", "let me see",
        "let's see",
    ),
    closed_ends=tuple(f"{before} {it_is}" for before in _BEFORE_IT_IS for it_is in _IT_IS),
    asked_verbs=frozenset(("is", "are", "was", "were")),
    asked_beginnings=frozenset(("what", "where", "when", "who", "which", "how", "why")),
    subjects=frozenset((
        "i", "we", "he", "she", "it", "they", "you", "somebody", "someone", "nobody", "something",
    )),
    clauses=(
        "when i", "when my", "when we", "whenever i", "whenever my", "after i", "before i", "since i", "since my",
        "if i", "if my", "if we", "although i", "although my", "even though i", "even though my", "while i",
        "as soon as i", "every time i", "unless i",
    ),
    yes=frozenset(("yes", "yeah", "yea", "yep", "yup")),
    no=frozenset((
        "no", "nope", "nah", "nay", "nuh", "not", "t", "cannot", "never", "none", "nothing", "wrong", "incorrect",
        "incorrectly", "false", "negative", "hardly", "far", "contrary", "mistake", "error", "misunderstood",
        "misheard", "forget", "leave", "skip", "pass", "later", "other", "another", "again", "down", "question",
        "disagree", "decline", "reject", "refuse", "doubt", "nein",
    )),
    unsure=frozenset((
        "know", "sure", "remember", "understand", "understood", "hear", "catch", "get", "idea", "have", "now",
    )),
    closing=(
        "that's it", "that is it", "that's all", "that is all", "that'll be all", "that's everything", "nothing else",
        "nothing more", "no more", "all of it", "both", "both of them", "sir", "ma'am", "that's me", "that's mine",
        "that's my number", "that's the number", "that's the one", "that's my name", "that's what i said",
        "that's what i want", "why not", "no problem", "no worries", "no doubt", "not a problem", "for now",
        "at the moment", "as far as i know", "i'm sure", "i am sure",
    ),
    regrets=("sorry", "i'm sorry", "i'm afraid", "i'm good", "i'm fine", "i'm all set"),
    still_there="Are you still there? I could not hear you for a moment.",
)  # fmt: skip
