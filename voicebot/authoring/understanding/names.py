"""A person's name, said or spelled."""

from __future__ import annotations

from voicebot.authoring.understanding.spelling import Spelling
from voicebot.authoring.understanding.tokens import prepared, without
from voicebot.authoring.understanding.vocabulary import Vocabulary
from voicebot.authoring.understanding.waits import Waits
from voicebot.authoring.understanding.yes_no import YesNoReader

MAX_NAME_WORDS = 6
AFTER_WAIT = 2
"""Words of a name behind "one moment": longer ones say what for."""
QUESTION = 3
"""Words of a question of the caller's, at least: "How" is a name as well."""


class Names:
    """Reads a person's name; section ``names``. Its ``refusals`` begin what is none, as questions do."""

    def __init__(self, vocabulary: Vocabulary, spelling: Spelling, yes_no: YesNoReader, waits: Waits) -> None:
        self._yes_no = yes_no
        self._waits = waits
        self._vocabulary = vocabulary
        self._spelling = spelling
        self._introductions = vocabulary.listed_phrases("names", "introductions")
        self._trailing = vocabulary.listed_phrases("names", "trailing")
        self._refusals = vocabulary.listed_phrases("names", "refusals")
        self._questions = vocabulary.listed_phrases("withheld", "question_starts")

    def read(self, text: str) -> str | None:
        """The name without what introduces it; None when there is none (or far too much for one)."""
        text = prepared(text)
        tokens = without(self._vocabulary.fillers, self._vocabulary.tokens(text))
        if self._yes_no.is_no_name(tokens):
            return None
        if self._refusals.at(tokens, 0) or (len(tokens) >= QUESTION and self._questions.at(tokens, 0)):
            return None
        waited = len(tokens)
        tokens = self._waits.without_lead(tokens)
        waited -= len(tokens)
        while (hit := self._introductions.at(tokens, 0)) is not None:
            tokens = tokens[hit[0] :]
        if self._waits.names_moment(tokens) or (waited and len(tokens) > AFTER_WAIT):
            return None
        trailing = self._trailing.find(tokens)
        if trailing and trailing[-1][1] == len(tokens):
            tokens = tokens[: trailing[-1][0]]
        if not tokens or any(token.numeral for token in tokens):
            return None
        said = text[tokens[0].start : tokens[-1].end]
        if self._spelling.ends_spelled(said) and (spelled := self._spelling.read(said)):
            return spelled.title()
        # "Bond, James Bond", "James, James Bond"
        if len(tokens) > 2 and tokens[1].pause and tokens[0].word in (tokens[1].word, tokens[-1].word):
            tokens = tokens[1:]
            said = text[tokens[0].start : tokens[-1].end]
        if len(tokens) > MAX_NAME_WORDS or not any(character.isalpha() for character in said):
            return None
        return "".join(
            character.upper() if at == 0 or said[at - 1] in " -'’" else character for at, character in enumerate(said)
        ) if said.islower() else said  # fmt: skip
