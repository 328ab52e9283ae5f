"""The scripted service: the same protocol, with engines that follow the script of a test or bench, and with faults.

It hears where somebody speaks (by level) but makes the next text of a list of it, after the time that the script
sets; it "speaks" a tone as long as the words would take. With it the service is slow, silent, throttled or dead at
will.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from voicebot.audio import Samples
from voicebot.localspeech.engines import Decode, DecodeKind, Detector, Transcript
from voicebot.localspeech.ssml import SsmlPause, SsmlSpan

_MAX_MS = 600_000


class InvalidScript(ValueError):
    """The script cannot be used; the message says which entry is wrong."""


@dataclass(frozen=True, slots=True)
class Script:
    """What the double does. Times in milliseconds unless the name says otherwise.

    Recognition: ``texts`` in order, one a phrase (``cycle``: from the start again, else nothing is understood after
    the last). The order is that of one recogniser, kept when it reconnects. ``hypothesis_after_ms`` of speech brings
    the text as a hypothesis (None: none); ``final_delay_ms`` after the last voice brings it as final, but not before
    ``segmentation_ms`` of silence (None: what the client asked for). ``confidence`` goes with it. A client that knows
    that the speaker has finished can end a phrase sooner, and what is said then has the next text; with ``commits``
    false, the service does not listen to that, as services may.

    Synthesis: a tone, ``ms_per_word`` each, the first chunk after ``first_chunk_delay_ms``; then in real time if
    ``real_time``.

    Faults: ``refuse_status`` answers connections with that HTTP status (the first ``refuse_first_n``; 0: all).
    ``mute`` accepts and never says anything. ``drop_after_s`` cuts connections after so many seconds (the first
    ``drop_first_n``; 0: all). ``stall_synthesis`` begins to answer and then sends no audio. ``malformed_frames``: so
    many messages are answered by a frame whose header is one byte shorter than it says; a recogniser of the SDK 1.53
    does not survive that, nor does its process.
    ``faults_on``: ``both``, ``recognition`` or ``synthesis``.
    """

    texts: tuple[str, ...] = ()
    cycle: bool = False
    confidence: float = 0.9
    hypothesis_after_ms: float | None = 300
    final_delay_ms: float = 0
    segmentation_ms: float | None = None
    commits: bool = True
    ms_per_word: float = 300
    first_chunk_delay_ms: float = 0
    real_time: bool = False
    refuse_status: int = 0
    refuse_first_n: int = 0
    mute: bool = False
    drop_after_s: float = 0
    drop_first_n: int = 1
    stall_synthesis: bool = False
    malformed_frames: int = 0
    faults_on: str = "both"

    @classmethod
    def from_json(cls, data: Any) -> Script:
        """Build a script from parsed JSON, checked.

        Raises:
            InvalidScript: not an object, an unknown key, or a value out of range.
        """
        if not isinstance(data, dict):
            raise InvalidScript("a script is a JSON object")
        unknown = set(data) - {entry.name for entry in fields(cls)}
        if unknown:
            raise InvalidScript(f"unknown in a script: {', '.join(sorted(unknown))}")
        for name, value in data.items():
            if name == "texts":
                if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
                    raise InvalidScript("texts: want a list of strings")
            elif name == "faults_on":
                if value not in ("both", "recognition", "synthesis"):
                    raise InvalidScript("faults_on: want both, recognition or synthesis")
            elif name in ("cycle", "commits", "mute", "stall_synthesis", "real_time"):
                if not isinstance(value, bool):
                    raise InvalidScript(f"{name}: want true or false")
            elif value is None and name in ("hypothesis_after_ms", "segmentation_ms"):
                continue
            elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MAX_MS:
                raise InvalidScript(f"{name}: want a number from 0 to {_MAX_MS}")
        status = data.get("refuse_status", 0)
        if status and not 400 <= status <= 599:
            raise InvalidScript("refuse_status: want an HTTP status from 400 to 599")
        return cls(**{**data, "texts": tuple(data.get("texts", ()))})

    def text(self, number: int) -> str:
        """The text of phrase ``number``, from 0; ``""`` when there is none."""
        if not self.texts or (number >= len(self.texts) and not self.cycle):
            return ""
        return self.texts[number % len(self.texts)]


@dataclass(slots=True)
class Faults:
    """Counts how often each fault of a script has happened."""

    refused: int = 0
    dropped: int = 0
    malformed: int = 0

    def refuses(self, script: Script, service: str) -> int:
        """The HTTP status with which this connection is refused, or 0."""
        if not script.refuse_status or script.faults_on not in ("both", service):
            return 0
        if script.refuse_first_n and self.refused >= script.refuse_first_n:
            return 0
        self.refused += 1
        return int(script.refuse_status)

    def drops_after_s(self, script: Script, service: str) -> float:
        """The seconds after which this connection is cut, or 0."""
        if not script.drop_after_s or script.faults_on not in ("both", service):
            return 0.0
        if script.drop_first_n and self.dropped >= script.drop_first_n:
            return 0.0
        self.dropped += 1
        return script.drop_after_s

    def malforms(self, script: Script, service: str) -> bool:
        """Whether this message is answered by a malformed frame."""
        if self.malformed >= script.malformed_frames or script.faults_on not in ("both", service):
            return False
        self.malformed += 1
        return True


class LevelDetector:
    """Speech is what is louder than -40 dBFS."""

    def __call__(self, frame: Samples) -> float:
        return 1.0 if float(np.sqrt(np.mean(frame**2))) > 0.01 else 0.0

    def reset(self) -> None:
        """Nothing to do: this has no state."""


class ScriptedRecognition:
    """A recognition engine that reads from ``script``, which may be replaced while it runs."""

    quiet_s = 0.1
    hypothesis_s = 0.24
    suspects = False
    final_wait_s = 0.0

    def __init__(self, script: Script) -> None:
        self.script = script
        self._said: OrderedDict[str, int] = OrderedDict()

    @property
    def segmentation_s(self) -> float | None:
        ms = self.script.segmentation_ms
        return None if ms is None else ms / 1000

    @property
    def commits(self) -> bool:
        return self.script.commits

    def session(self, rate: int, service_tag: str, previous_tag: str) -> ScriptedSession:
        return ScriptedSession(self, service_tag, self._said.get(previous_tag, 0))

    def said(self, service_tag: str, number: int) -> None:
        """Remember the position of a recogniser in the list of texts, for its reconnection."""
        self._said[service_tag] = number
        while len(self._said) > 1000:
            self._said.popitem(last=False)


class ScriptedSession:
    """One turn. ``base`` texts were said before a reconnect."""

    def __init__(self, engine: ScriptedRecognition, service_tag: str, base: int) -> None:
        self._engine = engine
        self._tag = service_tag
        self._base = base
        self._detector = LevelDetector()
        engine.said(service_tag, base)

    @property
    def detector(self) -> Detector:
        return self._detector

    async def transcribe(self, decode: Decode) -> Transcript | None:
        script = self._engine.script
        text = script.text(self._base + decode.phrase)
        if decode.kind is DecodeKind.HYPOTHESIS:
            after_ms = script.hypothesis_after_ms
            if after_ms is None or decode.voiced_s * 1000 < after_ms:
                return None
            return Transcript(text, script.confidence)
        await asyncio.sleep(max(0.0, script.final_delay_ms / 1000 - self._engine.quiet_s))
        return Transcript(text, script.confidence)

    def spoken(self, phrases: int) -> None:
        self._engine.said(self._tag, self._base + phrases)


class ScriptedSynthesis:
    """A synthesis engine that gives a 440 Hz tone for each word."""

    def __init__(self, script: Script) -> None:
        self.script = script

    async def stream(self, spans: list[SsmlSpan], rate: int) -> AsyncGenerator[Samples, None]:
        script = self.script
        if script.first_chunk_delay_ms:
            await asyncio.sleep(script.first_chunk_delay_ms / 1000)
        for span in spans:
            if isinstance(span, SsmlPause):
                yield np.zeros(round(span.seconds * rate), np.float32)
                continue
            for _ in span.text.split():
                count = round(script.ms_per_word / 1000 / span.rate * rate)
                tone = np.sin(np.arange(count) * (2 * np.pi * 440 / rate)) * 0.14
                yield tone.astype(np.float32)
                await asyncio.sleep(script.ms_per_word / 1000 if script.real_time else 0)
