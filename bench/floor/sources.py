"""Where sayings come from: recordings, and the offline voice, whose renderings are kept in ``var/bench``.

A source is a plain value that names what is said; :class:`Library` makes a sound of it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bench.floor.sounds import (
    RATE,
    USUAL_DBFS,
    Samples,
    Sound,
    as_floats,
    as_int16,
    at_level,
    audible_span,
    in_silence,
    joined,
    kitchen,
    looped,
    made,
    sound,
    trimmed,
)
from bench.recordings import NO_RECORDINGS, SHARED, SharedRecording, asterisk, has_asterisk, shared, write_wav
from bench.service import speaking
from voicebot.audio import PCMU
from voicebot.caller.wav import read_wav
from voicebot.speech import Speech, SpeechEndpoint, SynthesizerPool
from voicebot.speechsdk.in_process import InProcessSdk

CACHE: Final = Path(__file__).resolve().parents[2] / "var" / "bench" / "floor"
VOICE: Final = "en-US-JoeNeural"
RENDER_DEADLINE_S: Final = 30.0
NO_SHARED: Final = f"no recordings in {SHARED.parent.name}/{SHARED.name} beside the repository"
RECORDED_NOISE: Final = "_kitchen15"
"""What follows the name of a recording in that of the same with the noise of a kitchen."""
SETS: Final = ("human_digits", "human_misc", "human_cmd")


class SourceMissing(LookupError):
    """A recording is not on this machine; the text says which, and how to get it."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One of the shared recordings, as it is."""

    name: str


@dataclass(frozen=True, slots=True)
class ReadOut:
    """Groups of digits in the recorded voice of Asterisk's prompts, with ``pause_s`` between the groups."""

    groups: tuple[str, ...]
    pause_s: float

    @property
    def name(self) -> str:
        return f"allison_{'-'.join(self.groups)}_{round(self.pause_s * 1000)}"


@dataclass(frozen=True, slots=True)
class Prompt:
    """One of Asterisk's prompts, or the first ``seconds`` of it."""

    file: str
    seconds: float = 60.0

    @property
    def name(self) -> str:
        return f"allison_{self.file.replace('/', '_')}"


@dataclass(frozen=True, slots=True)
class Rendered:
    """Texts in the offline voice, with ``pause_s`` between them."""

    texts: tuple[str, ...]
    pause_s: float = 0.0

    @property
    def name(self) -> str:
        said = "_".join(" ".join(self.texts).lower().replace(",", "").rstrip(".?!").split())
        return f"joe_{said}" + (f"_{round(self.pause_s * 1000)}" if self.pause_s else "")


@dataclass(frozen=True, slots=True)
class Made:
    """A sound made by formula, or the noise of a kitchen."""

    name: str


Source = Recorded | ReadOut | Prompt | Rendered | Made


class Library:
    """Makes sounds of sources, each once, as loud as a caller speaks."""

    def __init__(self, cache: Path = CACHE) -> None:
        self._cache = cache
        self._sounds: dict[Source, Sound] = {}
        self._recordings: dict[str, SharedRecording] = {r.name: r for kind in SETS for r in shared(kind)}

    async def prepare(self, sources: Iterable[Source]) -> list[str]:
        """Make what ``sources`` need. Returns what is missing on this machine, a line for each reason."""
        sources = list(sources)
        texts = {text for source in sources if isinstance(source, Rendered) for text in source.texts}
        await self._render(sorted(text for text in texts if not self._file(text).is_file()))
        missing: dict[str, int] = {}
        for source in sources:
            try:
                await asyncio.to_thread(self.sound, source)
            except SourceMissing as error:
                missing[str(error)] = missing.get(str(error), 0) + 1
        return [f"{reason} ({count} sayings are left out)" for reason, count in missing.items()]

    def sound(self, source: Source) -> Sound:
        """The sound of ``source``, after :meth:`prepare`. Raises :class:`SourceMissing`."""
        if source not in self._sounds:
            self._sounds[source] = self._make(source)
        return self._sounds[source]

    def noise(self) -> Samples:
        """The noise of a kitchen, to be played round and round: from the shared recordings, or made."""
        pieces = []
        for recording in self._recordings.values():
            if recording.condition != "clean":
                samples = _read(recording.path)
                lead = samples[round(0.05 * RATE) : round((recording.onset_s - 0.1) * RATE)]
                tail = samples[round((recording.offset_s + 0.3) * RATE) : -round(0.05 * RATE)]
                pieces += [at_level(piece, USUAL_DBFS) for piece in (lead, tail) if len(piece) > RATE // 4]
        return looped(pieces or [at_level(kitchen(), USUAL_DBFS)])

    def _make(self, source: Source) -> Sound:
        match source:
            case Recorded(name):
                recording = self._recordings.get(name)
                if recording is None:
                    raise SourceMissing(NO_SHARED)
                clean = self._recordings.get(name.removesuffix(RECORDED_NOISE), recording)
                onset_s, offset_s = audible_span(_read(clean.path), clean.onset_s, clean.offset_s)
                return Sound(name, _read(recording.path), onset_s, offset_s)
            case ReadOut(groups, pause_s):
                digits = [joined([_prompt(f"digits/{digit}") for digit in group], 0.08) for group in groups]
                return self._voice(source.name, joined(digits, pause_s))
            case Prompt(file, seconds):
                return self._voice(source.name, _prompt(file)[: round(seconds * RATE)])
            case Rendered(texts, pause_s):
                return self._voice(source.name, joined([trimmed(_read(self._file(t))) for t in texts], pause_s))
            case Made("kitchen"):
                return sound("kitchen", self.noise()[: 4 * RATE])
            case Made(name):
                return made(name)

    def _voice(self, name: str, samples: Samples) -> Sound:
        return sound(name, in_silence(at_level(samples, USUAL_DBFS)))

    def _file(self, text: str) -> Path:
        return self._cache / f"{hashlib.sha256(f'{VOICE} {text}'.encode()).hexdigest()[:24]}.wav"

    async def _render(self, texts: list[str]) -> None:
        """Render and keep ``texts``, by an offline speech service of our own."""
        if not texts:
            return
        self._cache.mkdir(parents=True, exist_ok=True)
        async with speaking() as url:
            pool = SynthesizerPool(InProcessSdk(), SpeechEndpoint(host=url), size=1)
            await pool.start()
            try:
                for text in texts:
                    async with asyncio.timeout(RENDER_DEADLINE_S):
                        async with aclosing(pool.stream(Speech(text, VOICE, "en-US", PCMU))) as pieces:
                            audio = b"".join([piece async for piece in pieces])
                    await asyncio.to_thread(write_wav, self._file(text), PCMU.decode(audio))
            finally:
                await pool.close()


def _read(path: Path) -> Samples:
    return as_floats(PCMU.decode(read_wav(path, PCMU)))


def _prompt(file: str) -> Samples:
    if not has_asterisk():
        raise SourceMissing(NO_RECORDINGS)
    return as_floats(asterisk(file))


def background(noise: Samples, dbfs: float) -> Samples:
    """``noise`` at a level, as whole samples are sent."""
    return as_floats(as_int16(at_level(noise, dbfs))).astype(np.float32)
