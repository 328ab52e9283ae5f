"""Prints a call of the built-in caller: a live transcript, and the measured figures afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from voicebot.caller import TranscriptLine

FIGURES = {
    "answer_ms": "INVITE to 200 OK",
    "greeting_ms": "200 OK to first audio",
    "gap_ms": "response gap (speech)",
    "key_gap_ms": "response gap (keys)",
    "barge_in_ms": "barge-in",
    "key_to_silence_ms": "key to silence",
    "deviation_ms": "packets' deviation from 20 ms",
}
COUNTS = {
    "cut_ins": "answers that began while the caller was speaking",
    "missed_barge_ins": "interruptions that did not stop the prompt",
    "false_barge_ins": "prompts that did not go on after what was no interruption",
}


def line_printer(console: Console) -> Callable[[TranscriptLine], None]:
    """A function that prints a line of the transcript to ``console``, with its time and the silence before it."""

    def show(line: TranscriptLine) -> None:
        who = "[cyan]caller[/]" if line.who == "caller" else "[magenta]bot   [/]"
        gap = f"  [dim]({line.latency_ms:.0f} ms)[/]" if line.latency_ms is not None else ""
        console.print(f"{line.at:6.1f} s  {who}  {line.text}{gap}", soft_wrap=True)

    return show


def print_figures(console: Console, figures: dict[str, Any]) -> None:
    """Print the measured figures as a table, without those that were not measured."""
    table = Table("on the wire, ms", "p50", "p95", "p99", "max", "n", box=None, pad_edge=False)
    for name, title in FIGURES.items():
        spread = figures[name]
        if spread["count"]:
            values = [f"{spread[k]:.1f}" if spread[k] is not None else "" for k in ("p50", "p95", "p99", "max")]
            table.add_row(title, *values, str(spread["count"]))
    if table.row_count:
        console.print(table)
    for name, title in COUNTS.items():
        if figures[name]:
            console.print(f"{title}: {figures[name]}")
