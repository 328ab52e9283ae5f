"""What a peer's bot says to the questions of the bench, and what it takes; and the record of that, as the service's.

The questions are those of ``bench/floor/dialogs``, and words are understood as dialogs do. So what differs is when
turns begin and end, and what is recognised.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from bench.floor.cases import STORY
from bench.floor.running import DIALOGS
from voicebot.authoring.answers.answer import Answered
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.model import Prompt as Written
from voicebot.authoring.program import Program
from voicebot.authoring.steps.ask import AskStep
from voicebot.authoring.steps.say import SayStep

SORRY = "Sorry?"
OKAY = "Okay."


@cache
def _program(callee: str) -> Program:
    dialogs = load_dialogs(DIALOGS)
    dialog = dialogs.dialogs[callee].dialog
    return Program(callee, dialog, dialogs.main.dialog.locale, dialogs.main.dialog)


def _said(prompt: Written) -> str:
    return prompt.ssml or prompt.text


@dataclass(slots=True)
class Prompt:
    """What is said: ``text`` with what was taken in brackets, ``spoken`` without. It is heard from ``first`` to
    ``last`` on the loop's clock; ``heard_s`` of it, all of it if it is ``complete``."""

    text: str
    spoken: str
    first: float | None = None
    last: float | None = None
    heard_s: float = 0.0
    complete: bool = False


class Conversation:
    """One call to ``callee``, which names the question."""

    def __init__(self, callee: str, call_id: str) -> None:
        self._call_id = call_id
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._script = _program(callee).script
        steps = _program(callee).dialog.steps
        asked = [step for step in steps if isinstance(step, AskStep)]
        self._question = asked[-1]
        self._opening = asked[0]
        told = [step.say for step in steps if callee == STORY and isinstance(step, SayStep)]
        self._story = _said(told[0]) if told else ""
        self._told = False
        self._turns: list[tuple[str, float, str, Prompt]] = []

    def greeting(self) -> Prompt:
        return self._turn("start", "", "", _said(self._opening.ask))

    def answer(self, said: str) -> Prompt:
        """The caller's turn is over: ``said`` was understood."""
        if self._story and not self._told:
            return self._tell("speech", said)
        slot: dict[str, Any] = {}
        today = datetime.now(UTC).date()
        taken = self._question.wanted.read_words(said, slot, self._script.understanding, today)
        question = _said(self._question.ask)
        if isinstance(taken, Answered):
            shown, _ = self._script.words(self._question.ask).rendered({"answer": taken.value})
            return self._turn("speech", said, shown.partition("]")[0] + "]", f"{OKAY} {question}")
        return self._turn("speech", said, "[no-match]", f"{SORRY} {question}")

    def key(self) -> Prompt:
        return self._tell("key", "")

    def _tell(self, kind: str, said: str) -> Prompt:
        self._told = True
        return self._turn(kind, said, "", f"{self._story} {_said(self._question.ask)}")

    def _turn(self, kind: str, said: str, taken: str, spoken: str) -> Prompt:
        prompt = Prompt(f"{taken} {spoken}".strip(), spoken)
        self._turns.append((kind, self._loop.time(), said, prompt))
        return prompt

    def record(self) -> dict[str, Any]:
        turns = [
            {
                "kind": kind,
                "caller": {"text": said},
                "bot": {"asked_ms": self._ms(asked), "text": prompt.text, "utterances": [self._utterance(prompt)]},
            }
            for kind, asked, said, prompt in self._turns
        ]
        return {"call_id": self._call_id, "turns": turns}

    def _utterance(self, prompt: Prompt) -> dict[str, Any]:
        return {
            "text": prompt.spoken,
            "first_packet_ms": self._ms(prompt.first),
            "playback_end_ms": self._ms(prompt.last),
            "heard_s": prompt.heard_s,
            "complete": prompt.complete,
        }

    def _ms(self, at: float | None) -> float | None:
        return None if at is None else (at - self._began) * 1000
