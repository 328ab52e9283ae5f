"""What is said in a call, utterance by utterance, as it may be shown.

Each party has at most one utterance that is not final. The recogniser's results come in here, and what comes out has
passed the redaction: partial and final utterances, and those that are corrected by what was said after them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from voicebot.assist.entries import Utterance
from voicebot.assist.redaction.redactor import Redacted, Redactor

MOST: Final = 20_000
"""Final utterances; the oldest are forgotten first."""


@dataclass(slots=True)
class _Open:
    utterance_id: str
    text: str
    begin: float
    end: float
    language: str


class Transcript:
    """Of one call, which began at ``began``. Times are the loop's, in seconds. ``tell`` gets each utterance as it is
    now, and whether that is a correction of what was final already."""

    def __init__(self, began: float, redactor: Redactor, tell: Callable[[Utterance, bool], None]) -> None:
        self._began = began
        self._redactor = redactor
        self._tell = tell
        self._open: dict[str, _Open] = {}
        self._final: OrderedDict[str, Utterance] = OrderedDict()
        self._count = 0

    def ms(self, at: float) -> int:
        """Milliseconds since the call began."""
        return round((at - self._began) * 1000)

    @property
    def utterances(self) -> Iterable[Utterance]:
        """All that are final, in the order in which they became so."""
        return self._final.values()

    @property
    def unfinished(self) -> list[str]:
        """The parties of whom an utterance is not final."""
        return list(self._open)

    def hypothesis(self, party: str, text: str, begin: float, end: float, language: str) -> None:
        """What ``party`` seems to be saying."""
        now = self._open.get(party)
        if now is None:
            now = self._open[party] = _Open(self._next_id(), text, begin, end, language)
        else:
            now.text, now.end, now.language = text, end, language
        redacted = self._redactor.partial(party, now.utterance_id, text, end, language)
        self._tell(self._utterance(party, now, redacted, partial=True), False)

    def final(self, party: str, text: str, begin: float, end: float, language: str) -> Redacted:
        """What ``party`` has said. Returns it as it is shown."""
        utterance_id = self._open.pop(party).utterance_id if party in self._open else self._next_id()
        now = _Open(utterance_id, text, begin, end, language)
        *corrections, redacted = self._redactor.final(party, utterance_id, text, end, language)
        self._correct(corrections)
        self._keep(self._utterance(party, now, redacted, partial=False))
        return redacted

    def nothing(self, party: str) -> None:
        """There were no words in what ``party`` seemed to be saying."""
        if (now := self._open.pop(party, None)) is not None:
            self._tell(self._utterance(party, now, Redacted(now.utterance_id, ""), partial=False), False)

    def give_up(self, party: str) -> None:
        """The recogniser says no more of what ``party`` was saying: its last hypothesis has to do."""
        if (now := self._open.get(party)) is not None:
            self.final(party, now.text, now.begin, now.end, now.language)

    def settle(self, party: str, at: float) -> None:
        """Nothing more has come from ``party``, so that what was held may be shown."""
        if party not in self._open:
            self._correct(self._redactor.settle(party, at))

    def rename(self, old: str, new: str) -> None:
        """What was said to be ``old``'s was ``new``'s."""
        if (now := self._open.pop(old, None)) is not None:
            self._open.setdefault(new, now)
        for utterance in [one for one in self._final.values() if one.party == old]:
            self._keep(replace(utterance, party=new))

    def _utterance(self, party: str, now: _Open, redacted: Redacted, *, partial: bool) -> Utterance:
        begin, end = self.ms(now.begin), self.ms(max(now.begin, now.end))
        return Utterance(now.utterance_id, party, redacted.text, begin, end, partial, redacted.withheld, now.language)

    def _correct(self, corrections: Iterable[Redacted]) -> None:
        for redacted in corrections:
            if (shown := self._final.get(redacted.utterance_id)) is not None:
                self._keep(replace(shown, text=redacted.text, withheld=redacted.withheld))

    def _keep(self, utterance: Utterance) -> None:
        correction = utterance.utterance_id in self._final
        self._final[utterance.utterance_id] = utterance
        if len(self._final) > MOST:
            self._final.popitem(last=False)
        self._tell(utterance, correction)

    def _next_id(self) -> str:
        self._count += 1
        return f"u{self._count}"
