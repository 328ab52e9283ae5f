"""Yes and no: what agrees, what refuses, and what else was said beside it.

"Yes" and "no" are seldom said alone, and what is left of the sentence without them decides whether they are an answer.
"Yes, cancel it" agrees. "Yes, but first tell me the price", "okay, stop" and "right, what does it cost" do not: a
condition, a request to wait or a question of the caller's stands behind the agreement. Words such as "okay" and "right"
also begin sentences that answer nothing, so they count only where nothing is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from voicebot.authoring.understanding.tokens import Token, prepared
from voicebot.authoring.understanding.vocabulary import Vocabulary

SHORT = 5
"""Words of an answer in which words such as "right" and "fine" are a yes."""


class _Sense(Enum):
    YES = "yes"
    NO = "no"
    NEITHER = "neither"


class YesNoReader:
    """Yes, no, or neither.

    The longer phrase decides ("yes, that's not right" is no); with phrases as long as each other it stays open, unless
    the caller took the first back ("no wait, yes").
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        strong = [(phrase, _Sense.NEITHER) for phrase in vocabulary.listed("neither")]
        strong += [(phrase, _Sense.YES) for phrase in vocabulary.listed("yes")]
        strong += [(phrase, _Sense.NO) for phrase in vocabulary.listed("no")]
        weak = [(phrase, _Sense.YES) for phrase in vocabulary.listed("yes_if_short")]
        self._strong = vocabulary.phrases(strong)
        at_end = [(phrase, _Sense.YES) for phrase in vocabulary.listed("yes_at_end")]
        self._at_end = vocabulary.phrases(at_end + [(phrase, _Sense.NO) for phrase in vocabulary.listed("no_at_end")])
        self._all = vocabulary.phrases(strong + weak)
        alone = [(phrase, _Sense.YES) for phrase in vocabulary.listed("yes_alone")]
        self._alone = vocabulary.phrases(alone + [(phrase, _Sense.NO) for phrase in vocabulary.listed("no_alone")])
        self._negations = vocabulary.words("negations")
        self._retractions = vocabulary.listed_phrases("correction", "retractions")
        self._beside = vocabulary.listed_phrases("beside")
        self._listening = vocabulary.listed_phrases("listening")
        open_after_both = vocabulary.listed("withheld", "asking")
        for name in vocabulary.section("globals"):
            open_after_both += vocabulary.listed("globals", name, "anywhere")
        open_after_yes = list(open_after_both)
        for name in ("holding", "hesitant", "reserving"):
            open_after_yes += vocabulary.listed("withheld", name)
        self._open_after_no = vocabulary.phrases(dict.fromkeys(open_after_both, True))
        self._open_after_yes = vocabulary.phrases(dict.fromkeys(open_after_yes, True))
        self._question_starts = vocabulary.listed_phrases("withheld", "question_starts")

    def read(self, text: str) -> bool | None:
        text = prepared(text)
        tokens = self._vocabulary.content(text)
        if (hit := self._alone.at(tokens, 0)) is not None and len({token.word for token in tokens}) == hit[0]:
            return hit[1] is _Sense.YES
        decided, said = self._weigh(tokens), tokens
        if decided is None:
            for start, stop, _ in reversed(self._retractions.find(tokens)):
                if 0 < stop < len(tokens) and stop - start > 1:
                    decided, said = self._weigh(tokens[stop:]), tokens[stop:]
                    break
        if decided is None or self._is_withheld(said, yes=decided, asked=text.rstrip().endswith("?")):
            return None
        return decided

    def says_no_first(self, tokens: Sequence[Token]) -> int:
        """How many tokens at the beginning say no and nothing else."""
        index = 0
        while (hit := self._strong.at(tokens, index)) is not None and hit[1] is _Sense.NO:
            index += hit[0]
            # "that's not" goes on with what it is not: "right".
            negated = tokens[index - 1].word in self._negations
            if negated and (yes := self._all.at(tokens, index)) is not None and yes[1] is _Sense.YES:
                index += yes[0]
        return index

    def is_answer_only(self, tokens: Sequence[Token]) -> bool:
        """Whether ``tokens`` hold nothing but yes, no and the like."""
        covered = sum(stop - start for start, stop, _ in self._all.find(tokens))
        return covered + sum(token.word in self._negations for token in tokens) >= len(tokens)

    def is_no_name(self, tokens: Sequence[Token]) -> bool:
        """Whether ``tokens`` are yes, no, "I don't know" and nothing else."""
        return sum(stop - start for start, stop, _ in self._strong.find(tokens)) == len(tokens)

    def says_nothing_else(self, text: str) -> bool:
        """Whether ``text`` only agrees, refuses or shows that somebody listens ("okay, thanks", "mm-hmm", "I see")."""
        tokens = self._vocabulary.content(text)
        left = self._left(tokens, weak=True)
        for phrases in (self._listening, self._vocabulary.fillers):
            for start, stop, _ in phrases.find(tokens):
                left.difference_update(range(start, stop))
        return not left

    def _weigh(self, tokens: Sequence[Token]) -> bool | None:
        phrases = self._all if len(tokens) <= SHORT else self._strong
        weights = {_Sense.YES: 0, _Sense.NO: 0, _Sense.NEITHER: 0}
        for start, stop, sense in phrases.find(tokens):
            negated = sense is _Sense.YES and self._negated(tokens[max(0, start - 2) : start])
            meant = _Sense.NO if negated else sense
            weights[meant] = max(weights[meant], stop - start + negated)
        for start, stop, sense in self._at_end.find(tokens):
            if stop == len(tokens) and not weights[_Sense.NEITHER]:  # "no idea what that is"
                weights[sense] = max(weights[sense], stop - start)
        yes, no, neither = weights[_Sense.YES], weights[_Sense.NO], weights[_Sense.NEITHER]
        first = self._strong.at(tokens, 0)
        if yes == no or neither > max(yes, no) or (yes > no and first is not None and first[1] is _Sense.NO):
            return None  # "no, that's right" may be either
        return yes > no

    def _is_withheld(self, tokens: Sequence[Token], *, yes: bool, asked: bool) -> bool:
        """Whether what is said beside the yes or no takes it back, puts it off, or asks something instead."""
        left = self._left(tokens, weak=len(tokens) <= SHORT)
        if not left:
            return False
        strongly = any(sense is not _Sense.NEITHER for _, _, sense in self._strong.find(tokens))
        ends = any(stop == len(tokens) for _, stop, _ in self._at_end.find(tokens))
        if asked or (yes and not strongly and not ends):
            return True
        phrases = self._open_after_yes if yes else self._open_after_no
        if any(not left.isdisjoint(range(start, stop)) for start, stop, _ in phrases.find(tokens)):
            return True
        return any(
            start in left and (start == 0 or tokens[start].pause or start - 1 not in left)
            for start, _, _ in self._question_starts.find(tokens)
        )

    def _left(self, tokens: Sequence[Token], *, weak: bool) -> set[int]:
        """Which tokens are no part of a yes or no, nor of what is politely said beside one."""
        left = set(range(len(tokens)))
        for start, stop, sense in (self._all if weak else self._strong).find(tokens):
            if sense is not _Sense.NEITHER:
                left.difference_update(range(start, stop))
        for start, stop, _ in self._at_end.find(tokens):
            if stop == len(tokens):
                left.difference_update(range(start, stop))
        for start, stop, _ in self._beside.find(tokens):
            left.difference_update(range(start, stop))
        return {index for index in left if tokens[index].word not in self._negations}

    def _negated(self, before: Sequence[Token]) -> bool:
        return any(token.word in self._negations for token in before)
