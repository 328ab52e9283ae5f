"""What a caller means who speaks while a prompt plays. Pure.

A voice pauses the prompt at once. What was said decides whether the prompt is dropped or goes on:

* "Stop", "wait", "no, ..." and the commands of the question always interrupt.
* So do two words or more that say something, if the next hypothesis begins with the same, or a final result has them: a
  recogniser writes several words for a sound, too ("I hope" for "uh-huh"), but others each time. If neither comes, they
  interrupt in the end: until then the prompt is only paused.
* Of a voice that may be somebody else's, only the former and answers count, and only when all of it is known: "I have"
  is an answer, "I have to look it up" is none.
* Who says "mhm" or "okay" only listens, unless that is an answer, and the prompt the question (:class:`SpokenOver`).
* A plain yes is an answer to a question of the turn that plays, also if the caller knows it already and does not wait
  for it.
* What goes on behind an answer that was just given is known only when all of it is: "that" may become "that's right".
  So is "okay, got", which may become "okay, got it", and "no", which may become "no problem", until it is quiet.
* One other word may be what a recogniser has made of a noise: it has to be confirmed, by a final result or by a second
  hypothesis that says the same. Articles and the like are never said for themselves.
* A word or two that a hypothesis took for "uh-huh" before may be just that: then a final result must be surer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from voicebot.events import ExpectedAnswer
from voicebot.turns.back_channel import begins_back_channel, interrupts, only_back_channel
from voicebot.turns.expected_answer import Judgement, judge
from voicebot.turns.languages import LANGUAGES
from voicebot.turns.open_ends import goes_on
from voicebot.turns.words import in_language, words

_INVENTED = frozenset(("you", "oh", "so", "it"))
"""What recognisers write for noise, besides words that want another one ("the", "I")."""
_FEW = 3
SURE_AGAINST_LISTENING = 0.75
"""The least confidence of a word or two that a hypothesis took for a sound of listening."""
SURE_OF_SEVERAL = 0.3
"""That of several words. In noise, 1 in 50 interruptions of two words has less, and half of what is made of sounds."""


class Meaning(Enum):
    """What was meant."""

    NOTHING = "no words, or only words that say nothing by themselves"
    LISTENING = "the caller is listening"
    UNSURE = "a word or a noise, or more of what the bot knows"
    LIKELY = "words that interrupt, unless another result has others"
    INTERRUPTION = "an interruption, or an answer"


@dataclass(frozen=True, slots=True)
class SpokenOver:
    """What plays while the caller speaks.

    * ``question``: so much of the prompt that asks for an answer that the caller may know it.
    * ``turn``: a turn of the bot that asks for an answer, or has asked for one before.
    * ``later``: it began only when the caller was speaking already.
    * ``doubtful``: it may be somebody else who speaks.
    * ``goes_on``: it may be more of an answer that the bot has already, and is not all of it yet.
    * ``listened``: a hypothesis has taken them for what only shows that the caller listens.
    * ``unfinished``: the words are a hypothesis: more may come.
    * ``quiet``: it is quiet behind the last of the words.
    """

    question: bool = False
    turn: bool = False
    later: bool = False
    doubtful: bool = False
    goes_on: bool = False
    listened: bool = False
    unfinished: bool = False
    quiet: bool = False


def meaning(text: str, language: str, expected: ExpectedAnswer | None, over: SpokenOver, *, confirmed: bool) -> Meaning:
    """What ``text`` means, in ``language`` ("en-US"). ``expected``: the answer that the bot waits for; ``confirmed``:
    the recogniser is sure of it."""
    said = words(text)
    if not said:
        return Meaning.NOTHING
    if over.doubtful and over.unfinished:
        return Meaning.UNSURE
    judgement, listening = judge(text, expected), only_back_channel(text, language)
    command = judgement is Judgement.COMMAND and (not listening or _is_command(said, expected))
    answers, begun = _answers(said, judgement, expected, over, language), over.unfinished and not over.quiet
    if command or interrupts(text, language):
        if begun and not answers and begins_back_channel(text, language):
            return Meaning.UNSURE
        return Meaning.INTERRUPTION if confirmed or said != ["huh"] else Meaning.UNSURE  # it may be half of "uh-huh"
    if listening:
        return Meaning.INTERRUPTION if answers else Meaning.LISTENING
    if over.goes_on:
        return Meaning.UNSURE
    if judgement is Judgement.COMPLETE:
        return Meaning.INTERRUPTION
    if over.doubtful and judgement is not Judgement.ENOUGH:
        return Meaning.NOTHING
    if over.unfinished and begins_back_channel(text, language):
        return Meaning.UNSURE
    if judgement is Judgement.NOTHING or (len(said) <= _FEW and all(_says_nothing(word, language) for word in said)):
        return Meaning.NOTHING
    several = _are_several(said, listened=over.listened)
    if confirmed or over.later or (several and judgement is Judgement.ENOUGH):
        return Meaning.INTERRUPTION
    return Meaning.LIKELY if several else Meaning.UNSURE


def least_confidence(text: str, usual: float, *, listened: bool) -> float:
    """With which a final result is taken for words, rather than for a noise. ``listened``: see :class:`SpokenOver`."""
    if _are_several(words(text), listened=listened):
        return min(usual, SURE_OF_SEVERAL)
    return max(usual, SURE_AGAINST_LISTENING) if listened else usual


def _are_several(said: Sequence[str], *, listened: bool) -> bool:
    return len(said) > (2 if listened else 1)


def _is_command(said: Sequence[str], expected: ExpectedAnswer | None) -> bool:
    """Whether words that could show that the caller listens are a command as they are: "uh-huh" is no "huh?"."""
    return expected is not None and " ".join(said) in expected.commands


def _answers(
    said: Sequence[str], judgement: Judgement, expected: ExpectedAnswer | None, over: SpokenOver, language: str
) -> bool:
    """Whether words that could show that the caller listens are an answer."""
    known = in_language(LANGUAGES, language)
    yes = known is not None and not known.plain_yes.isdisjoint(said)
    answers = judgement in (Judgement.COMPLETE, Judgement.ENOUGH)
    if over.later:  # what plays is not what is answered
        return yes or (answers and over.turn)
    if answers:
        return over.question or (yes and over.turn)
    return yes and over.question and expected is None


def _says_nothing(word: str, language: str) -> bool:
    return word in _INVENTED or goes_on(word, language)
