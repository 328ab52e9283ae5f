"""Answers to closed questions and digits, by speaker: what is taken of them, also where they are quiet, loud, slow or
fast, in noise, over A-law, or have lost packets.

    python -m bench.speakers                       all that may be tuned to
    python -m bench.speakers --changes 10          each answer in all ways
    python -m bench.speakers --only nicolas --misses

Recordings and renderings are those of :mod:`bench.floor`; of each recorded string of digits, the single digits are
answers too. Each is decoded as one phrase by the offline recogniser, and what it tells is answered by the bench's
dialogs, as in a call; when a turn is over, and what was cut off, is left to :mod:`bench.floor`. What is said in open
questions comes as an answer to closed ones as well: nothing of that is to be taken.

Speakers to whom nothing was tuned are understood worse. A threshold is therefore worth what it gives for each speaker
where it was chosen by the others; the table has a row for each.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import soxr

from bench.floor.cases import Case, Condition, Part, Purpose, all_cases, chosen
from bench.floor.running import DIALOGS
from bench.floor.scoring import Outcome, Turn, Verdict, judged
from bench.floor.sounds import RATE, USUAL_DBFS, Samples, as_floats, as_int16, at_level
from bench.floor.sources import RECORDED_NOISE, SETS, Library, SourceMissing
from bench.floor.virtual import BenchCall
from bench.recordings import shared
from voicebot.audio import PCMA, PCMU, AudioFormat
from voicebot.authoring.compiler import compile_dialogs
from voicebot.authoring.loader import load_dialogs
from voicebot.localspeech import prepare_models
from voicebot.localspeech.engines import Transcript
from voicebot.localspeech.moonshine import Moonshine
from voicebot.localspeech.phrase_result import phrase_result
from voicebot.log import configure_logging
from voicebot.speech.recognition_results import alternatives
from voicebot.turns import Ask, AskKind

CLOSED: Final = ("yes/no", "menu", "digits")
NOT_FOR: Final = ("digits1", "digits4", "yesno")
"""The questions to which open speech comes as an answer."""
BEFORE_S, AFTER_S, SILENCE_S = 0.3, 0.1, 0.2
"""What the recogniser gets around a phrase: see :mod:`voicebot.localspeech.recognition`."""
LEAST_GAP_S, LEAST_DIGIT_S, BELOW_PEAK_DB = 0.04, 0.15, 38.0
"""Between the digits of a recorded string, and of each of them; what is quieter is a gap."""
FADES: Final = 0.7
"""What a concealed packet has of the one before."""
PACKET: Final = RATE // 50


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to a voice. ``white``: so is the noise, else that of a kitchen; ``lost``: the share of packets."""

    dbfs: float = USUAL_DBFS
    speed: float = 1.0
    snr_db: float | None = None
    white: bool = False
    law: AudioFormat = PCMU
    lost: float = 0.0


CHANGES: Final = {
    "as it is": Change(),
    "loud": Change(dbfs=-13),
    "quiet": Change(dbfs=-38),
    "faint": Change(dbfs=-46),
    "slow": Change(speed=0.9),
    "fast": Change(speed=1.1),
    "noise 15 dB": Change(snr_db=15),
    "noise 10 dB": Change(snr_db=10),
    "white noise 15 dB": Change(snr_db=15, white=True),
    "A-law": Change(dbfs=-30, law=PCMA),
    "5 % lost": Change(lost=0.05),
}


@dataclass(frozen=True, slots=True)
class Said:
    """``value``: what is to be taken; ``""``: nothing. ``samples``: from its first audible sample to its last."""

    name: str
    speaker: str
    question: str
    value: str
    samples: Samples

    def random(self, what: str) -> np.random.Generator:
        """The same for the same words."""
        return np.random.default_rng(zlib.crc32(f"{self.name} {self.question} {what}".encode()))


def everything(cases: Iterable[Case], library: Library) -> Iterator[Said]:
    """What is said in ``cases``, each recording or rendering once."""
    voices = {recording.name: recording.voice for kind in SETS for recording in shared(kind)}
    once = {case.source: case for case in cases if not case.pauses and case.condition is not Condition.QUIET}
    for source, case in once.items():
        try:
            sound = library.sound(source) if source is not None else None
        except SourceMissing:
            sound = None
        if source is None or sound is None:
            continue
        voice = sound.samples[round(sound.onset_s * RATE) : round(sound.offset_s * RATE)]
        speaker = voices.get(source.name, source.name.partition("_")[0])
        if case.family in CLOSED:
            yield Said(source.name, speaker, case.question, case.value, voice)
            recorded = source.name in voices and not source.name.endswith(RECORDED_NOISE)
            for place, digit in enumerate(single_digits(voice, len(case.value)) if recorded else ()):
                yield Said(f"{source.name} {place}", speaker, "digits1", case.value[place], digit)
        elif case.family == "open":
            yield Said(source.name, speaker, NOT_FOR[zlib.crc32(source.name.encode()) % len(NOT_FOR)], "", voice)


def single_digits(voice: Samples, count: int) -> list[Samples]:
    """The digits of a string, cut in its longest gaps; none where these are not clear, or where it has but one."""
    power = np.convolve(np.square(voice, dtype=np.float64), np.ones(PACKET // 2) / (PACKET // 2), "same")
    quiet = np.flatnonzero(power < power.max() * 10 ** (-BELOW_PEAK_DB / 10))
    gaps = np.split(quiet, np.flatnonzero(np.diff(quiet) > 1) + 1) if count > 1 and len(quiet) else []
    longest = sorted(sorted(gaps, key=len)[1 - count :], key=lambda gap: int(gap[0]))
    edges = [0, *(edge for gap in longest for edge in (int(gap[0]), int(gap[-1]))), len(voice)]
    found = [voice[first:last] for first, last in zip(edges[::2], edges[1::2], strict=True)]
    clear = min(map(len, longest), default=0) >= LEAST_GAP_S * RATE and min(map(len, found)) >= LEAST_DIGIT_S * RATE
    return found if clear and len(found) == count else []


def phrase(said: Said, change: Change, noise: Samples) -> Samples:
    """``said``, changed, as the recogniser gets it."""
    random = said.random(repr(change))
    voice = said.samples
    if change.speed != 1:
        voice = soxr.resample(voice, RATE, RATE / change.speed).astype(np.float32)
    heard = np.pad(at_level(voice, change.dbfs), (round(BEFORE_S * RATE), round(AFTER_S * RATE)))
    if change.snr_db is not None:
        part = np.resize(np.roll(noise, int(random.integers(len(noise)))), len(heard))
        rushing = random.normal(0, 1, len(heard)).astype(np.float32) if change.white else part
        heard = heard + at_level(rushing, change.dbfs - change.snr_db)
    heard = as_floats(change.law.decode(change.law.encode(as_int16(heard))))
    for at in range(PACKET, len(heard) - PACKET, PACKET):
        if random.random() < change.lost:
            heard[at : at + PACKET] = FADES * heard[at - PACKET : at]
    return np.pad(heard, (0, round(SILENCE_S * RATE))).astype(np.float32)


@dataclass(slots=True)
class Tried:
    said: Said
    change: str
    verdict: Verdict
    heard: str
    taken: str


class Listener:
    """The recogniser, and the dialogs of the bench."""

    def __init__(self) -> None:
        files = prepare_models()
        self.model = Moonshine(files.encoder, files.quick_encoder, files.memory, files.step, files.tokenizer)
        self.dialogs = compile_dialogs(load_dialogs(DIALOGS))
        self.cpu_s = 0.0

    async def hear(self, said: Said, change: str, noise: Samples) -> Tried:
        call = BenchCall(self.dialogs.root, said.question)
        try:
            phrases = (await call.question()).phrases
            samples = phrase(said, CHANGES[change], noise)
            began = time.process_time()
            transcript = self.model.transcribe(samples, RATE, phrases)
            self.cpu_s += time.process_time() - began
            turns = [Turn("speech", 0.0, transcript.text, await call.answer(_asked(transcript)))]
        finally:
            await call.close()
        case = Case(said.name, said.question, "", Purpose.ANSWER, None, value=said.value)
        outcome = judged(Outcome(case), turns, 0.0)
        assert outcome.verdict is not None
        return Tried(said, change, outcome.verdict, transcript.text, outcome.taken)


def _asked(transcript: Transcript) -> Ask:
    if not transcript.text:
        return Ask(1, AskKind.NO_MATCH, count=1)
    body: dict[str, Any] = phrase_result("", transcript, {}, "conversation", "")
    best, *others = alternatives(json.dumps(body))
    return Ask(1, AskKind.SPEECH, best.text, best.confidence, tuple(others))


def table(tried: Sequence[Tried]) -> Iterator[str]:
    """A line for each speaker, each change, and all."""
    answers = [one for one in tried if one.said.value]
    yield f"{'':24}{'n':>6}{'right':>10}{'asked':>8}{'no match':>10}{'wrong':>7}"
    speakers, changes = dict.fromkeys(o.said.speaker for o in answers), dict.fromkeys(o.change for o in answers)
    rows = [(each, [one for one in answers if one.said.speaker == each]) for each in speakers]
    rows += [(each, [one for one in answers if one.change == each]) for each in changes]
    digits = [one for one in answers if one.said.question.startswith("digits")]
    rows += [("one digit", [one for one in digits if len(one.said.value) == 1])]
    rows += [("several digits", [one for one in digits if len(one.said.value) > 1])]
    rows += [("yes/no, menu", [one for one in answers if one not in digits]), ("all answers", answers)]
    for name, some in rows:
        if some:
            counts = Counter(one.verdict for one in some)
            missed = counts[Verdict.NO_MATCH] + counts[Verdict.NOTHING]
            share = 100 * counts[Verdict.RIGHT] / len(some)
            yield f"{name:24}{len(some):6}{share:8.1f} %{counts[Verdict.ASKED]:8}{missed:10}{counts[Verdict.WRONG]:7}"
    none = [one for one in tried if not one.said.value]
    yield f"no answer: {sum(one.verdict is Verdict.WRONG for one in none)} of {len(none)} taken for one"


async def measure(part: Part, changes: int, only: str, misses: bool) -> int:
    library = Library()
    cases = [case for case in chosen(all_cases(), part) if case.purpose is Purpose.ANSWER]
    for line in await library.prepare(case.source for case in cases if case.source is not None):
        print(line)
    listener, noise, tried = Listener(), library.noise(), []
    try:
        for said in everything(cases, library):
            if not re.search(only, said.name):
                continue
            others = said.random("changes").permutation(list(CHANGES)[1:]) if said.value else ()
            for change in ("as it is", *map(str, others[:changes])):
                tried.append(await listener.hear(said, change, noise))
    finally:
        await listener.dialogs.close()
    print("\n".join(table(tried)))
    print(f"processor: {1000 * listener.cpu_s / max(1, len(tried)):.0f} ms a decode")
    for one in tried if misses else ():
        if one.verdict is not (Verdict.RIGHT if one.said.value else Verdict.NO_MATCH):
            what = f"{one.said.question} {one.said.name}, {one.change}"
            print(f"{what}: {one.verdict}; heard {one.heard!r}, took {one.taken!r}")
    return 0 if tried else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("all", "tuning", "held-out"), default="tuning")
    parser.add_argument("--changes", type=int, default=3, help="in how many ways each answer is changed (default: 3)")
    parser.add_argument("--only", default="", help="a regular expression for the names of recordings")
    parser.add_argument("--misses", action="store_true", help="list what was not taken right")
    options = parser.parse_args()
    configure_logging("WARNING")
    return asyncio.run(measure(options.part, options.changes, options.only, options.misses))


if __name__ == "__main__":
    raise SystemExit(main())
