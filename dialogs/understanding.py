"""What a caller's words mean: topics, yes and no, digits.

A recogniser writes the same words in many ways ("One, two, three." or "123", "My bill, please."), and on the phone it
takes some for others that sound alike ("to", "for", "ate", "build"). All of that is dealt with here, in plain functions
from text to meaning. The prompts of the SDK are not used for it: they take "one two three four" for the number one and
do not know "correct", "yep" or "wrong".
"""

from __future__ import annotations

import re

BILLING, OUTAGE, HOURS, AGENT = "billing", "outage", "hours", "agent"
MENU_KEYS = {"1": BILLING, "2": OUTAGE, "3": HOURS, "0": AGENT}
YES_NO_KEYS = {"1": True, "2": False}

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

# Phrases are matched on whole words, anywhere in what was said. Longer phrases weigh more.
_TOPICS: dict[str, tuple[str, ...]] = {
    BILLING: (
        "bill", "bills", "billing", "build", "builds", "account", "balance", "owe", "owing", "pay", "paying", "payment",
        "payments", "invoice", "charge", "charges", "amount", "due", "how much",
    ),
    OUTAGE: (
        "outage", "outages", "out age", "power", "electricity", "lights", "light", "blackout", "black out", "no power",
        "power cut", "power is out", "power's out", "lights are out", "went out",
    ),
    HOURS: (
        "hours", "opening", "open", "opened", "close", "closed", "closing", "opening hours", "office hours", "ours",
        "opening ours", "when are you",
    ),
    AGENT: (
        "agent", "agents", "operator", "representative", "human", "person", "somebody", "someone", "real person",
        "customer service", "speak to", "talk to", "speak with", "talk with", "an age and",
    ),
}  # fmt: skip
_YES = (
    "yes", "yeah", "yep", "yup", "yea", "ya", "sure", "correct", "right", "write", "okay", "ok", "uh huh", "mhm",
    "mm hmm", "exactly", "affirmative", "absolutely", "definitely", "of course", "it is", "that's it", "perfect",
    "please do", "i do", "there is", "you got it",
)  # fmt: skip
_NO = (
    "no", "nope", "nah", "know", "wrong", "incorrect", "negative", "not right", "not correct", "isn't right",
    "isn't correct", "not quite", "it isn't", "it's not", "that's not", "it is not", "that is not", "don't", "nothing",
)  # fmt: skip
_DONE = (
    "no", "nope", "nah", "know", "nothing", "nothing else", "that's all", "that is all", "that's it", "that is it",
    "i'm good", "i am good", "i'm fine", "all good", "all set", "i'm done", "done", "bye", "goodbye", "good bye",
    "bye bye", "thanks bye", "hang up",
)  # fmt: skip
_REPEAT = (
    "repeat", "say that again", "say it again", "again please", "once more", "one more time", "come again",
    "what did you say", "pardon", "excuse me", "repeat that",
)  # fmt: skip
_HELP = ("help", "help me", "what can i say", "what can you do", "options", "i don't know", "i'm not sure")
_START_OVER = (
    "start over", "start again", "start from the beginning", "main menu", "go back", "begin again", "startover",
)  # fmt: skip

_DIGITS = {
    "zero": 0, "nought": 0, "naught": 0, "null": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "niner": 9,
}  # fmt: skip
_TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
# Digits only beside other digits: alone they are ordinary words.
_SOUNDS_LIKE = {
    "oh": 0, "o": 0, "ow": 0, "owe": 0, "won": 1, "to": 2, "too": 2, "tree": 3, "free": 3, "for": 4, "fore": 4,
    "ford": 4, "hive": 5, "sex": 6, "sics": 6, "sick": 6, "ate": 8, "aid": 8, "nein": 9, "mine": 9,
}  # fmt: skip
# Now and then a digit is written so, but the words are too common: only where the number is complete with them.
_HARDLY = {"a": 8, "h": 8, "hate": 8, "hey": 8, "eh": 8}
_TIMES = {"double": 2, "triple": 3, "treble": 3}


def words(text: str) -> list[str]:
    """The words of ``text`` in lower case, without punctuation; ``123-456`` gives ``123`` and ``456``."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def says(text: str, phrases: tuple[str, ...]) -> int:
    """How many words of ``text`` belong to one of ``phrases`` (the longest that is found); 0 when none is."""
    spoken = f" {' '.join(words(text))} "
    return max((len(phrase.split()) for phrase in phrases if f" {phrase} " in spoken), default=0)


def topic(text: str) -> str | None:
    """What the caller wants: one of the topics, or None. Whoever asks for a person gets one."""
    found = {name: says(text, phrases) for name, phrases in _TOPICS.items()}
    if found[AGENT]:
        return AGENT
    best = max(found.values())
    return next((name for name, weight in found.items() if weight == best), None) if best else None


def wants_agent(text: str) -> bool:
    return says(text, _TOPICS[AGENT]) > 0


def wants_repeat(text: str) -> bool:
    return says(text, _REPEAT) > 0 or words(text) in (["what"], ["sorry"], ["again"])


def wants_help(text: str) -> bool:
    return says(text, _HELP) > 0


def wants_start_over(text: str) -> bool:
    return says(text, _START_OVER) > 0


def is_done(text: str) -> bool:
    """Whether the caller wants nothing more."""
    return says(text, _DONE) > 0


def yes_no(text: str) -> bool | None:
    """Yes, no, or None when it is neither or both. The longer phrase decides: "that's not right" is no."""
    yes, no = says(text, _YES), says(text, _NO)
    if yes == no:
        # "No, that's right" and "yes, no" leave it open; with one word each, who begins has no say either.
        return None
    return yes > no


def digits(text: str, length: int) -> str:
    """The digits in ``text``, for a number that should have ``length`` of them; ``""`` when there are none.

    Digits may be spoken one by one, in pairs ("twelve thirty-four"), doubled ("double three") or written as numerals.
    Words that merely sound like digits count only beside others; "a" for eight ("A 3 0 1 6 6", "H4 1485") only when the
    number is complete with it.
    """
    together = re.sub(r"(?<=\d)[,.](?=\d)", "", text)
    spoken = words(re.sub(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", " ", together))
    strict, loose = _read(spoken, {}), _read(spoken, _SOUNDS_LIKE)
    if not strict or len(strict) == length or len(loose) < len(strict):
        return strict
    if len(loose) < length and len(looser := _read(spoken, _SOUNDS_LIKE | _HARDLY)) == length:
        return looser
    return loose


def _read(spoken: list[str], sounds_like: dict[str, int]) -> str:
    result = ""
    index = 0
    while index < len(spoken):
        text, used = _number_at(spoken, index, sounds_like)
        if not used and spoken[index] in _TIMES and index + 1 < len(spoken):
            text, used = _number_at(spoken, index + 1, _SOUNDS_LIKE)
            if used and len(text) == 1:
                text, used = text * _TIMES[spoken[index]], used + 1
            else:
                text, used = "", 0
        result += text
        index += used or 1
    return result


def _number_at(spoken: list[str], index: int, sounds_like: dict[str, int]) -> tuple[str, int]:
    """The digits of the number that begins at ``index``, and how many words it takes (0: there is none)."""
    word = spoken[index]
    following = spoken[index + 1] if index + 1 < len(spoken) else ""
    if word.isdecimal() and word.isascii():
        return word, 1
    if word in _DIGITS:
        return (f"{_DIGITS[word]}00", 2) if following == "hundred" else (str(_DIGITS[word]), 1)
    if word in _TEENS:
        return str(_TEENS[word]), 1
    if word in _TENS:
        unit = _DIGITS.get(following, 0)
        return (str(_TENS[word] + unit), 2) if unit else (str(_TENS[word]), 1)
    if word in sounds_like and (_is_number(spoken, index - 1) or _is_number(spoken, index + 1)):
        return str(sounds_like[word]), 1
    return "", 0


def _is_number(spoken: list[str], index: int) -> bool:
    if not 0 <= index < len(spoken):
        return False
    word = spoken[index]
    return word.isdecimal() or word in _DIGITS or word in _TEENS or word in _TENS or word in _SOUNDS_LIKE
