"""pipecat-ai answers the calls of the bench: its voice activity detection, turns and interruptions as they come, our
offline recogniser and voice, our SIP and RTP. It runs in an environment of its own: :mod:`bench.peers.__main__`.

    python -m bench.peers.pipecat_bot FOLDER     prints a JSON line when it is ready; records go to FOLDER
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import numpy as np
from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    OutputAudioRawFrame,
    StartFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.settings import STTSettings, TTSSettings
from pipecat.services.stt_service import SegmentedSTTService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.user_turn_processor import UserTurnProcessor
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner

from bench.peers.conversation import Conversation, Prompt
from voicebot.audio import PCMU
from voicebot.events import Event
from voicebot.legs import Leg, LegClosed
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_media import MediaOptions
from voicebot.localspeech.engines import Decode, DecodeKind
from voicebot.localspeech.offline import MoonshineRecognition, load
from voicebot.localspeech.pool import InferencePool
from voicebot.localspeech.prepare import prepare_models
from voicebot.localspeech.ssml import SsmlText
from voicebot.localspeech.synthesis import PiperSynthesis
from voicebot.parent import end_with_parent
from voicebot.rtp import Clip, MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint

HOST = "127.0.0.1"
PORTS = (34_000, 37_998)
RATE = 8_000
AHEAD_S = 0.06
"""How much audio is given to the line before it leaves, as to a sound card."""
DECODED_S = 0.45
"""What most transcripts take, which pipecat wants to be told: it waits for them so long."""
LONGEST_CALL_S = 600.0
MOST_CALLS = 50


class Recogniser(SegmentedSTTService):
    def __init__(self, engine: MoonshineRecognition, dialog: Dialog) -> None:
        settings = STTSettings(model=None, language=None)
        super().__init__(sample_rate=RATE, settings=settings, ttfs_p99_latency=DECODED_S)
        self._engine, self._dialog = engine.session(RATE, "", ""), dialog

    @property
    def wants_wav_segments(self) -> bool:
        return False

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        samples = np.frombuffer(audio, np.int16).astype(np.float32) / np.float32(32768)
        decode = Decode(0, DecodeKind.FINAL, samples, RATE, 0, len(samples) / RATE)
        transcript = await self._engine.transcribe(decode)
        if transcript is not None and transcript.text:
            self._dialog.words.append(transcript.text)  # the frame may be overtaken by that of the end of the turn
            yield TranscriptionFrame(transcript.text, "", time_now_iso8601(), finalized=True)


class Voice(TTSService):
    def __init__(self, engine: PiperSynthesis, dialog: Dialog) -> None:
        settings = TTSSettings(model=None, voice=None, language=None)
        super().__init__(sample_rate=RATE, push_start_frame=True, push_stop_frames=True, settings=settings)
        self._engine, self._dialog = engine, dialog

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        async for samples in self._engine.stream([SsmlText(text)], RATE):
            audio = (np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes()
            self._dialog.made_s += len(samples) / RATE
            yield TTSAudioRawFrame(audio, RATE, 1, context_id=context_id)
        self._dialog.made = True


class Dialog(FrameProcessor):
    """In the place of a language model."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self._conversation = conversation
        self.words: list[str] = []
        """Of the caller's turn."""
        self._prompt: Prompt | None = None
        self.made_s, self.made = 0.0, False
        """How much of the prompt's audio is there, and whether that is all."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)
        if isinstance(frame, StartFrame):
            await self._say(self._conversation.greeting())
        elif isinstance(frame, UserStoppedSpeakingFrame) and self.words:
            said, self.words = " ".join(self.words), []
            await self._say(self._conversation.answer(said))

    async def key(self) -> None:
        await self.broadcast_interruption()
        await self._say(self._conversation.key())

    async def _say(self, prompt: Prompt) -> None:
        self._prompt, self.made_s, self.made = prompt, 0.0, False
        await self.push_frame(TTSSpeakFrame(prompt.spoken))

    def played(self, seconds: float, at: float) -> None:
        """So much of the prompt's audio is leaving."""
        prompt = self._prompt
        if prompt is None:
            return
        prompt.first = at if prompt.first is None else prompt.first
        prompt.last = at + seconds
        prompt.heard_s += seconds
        prompt.complete = self.made and prompt.heard_s >= self.made_s - seconds


class Line(BaseInputTransport):
    """The caller's audio. It is also the leg's sink."""

    def __init__(self, params: TransportParams) -> None:
        super().__init__(params)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._open = False
        self.dialog: Dialog | None = None
        self.over = asyncio.Event()

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._open = True

    def frame(self, payload: bytes, at: float) -> None:
        if self._open:
            self._do(self.push_audio_frame(InputAudioRawFrame(PCMU.decode(payload).tobytes(), RATE, 1)))

    def key(self, key: str, at: float) -> None:
        if self.dialog is not None:
            self._do(self.dialog.key())

    def sent(self, payload: bytes, at: float) -> None:
        pass

    def fact(self, event: Event) -> None:
        pass

    def ended(self, reason: str, at: float) -> None:
        self._open = False
        self.over.set()

    def _do(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Speaker(BaseOutputTransport):
    """The bot's audio."""

    def __init__(self, params: TransportParams, leg: Leg, dialog: Dialog) -> None:
        super().__init__(params)
        self._dialog = dialog
        self._clip = Clip(1, PCMU, limit_s=LONGEST_CALL_S)
        leg.playout.append(self._clip)

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        payload = PCMU.encode(np.frombuffer(frame.audio, np.int16))
        self._clip.feed(payload)
        self._dialog.played(len(payload) / PCMU.byte_rate, asyncio.get_running_loop().time())
        ahead_s = len(self._clip) / PCMU.byte_rate - self._clip.heard_s
        await asyncio.sleep(max(0.0, ahead_s - AHEAD_S))
        return True


class Bot:
    """Answers calls."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._recognition, self._synthesis = load(prepare_models(), InferencePool())
        self._calls: set[asyncio.Task[None]] = set()

    def take(self, leg: Leg) -> None:
        task = asyncio.ensure_future(self._call(leg))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _call(self, leg: Leg) -> None:
        conversation = Conversation(leg.info.callee, leg.info.call_id)
        params = TransportParams(
            audio_in_enabled=True, audio_out_enabled=True, audio_out_10ms_chunks=2, audio_out_auto_silence=False
        )
        line, dialog = Line(params), Dialog(conversation)
        line.dialog = dialog
        leg.connect(line)
        # They load models: on the loop, all other calls would wait.
        vad, strategies = await asyncio.to_thread(lambda: (SileroVADAnalyzer(), UserTurnStrategies()))
        processors = [
            line,
            VADProcessor(vad_analyzer=vad),
            Recogniser(self._recognition, dialog),
            UserTurnProcessor(user_turn_strategies=strategies),
            dialog,
            Voice(self._synthesis, dialog),
            Speaker(params, leg, dialog),
        ]
        rates = PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE)
        worker = PipelineWorker(Pipeline(processors), params=rates, enable_rtvi=False)
        runner = WorkerRunner(handle_sigint=False)
        try:
            await leg.answer()
            await runner.add_workers(worker)
            running = asyncio.ensure_future(runner.run())
            await line.over.wait()
            await runner.cancel()
            await running
        except LegClosed:
            pass
        finally:
            await asyncio.to_thread(self._write, conversation.record())

    def _write(self, record: dict[str, Any]) -> None:
        file = self._folder / f"{record['call_id']}.part"
        file.write_text(json.dumps(record))
        file.rename(file.with_suffix(".json"))  # it appears whole


async def main(folder: Path) -> None:
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    bot = await asyncio.to_thread(Bot, folder)
    clock = MediaClock()
    media = MediaOptions(clock, PortRange(*PORTS, HOST))
    front = SipFrontEnd(SipEndpoint(ListenAt("UDP", HOST, 0)), bot.take, media, limit=MOST_CALLS)
    await front.start()
    clock.start()
    print(json.dumps({"ready": True, "sip": f"sip:bot@{HOST}:{front.endpoint.port}", "speech": None}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    end_with_parent()
    asyncio.run(main(Path(sys.argv[1])))
