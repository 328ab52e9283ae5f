"""The redaction of one call: what may be shown of each utterance, and what changes of those before it.

What a party says is read together with what it has said just before, because a number may be said in several
utterances. If the later ones show that the earlier ones were part of it, those are corrected. Until it is clear that a
string of digits is none that must be withheld, it is held; :meth:`Redactor.settle` says that nothing more has come.

Only here is more known than may be shown: the last :data:`UTTERANCES` of each party, for :data:`REMEMBERED_S`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from voicebot.assist.entries import Withheld
from voicebot.assist.redaction.finding import withheld_spans
from voicebot.assist.redaction.policy import RedactionPolicy
from voicebot.assist.redaction.reading import ReadText, clipped
from voicebot.assist.redaction.span import HELD, WithheldSpan, marked, merged
from voicebot.assist.redaction.words import words_of

REMEMBERED_S: Final = 60.0
"""How long before an utterance another one is read together with it, or is the question to it."""
UTTERANCES: Final = 20
FAR_CHARACTERS: Final = 400
"""What was said so long before the last utterance is no part of it: a number takes some two hundred."""
_ASKING: Final = 2
"""Of the others' last utterances, how many may be the question."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """What may be shown of an utterance: its text with marks."""

    utterance_id: str
    text: str
    withheld: tuple[Withheld, ...] = ()

    @property
    def held(self) -> bool:
        """Whether something is held that may be shown later."""
        return any(mark.category == HELD for mark in self.withheld)


@dataclass(eq=False, slots=True)
class _Said:
    """``asks``: what it may be a question for. ``shown``: what was shown of it last. ``withheld``: what has turned out
    to be withheld; that stays, also when what was said before or after it is no longer remembered."""

    utterance_id: str
    text: str
    at: float
    asks: frozenset[str] = frozenset()
    shown: Redacted | None = None
    withheld: list[WithheldSpan] = field(default_factory=list)


class Redactor:
    """Of one call. Times are seconds on one clock."""

    def __init__(self, policy: RedactionPolicy) -> None:
        self._policy = policy
        self._said: dict[str, deque[_Said]] = {}
        self._language: dict[str, str] = {}
        self._names: frozenset[str] = frozenset()

    def know(self, names: frozenset[str]) -> None:
        """From now on these words are known to be names (:func:`~voicebot.assist.redaction.names.words_of_name`)."""
        self._names = names

    def partial(self, party: str, utterance_id: str, text: str, at: float, language: str) -> Redacted:
        """What may be shown of a hypothesis."""
        self._language[party] = language
        now = _Said(utterance_id, text, at)
        return self._read(party, at, now, partial=True)[-1][1]

    def final(self, party: str, utterance_id: str, text: str, at: float, language: str) -> list[Redacted]:
        """What may be shown of an utterance, as the last one of the list; before it, earlier ones that are to be shown
        otherwise than they were."""
        self._language[party] = language
        cues = ReadText(clipped(text), words_of(language)).cues
        now = _Said(utterance_id, text, at, frozenset(cue.kind for cue in cues))
        found = self._read(party, at, now)
        self._said.setdefault(party, deque(maxlen=UTTERANCES)).append(now)
        return _changed(found)

    def settle(self, party: str, at: float) -> list[Redacted]:
        """Nothing more has come from ``party``: the utterances that may be shown now."""
        return _changed(self._read(party, at, complete=True))

    def asked(self, party: str, at: float) -> frozenset[str]:
        """What others have just asked ``party`` for (kinds of :class:`~voicebot.assist.redaction.reading.Cue`)."""
        asked: set[str] = set()
        for other, said in self._said.items():
            if other != party:
                for one in list(said)[-_ASKING:]:
                    asked |= one.asks if at - one.at <= REMEMBERED_S else frozenset()
        return frozenset(asked)

    def _read(
        self, party: str, at: float, now: _Said | None = None, *, partial: bool = False, complete: bool = False
    ) -> list[tuple[_Said, Redacted]]:
        """What may be shown of the utterances of ``party`` that are remembered, and of the one ``now``."""
        said = [*self._said.get(party, ()), *([now] if now else [])]
        near = _near([one for one in said if at - one.at <= REMEMBERED_S])
        if partial:
            return self._redacted(party, at, near, partial=True)
        far = [one for one in said if one not in near and one.shown is not None and one.shown.held]
        alone = [found for one in far for found in self._redacted(party, at, [one], complete=True)]
        return [*alone, *self._redacted(party, at, near, complete=complete)]

    def _redacted(
        self, party: str, at: float, said: list[_Said], *, partial: bool = False, complete: bool = False
    ) -> list[tuple[_Said, Redacted]]:
        """What may be shown of what was ``said``, read together."""
        texts = [clipped(one.text) for one in said]
        speech = ReadText(
            "\n".join(texts),
            words_of(self._language.get(party, "")),
            complete=complete,
            partial=partial,
            asked=self.asked(party, at),
        )
        spans = merged(withheld_spans(self._policy, speech, self._names))
        shown, begin = [], 0
        for one, text in zip(said, texts, strict=True):
            own = [
                WithheldSpan(max(span.begin - begin, 0), min(span.end - begin, len(text)), span.category)
                for span in spans
                if span.begin < begin + len(text) and span.end > begin
            ]
            own = merged([*one.withheld, *own])
            if not partial:
                one.withheld = [span for span in own if span.category != HELD]
            shown.append((one, Redacted(one.utterance_id, *marked(text, own))))
            begin += len(text) + 1
        return shown


def _changed(found: list[tuple[_Said, Redacted]]) -> list[Redacted]:
    """What is to be shown otherwise than it was."""
    changed = [(said, redacted) for said, redacted in found if redacted != said.shown]
    for said, redacted in changed:
        said.shown = redacted
    return [redacted for _, redacted in changed]


def _near(said: list[_Said]) -> list[_Said]:
    """The last one of ``said``, and those before it that may have to do with it."""
    place, length = len(said) - 1, 0
    while place > 0 and length < FAR_CHARACTERS:
        length += len(said[place].text)
        place -= 1
    return said[max(place, 0) :]
