"""The answers of the bench in virtual time: what is decided when, whatever else the machine does.

    python -m bench.floor --virtual                        as on an idle machine, in some minutes; again, in less
    python -m bench.floor --virtual --slow 2.5             as if decodes took 2.5 times as long
    python -m bench.floor --virtual --worst 20             and where the time of the latest answers goes

No call is placed, and what an answer costs is not measured: see :mod:`bench.floor.virtual_call`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from bench.floor.cases import NOISE_DB, Case, Condition, has_noise
from bench.floor.running import DIALOGS
from bench.floor.scoring import Moments, Outcome, SideResult, Turn, judged
from bench.floor.sounds import USUAL_DBFS
from bench.floor.sources import CACHE, Library, background
from bench.floor.virtual_call import LANGUAGE, Costs, Question, VirtualCall
from bench.floor.virtual_recogniser import VirtualRecogniser
from voicebot.audio.smart_turn import SmartTurn
from voicebot.authoring.compiler import compile_dialogs
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.textcall import TextCall
from voicebot.bots.interpretation import Interpreter
from voicebot.calls.asking import asked_activity
from voicebot.localspeech import prepare_models
from voicebot.localspeech.moonshine import Moonshine
from voicebot.turns import Ask, TurnPolicy

_KEEP_EVERY: Final = 20
"""Answers after which what was decoded is written down."""


class BenchCall(TextCall):
    """A call in text to one question of the bench."""

    def __init__(self, root: Any, question: str) -> None:
        super().__init__(root, locale=LANGUAGE)
        self._facts["callee"] = question

    async def question(self) -> Question:
        await self.dial()
        interpreter = Interpreter(files=True)
        return Question([event for sent in self._sent for event in interpreter.events(sent, 1, 0.0)])

    async def answer(self, ask: Ask) -> str:
        return " ".join(said.text for said in await self._turn(**asked_activity(ask, LANGUAGE)))


KEPT: Final = CACHE.parent / "virtual"
USUAL: Final = TurnPolicy()
_SECTION: Final = "VOICEBOT_TURNS__"


async def answers(
    cases: Sequence[Case], library: Library, slow: float = 1.0, kept: Path = KEPT, policy: TurnPolicy = USUAL
) -> SideResult:
    """The outcomes of ``cases``, which are answers. ``slow``: see :class:`Costs`; ``kept``: the folder for what the
    model has made of audio."""
    files = prepare_models()
    model = Moonshine(files.encoder, files.quick_encoder, files.memory, files.step, files.tokenizer)
    recogniser = VirtualRecogniser(model, kept, slow)
    scorer, costs = SmartTurn(), Costs(slow)
    noise = background(library.noise(), USUAL_DBFS + NOISE_DB)
    dialogs = compile_dialogs(load_dialogs(DIALOGS))
    result = SideResult("virtual")
    try:
        for number, case in enumerate(cases, 1):
            assert case.source is not None
            call = BenchCall(dialogs.root, case.question)
            try:
                noisy = case.condition is Condition.NOISE and not has_noise(case)
                heard = VirtualCall(await call.question(), recogniser, scorer, costs, policy, noise if noisy else None)
                _, offset = heard.hear(library.sound(case.source).scaled(case.db))
                result.outcomes.append(await _outcome(case, heard, offset, call, costs))
            finally:
                await call.close()
            if number % _KEEP_EVERY == 0:
                recogniser.keep()
    finally:
        recogniser.keep()
        await dialogs.close()
    return result


def policy_of(settings: dict[str, str]) -> TurnPolicy:
    """The policy by ``settings`` (``VOICEBOT_TURNS__*``, whole numbers)."""
    told: dict[str, Any] = {name.removeprefix(_SECTION).lower(): int(value) for name, value in settings.items()}
    return replace(USUAL, **told)


async def _outcome(case: Case, heard: VirtualCall, offset: float, call: BenchCall, costs: Costs) -> Outcome:
    asked = heard.asked
    outcome = Outcome(case)
    if asked is None:
        return judged(outcome, [], offset)
    ask = asked.ask
    ended = "" if ask.ended is None else str(ask.ended)
    judged(outcome, [Turn(str(ask.kind), asked.at, ask.text, await call.answer(ask), ended=ended)], offset)
    outcome.texts, outcome.ended, outcome.reached = [ask.text], ended, True
    outcome.moments = Moments(asked.noticed, asked.dated, asked.result, asked.at, asked.at + costs.reply).since(offset)
    if not outcome.cut_off:
        outcome.gap_ms = (asked.at + costs.reply - offset) * 1000
    return outcome
