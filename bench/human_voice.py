"""Recordings of human voices, through G.711, in real calls to the running service: what the bot makes of them.

    python -m bench.human_voice

Each caller presses 1 for billing and then says a six digit number. It depends on the machine whether a recogniser is in
time, so this is no test; what the recogniser makes of the same recordings, however long it takes, is tested in
`tests/localspeech`.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np

from bench.recordings import NO_RECORDINGS, RATE, SHARED, has_asterisk, read_out, shared, write_wav
from bench.service import serving
from voicebot.address import Address
from voicebot.audio.codecs import CODECS
from voicebot.caller import CallOptions, Phone, parse_script

AT_ONCE = 3
READ_OUT: list[tuple[str, dict[str, Any]]] = [
    ("830166", {}),
    ("598213", {}),
    ("123456", {"group": 3, "group_gap_s": 0.5}),
]
RECORD_S = 10.0


@dataclass(frozen=True, slots=True)
class VoiceTrial:
    """What was recognised of a caller: the words of the turns, the digits of the number; and what the bot answered."""

    text: str
    digits: str
    answer: str


async def call(uri: str, records: Path, phone: Phone, audio: Path) -> VoiceTrial:
    """One call that says ``audio`` when it is asked for the account number."""
    script = parse_script(
        f'deadline_s: 20\nsteps:\n  - listen:\n  - keys: "1"\n  - wav: {audio.name}\n',
        source=audio.name,
        folder=audio.parent,
    )
    report = await phone.call(Address.parse(uri), script)
    if not report.ok:
        return VoiceTrial("", "", f"{report.outcome}: {report.reason}")
    return understood(await asyncio.to_thread(_record, records, report.call_id))


def _record(records: Path, call_id: str) -> dict[str, Any]:
    """The record of a call that has ended; waits until it is written."""
    end = time.monotonic() + RECORD_S
    while time.monotonic() < end:
        for file in records.glob("*.json"):
            record = json.loads(file.read_text())
            if record["call_id"] == call_id:
                return dict(record)
        time.sleep(0.05)
    raise TimeoutError(f"no record of {call_id}")


def understood(record: dict[str, Any]) -> VoiceTrial:
    """The number as far as the bot has it: confirmed, or written down so far."""
    spoken = [turn for turn in record["turns"] if turn["kind"] == "speech"]
    text = " ".join(turn["caller"]["text"] for turn in spoken)
    answer = spoken[-1]["bot"]["text"] if spoken else ""
    number = answer.removeprefix("I have ").partition(".")[0] if answer.startswith("I have") else text
    return VoiceTrial(text, "".join(character for character in number if character.isdecimal()), answer)


def digits_right(said: str, heard: str) -> int:
    """How many digits of ``said`` are in ``heard``, in their order."""
    return sum(block.size for block in SequenceMatcher(None, said, heard, autojunk=False).get_matching_blocks())


async def measure(uri: str, records: Path, title: str, said: list[tuple[str, str, Path]], codec: str) -> None:
    """A call for each of ``said`` (who, the digits, the recording); prints what was understood."""
    turns = asyncio.Semaphore(AT_ONCE)
    async with Phone(Address.parse(uri), CallOptions(transcribe=False, codec=CODECS[codec])) as phone:

        async def one(audio: Path) -> VoiceTrial:
            async with turns:
                return await call(uri, records, phone, audio)

        heard = await asyncio.gather(*(one(audio) for _, _, audio in said))
    print(f"\n{title}:")
    right, total = 0, 0
    for (who, digits, _), answer in zip(said, heard, strict=True):
        found = digits_right(digits, answer.digits)
        right, total = right + (answer.digits == digits), total + found
        verdict = "right" if answer.digits == digits else f"{found} of {len(digits)} digits; {answer.answer!r}"
        print(f"  {who:24} said {digits}, understood {answer.text!r}: {verdict}")
    print(f"  {right} of {len(said)} numbers right, {total / sum(len(d) for _, d, _ in said):.0%} of the digits")


async def run() -> int:
    people = [r for r in shared("human_digits") if len(r.words) == 6 and r.condition == "clean"]
    with tempfile.TemporaryDirectory(prefix="voicebot-bench-") as made:
        place = Path(made)
        records = place / "records"
        async with serving({"VOICEBOT_CALLS__RECORDS": str(records)}) as service:
            if people:
                said = [(r.voice, r.digits, r.path) for r in people]
                await measure(service.uri, records, "six speakers", said, "PCMU")
            else:
                print(f"no recordings in {SHARED.parent.name}/{SHARED.name} beside the repository")
            if has_asterisk():
                said = []
                for number, how in READ_OUT:
                    file = place / f"{number}.wav"
                    lead, tail = np.zeros(RATE // 3, np.int16), np.zeros(RATE // 2, np.int16)
                    write_wav(file, np.concatenate((lead, read_out(number, **how), tail)))
                    said.append((f"Allison {'in groups' if how else ''}", number, file))
                await measure(service.uri, records, "Asterisk's voice, A-law", said, "PCMA")
            else:
                print(NO_RECORDINGS)
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(run()))
