"""What the streams of `/v1/assist` have told of one call, event by event, and what of a played script is missing in it.
Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Final

from voicebot.caller.forking import ForkReport
from voicebot.caller.two_people import Line, TwoPeople

ROLES: Final = {"CUSTOMER": "caller", "AGENT": "agent", "SYSTEM": "bot", "OTHER": "other"}
HEARD: Final = 0.6
"""The share of a line's words that must be in the transcript: the recogniser mishears some."""
MOST_TOGETHER: Final = 6
"""So many digits of a secret may be shown: what may be the beginning of a card number is withheld from the seventh."""
_DIGITS: Final = {
    word: str(digit)
    for digit, word in enumerate(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"))
}
_RUN: Final = re.compile(rf"(?:\b(?:\d+|{'|'.join(_DIGITS)})\b[\s,.-]*)+", re.IGNORECASE)


@dataclass
class ToldEvents:
    """``events``: all, in their order. The other fields: the last of each kind, or those with an id by it."""

    events: list[Mapping[str, Any]] = field(default_factory=list)
    utterances: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    sentiments: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    suggestions: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    checklist: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    listening: list[Mapping[str, Any]] = field(default_factory=list)
    summary: Mapping[str, Any] | None = None
    ended: Mapping[str, Any] | None = None

    def take(self, event: Mapping[str, Any]) -> None:
        self.events.append(event)
        match event["EventType"]:
            case "Utterance" if not event["IsPartial"]:
                self.utterances[event["UtteranceId"]] = event
            case "Sentiment":
                self.sentiments[event["UtteranceId"]] = event
            case "Suggestion":
                self.suggestions[event["SuggestionId"]] = event
            case "ChecklistItem":
                self.checklist[event["ItemId"]] = event
            case "Listening":
                self.listening.append(event)
            case "Summary":
                self.summary = event
            case "Ended":
                self.ended = event

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come: the summary follows the end."""
        return self.ended is not None and self.summary is not None

    def words_of(self, role: str) -> list[str]:
        """All that ``role`` has said, in its order."""
        said = [one for one in self.utterances.values() if ROLES[one["ParticipantRole"]] == role]
        said.sort(key=lambda one: int(one["BeginOffsetMillis"]))
        return _words(" ".join(one["Content"] for one in said))

    @property
    def withheld(self) -> list[str]:
        """The categories of what was withheld in final lines."""
        marks = [mark for one in self.utterances.values() for mark in one["Redaction"]["CharacterOffsets"]]
        return [mark["Category"] for mark in marks]


def missing(script: TwoPeople, told: ToldEvents, report: ForkReport, kept: Mapping[str, str]) -> list[str]:
    """What did not come, each in a line. ``kept``: what the service has left of the call, by its name: the secrets must
    not be in it."""
    return [*_unheard(script, told), *_not_told(script, told, report), *_not_withheld(script, told, kept)]


def _unheard(script: TwoPeople, told: ToldEvents) -> Iterator[str]:
    for line in script.lines:
        share = _share(_words(line.text), told.words_of(line.who))
        if line.unheard or line.secret:
            continue
        if line.text and share < HEARD:
            yield f"{_place(script, line)}: of what the {line.who} says, only {share:.0%} is in the transcript"


def _not_told(script: TwoPeople, told: ToldEvents, report: ForkReport) -> Iterator[str]:
    yield from (f"waited in vain: {what}" for what in report.missed)
    if report.cut_off:
        yield "the service has ended the call before the script was over"
    if any(line.secret and not line.unheard for line in script.lines) and not told.withheld:
        yield "nothing was withheld"
    if any(line.unheard for line in script.lines):
        if not report.pauses:
            yield "the recording client was not asked to send nothing"
        if not any(event["AtSource"] and not event["IsListening"] for event in told.listening):
            yield "no pause at the source was told"
    if "sentiment" in script.expect and not told.sentiments:
        yield "no sentiment"
    if "suggestion" in script.expect and not told.suggestions:
        yield "no suggestion (they come from the folder assist/, where the demo is started)"
    if "checklist" in script.expect and not any(item["DoneBy"] for item in told.checklist.values()):
        yield "no item of the checklist was ticked (it is in assist/rules.yaml, where the demo is started)"
    if told.summary is None or not told.summary["Reason"]:
        yield "no summary"
    if told.ended is None:
        yield "no end of the call"


def _not_withheld(script: TwoPeople, told: ToldEvents, kept: Mapping[str, str]) -> Iterator[str]:
    said = "\n".join(str(event.get("Content", "")) for event in told.events) + json.dumps(told.summary)
    for line in script.lines:
        if not line.secret:
            continue
        # A few digits are found by chance among the times and ports of a whole file.
        files = kept if len(line.secret) > MOST_TOGETHER else {}
        for name, text in {"transcript": said, **files}.items():
            if shows(text, line.secret):
                yield f"{_place(script, line)}: the secret is in the {name}"


def shows(text: str, secret: str) -> bool:
    """Whether ``text`` has more of the digits ``secret`` together than may be shown, as digits or English words."""
    least = min(len(secret), MOST_TOGETHER + 1)
    parts = {secret[at : at + least] for at in range(len(secret) - least + 1)}
    return any(part in run for run in map(_digits, _RUN.findall(text)) for part in parts)


def _digits(run: str) -> str:
    return "".join(_DIGITS.get(word, word) for word in re.findall(r"\d+|[a-z]+", run.lower()))


def _place(script: TwoPeople, line: Line) -> str:
    return f"{script.source}:{line.line}"


def _share(wanted: list[str], heard: list[str]) -> float:
    """How many of the words ``wanted`` are in ``heard`` in their order, from 0 to 1."""
    blocks = SequenceMatcher(None, wanted, heard, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(wanted) if wanted else 1.0


def _words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())
