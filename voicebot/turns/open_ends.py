"""Whether what was said visibly goes on: its last word wants another one ("my number is", "to the", "and um"), or it is
the first of two clauses ("when I called yesterday"). Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from voicebot.turns.back_channel import behind_back_channel
from voicebot.turns.languages import LANGUAGES
from voicebot.turns.words import Phrases, in_language, remainder, words

_LONGEST_ASKED = 7
_OPEN_ENDS = {name: Phrases(language.open_ends) for name, language in LANGUAGES.items()}
_CLOSED_ENDS = {name: Phrases(language.closed_ends) for name, language in LANGUAGES.items()}
_CLAUSES = {name: Phrases(language.clauses) for name, language in LANGUAGES.items()}
_FEW_WORDS = 3
_MARKS = (",", "...", "…")
"""With these, recognisers end what goes on."""
_INNER_MARK = re.compile(r"[,;:.?!]\s+\w")
_LEAST_QUESTION = 5
_LONGEST_CLAUSE = 8
"""Words: where a recogniser writes no commas, what is longer may be both clauses."""


def goes_on(text: str, language: str) -> bool:
    """Whether ``text``, in ``language`` ("en-US"), ends in the midst of a sentence.

    A whole answer may end so ("I'd like to"): what is judged to be one goes on in no case.
    """
    if text.rstrip().endswith(_MARKS):
        return True
    said, known, closed = words(text), in_language(_OPEN_ENDS, language), in_language(_CLOSED_ENDS, language)
    if _is_first_clause(text, said, language):
        return True
    if _ends_a_question(said, language):
        return False
    return known is not None and known.at_end(said) > (0 if closed is None else closed.at_end(said))


def is_question(text: str) -> bool:
    """Whether ``text`` is a question by the mark of the recogniser, and long enough to be all of it: behind "can you
    tell me?" or "do you know?", what is asked about may come."""
    return text.rstrip().endswith("?") and len(words(text)) >= _LEAST_QUESTION


def is_beginning(text: str, language: str) -> bool:
    """Whether ``text``, in ``language`` ("en-US"), is a statement of so few words that it is often but the beginning of
    what somebody has to say, whatever it sounds like: "I called", and then "and nobody answered"."""
    said, known = words(text), in_language(LANGUAGES, language)
    if known is None:
        return False
    begun = next((said[at:] for at in reversed(behind_back_channel(said[:_LONGEST_CLAUSE], language))), said)
    return 1 < len(begun) <= _FEW_WORDS and begun[0] in known.subjects


def _is_first_clause(text: str, said: Sequence[str], language: str) -> bool:
    begun = in_language(_CLAUSES, language)
    if begun is None or len(said) > _LONGEST_CLAUSE:
        return False
    return any(
        begun.at(said, index) and not _INNER_MARK.search(remainder(text, " ".join(said[:index])))
        for index in behind_back_channel(said, language)
        if index < len(said)
    )


def _ends_a_question(said: Sequence[str], language: str) -> bool:
    known = in_language(LANGUAGES, language)
    if known is None or not said or said[-1] not in known.asked_verbs:
        return False
    return not known.asked_beginnings.isdisjoint(said[-_LONGEST_ASKED:-2])
