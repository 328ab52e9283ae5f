"""A call from its dialling to its report: the script is followed, and what the bot says is transcribed.

How the call is made, by SIP or otherwise, is up to who gives the leg.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from voicebot.audio import AudioFormat
from voicebot.caller.conversation import ScriptedCall, StepFailed
from voicebot.caller.ear import Ear
from voicebot.caller.options import CallOptions
from voicebot.caller.report import CallAudio, CallReport, TranscriptLine
from voicebot.caller.script import CallScript
from voicebot.caller.voice import CallNotTried
from voicebot.legs import Leg, LegClosed
from voicebot.speech import Recognizer, SpeechUnavailable
from voicebot.speechsdk.in_process import InProcessSdk

HANG_UP_DEADLINE_S: Final = 5.0
SETTLE_S: Final = 0.5
"""The wait after the script for the transcript of the last words."""

Dial = Callable[[ScriptedCall], Awaitable[Leg]]
"""Makes the call, with this sink, and returns its leg once it is answered. Raises :class:`LegClosed`, which says why it
was not, and :class:`CallNotTried`."""


async def follow(
    to: str,
    script: CallScript,
    audio: dict[int, bytes],
    dial: Dial,
    options: CallOptions,
    *,
    form: AudioFormat,
    codec: str,
    on_line: Callable[[TranscriptLine], None] | None = None,
) -> CallReport:
    """``audio``: what ``script`` says, by the line of the step, in the format ``form`` of the leg. ``codec``: for the
    report. A call that is refused or fails gives a report, too. Raises :class:`CallNotTried`."""
    report = CallReport(to, "refused", "", datetime.now(UTC), codec=codec)
    if options.keep_audio:
        report.audio = CallAudio(form)
    scripted = ScriptedCall(
        script,
        audio,
        Ear(form, quiet_s=script.quiet_s),
        tracks=report.audio,
        on_line=on_line,
    )
    recognizer: Recognizer | None = None
    if options.speech is not None and options.transcribe:
        recognizer = Recognizer(
            InProcessSdk(),
            options.speech,
            audio=form,
            language=script.language,
            on_event=scripted.recognised,
        )
        scripted.hearing = recognizer.write
    try:
        if recognizer is not None:
            await recognizer.start()
        await _hold(scripted, dial, report, options)
    except SpeechUnavailable as error:
        raise CallNotTried(f"the caller's speech service does not recognise: {error}") from error
    finally:
        if recognizer is not None:
            await recognizer.stop()
    report.lines = scripted.lines
    report.keys_heard = scripted.keys_heard
    report.transfer_target = scripted.transfer_target
    if report.outcome != "refused":
        report.turns = scripted.measure(report.figures)
    return report


async def _hold(scripted: ScriptedCall, dial: Dial, report: CallReport, options: CallOptions) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        leg = await dial(scripted)
    except LegClosed as closed:
        report.reason = str(closed)
        return
    answered = loop.time()
    report.figures.answer_ms = (answered - began) * 1000
    report.call_id = leg.info.call_id
    try:
        await _follow(scripted, leg, answered, report, options)
    finally:
        report.quality = leg.quality()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(leg.hang_up(), HANG_UP_DEADLINE_S)
        ended = scripted.ended_at if scripted.ended_at is not None else loop.time()
        report.duration_s = ended - answered
        # a leg calls the other side "caller", which is the bot here
        report.ended_by = {"caller": "bot", "bot": "caller"}.get(scripted.ended_reason, scripted.ended_reason)


async def _follow(scripted: ScriptedCall, leg: Leg, answered: float, report: CallReport, options: CallOptions) -> None:
    report.outcome = "failed"
    try:
        async with asyncio.timeout(options.max_call_s):
            await scripted.run(leg, answered)
    except StepFailed as failure:
        report.reason = str(failure)
        return
    except TimeoutError:
        report.reason = f"the call took longer than {options.max_call_s:g} s"
        return
    report.outcome, report.reason = "completed", "the script reached its end"
    if options.transcribe:
        await asyncio.sleep(SETTLE_S)
