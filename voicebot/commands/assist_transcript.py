"""Prints a call between people while it goes on: each line when it is final, and below it what was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.markup import escape

from voicebot.commands.assist_told import ROLES

_COLOURS: Final = {"caller": "cyan", "agent": "magenta"}
_MOODS: Final = {"POSITIVE": "green", "NEGATIVE": "red", "MIXED": "yellow"}
_INDENT: Final = " " * 18
_MOST: Final = 160
"""Characters of a suggestion's text."""


class AssistPrinter:
    """Prints events of `/v1/assist` to ``console``."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._final: dict[str, str] = {}

    def show(self, event: Mapping[str, Any]) -> None:
        match event["EventType"]:
            case "Utterance" if not event["IsPartial"]:
                self._utterance(event)
            case "Sentiment" if event["Sentiment"] != "NEUTRAL":
                mood = event["Sentiment"]
                found = f"[{_MOODS[mood]}]{mood.lower()}[/] {event['Score']:+.2f}, trend {event['Trend']:+.2f}"
                self._found("sentiment", found, self._about(event))
            case "Suggestion":
                text = " ".join(f"{event['Title']}: {event['Content']}".split())
                short = text if len(text) <= _MOST else text[:_MOST].rsplit(" ", 1)[0] + " ..."
                self._found("suggestion", f"{escape(short)} [dim]({escape(event['Source'])})[/]")
            case "ChecklistItem" if event["DoneBy"]:
                self._found("checklist", f"[green]done[/]: {escape(event['Content'])}")
            case "Listening":
                self._listening(event)
            case "Trouble":
                self._found("trouble", f"{event['What']} is {'back' if event['IsOver'] else '[red]away[/]'}")
            case "Summary":
                self._summary(event)
            case "Ended":
                self._line(event["OffsetMillis"], "[bold]the call has ended[/]")

    def _utterance(self, event: Mapping[str, Any]) -> None:
        key, text = event["UtteranceId"], event["Content"]
        before = self._final.get(key, "")
        if text in ("", before):
            return
        self._final[key] = text
        role = ROLES[event["ParticipantRole"]]
        again = "[dim](again)[/] " if before else ""
        who = f"[{_COLOURS.get(role, 'bold')}]{role:<6}[/]"
        self._line(event["BeginOffsetMillis"], f"{who}  {again}{_marked(event)}")

    def _listening(self, event: Mapping[str, Any]) -> None:
        if event["IsListening"]:
            what = "goes on"
        elif event["AtSource"]:
            what = "the recording client sends nothing any more"
        else:
            what = f"[yellow]paused[/] by {'a rule' if event['Why'] == 'rule' else 'the ' + event['Why']}"
        self._found("listening", what)

    def _summary(self, event: Mapping[str, Any]) -> None:
        self._console.print()
        for name, texts in (
            ("reason", [event["Reason"]]),
            ("promised", event["Promised"]),
            ("open", event["OpenPoints"]),
        ):
            for text in filter(None, texts):
                self._console.print(f"[bold]summary[/]  {name:<8}  {escape(text)}", soft_wrap=True)

    def _about(self, event: Mapping[str, Any]) -> str:
        """The beginning of the line that an event is about: another may have come since."""
        text = self._final.get(event["UtteranceId"], "")
        words = text.split()
        return f'  [dim]"{escape(" ".join(words[:5]))}{" ..." if len(words) > 5 else ""}"[/]' if words else ""

    def _found(self, kind: str, what: str, about: str = "") -> None:
        self._console.print(f"{_INDENT}[dim]{kind:<10}[/]  {what}{about}", soft_wrap=True)

    def _line(self, at_ms: int, what: str) -> None:
        self._console.print(f"{at_ms / 1000:6.1f} s  {what}", soft_wrap=True)


def _marked(event: Mapping[str, Any]) -> str:
    """The text of an utterance, with the marks of what is withheld standing out."""
    text, marked, at = event["Content"], "", 0
    for mark in sorted(event["Redaction"]["CharacterOffsets"], key=lambda one: int(one["BeginOffsetChar"])):
        begin, end = mark["BeginOffsetChar"], mark["EndOffsetChar"]
        marked += f"{escape(text[at:begin])}[reverse]{escape(text[begin:end])}[/]"
        at = end
    return marked + escape(text[at:])
