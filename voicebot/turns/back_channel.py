"""What callers say only to show that they listen ("mm-hmm", "I see"), and what they say to interrupt. Pure.

The words of each language are in ``languages/``; of any other, only sounds that are the same everywhere are known.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

from voicebot.turns.languages import LANGUAGES, TurnWords
from voicebot.turns.words import Phrases, in_language, words

MOST_WORDS = 12
"""Who says more than this does not only listen."""

_EVERYWHERE = (
    "mhm", "mhmm", "mmhm", "mmhmm", "hm", "hmm", "mm", "mmm", "m hm", "m hmm", "mm hm", "mm hmm", "mmm hmm", "hmhm",
    "um hum", "umhum", "um hmm", "uh huh", "uhhuh", "uh hum", "ah", "aha", "ah ha", "oh", "ooh", "aw", "aww", "ha",
    "heh", "ahem",
    "okay", "ok",
    "o k", "okey", "mkay", "m kay", "okey dokey", "okie dokie", "uh", "um", "uhm", "umm", "eh", "er", "erm",
)  # fmt: skip
_LAUGH = re.compile(r"a?(?:[hj][aei]){2,}h?")

_NOTHING_MORE = Phrases(_EVERYWHERE)


def _back_channel(language: TurnWords) -> Phrases:
    praise = (f"{before} {word}" for before in language.praising for word in language.praise)
    return Phrases((*_EVERYWHERE, *language.listening, *praise))


_BACK_CHANNEL = {name: _back_channel(language) for name, language in LANGUAGES.items()}
_INTERRUPTS = {name: Phrases(language.interrupting) for name, language in LANGUAGES.items()}


def only_back_channel(text: str, language: str) -> bool:
    """Whether ``text``, in ``language`` ("en-US"), only shows that the caller listens: no word of it says more."""
    said = words(text)
    if not 0 < len(said) <= MOST_WORDS:
        return False
    return _listening(language).cover([word for word in said if not _LAUGH.fullmatch(word)])


def begins_back_channel(text: str, language: str) -> bool:
    """Whether ``text``, in ``language`` ("en-US"), may become what only shows that the caller listens: "okay, got" of
    "okay, got it", "no" of "no problem". Of its last word, only the first letters may have been heard."""
    said = words(text)
    if not 0 < len(said) <= MOST_WORDS:
        return False
    spelled = _spelled(language)
    return any(
        _begins_one(" ".join(said[end:]), spelled) for end in behind_back_channel(said, language) if end < len(said)
    )


def behind_back_channel(said: Sequence[str], language: str) -> list[int]:
    """Where something else may begin in ``said``, in ``language`` ("en-US"): 0, and behind what only shows that the
    caller listens ("okay, and ...")."""
    return _listening(language).ends(said)


def _begins_one(begun: str, spelled: Sequence[str]) -> bool:
    behind = bisect_right(spelled, begun)
    return behind < len(spelled) and spelled[behind].startswith(begun)


def interrupts(text: str, language: str) -> bool:
    """Whether ``text``, in ``language`` ("en-US"), begins by interrupting ("stop", "okay, wait", "an agent, please"):
    so it does, whatever is being said and however few words it has."""
    said = words(text)[: 2 * MOST_WORDS]
    wanted = in_language(_INTERRUPTS, language)
    if wanted is None or only_back_channel(text, language):  # "uh-huh", and "huh?"
        return False
    return any(wanted.at(said, index) for index in behind_back_channel(said, language) if index < len(said))


@lru_cache(maxsize=16)
def _spelled(language: str) -> list[str]:
    return sorted(map(" ".join, _listening(language)))


def _listening(language: str) -> Phrases:
    return in_language(_BACK_CHANNEL, language) or _NOTHING_MORE
