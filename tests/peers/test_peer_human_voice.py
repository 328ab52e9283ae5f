"""Recordings of human voices, through G.711, in real calls to the running service.

Each caller presses 1 for billing and then says a six digit number; what counts is what the bot understood. The figures
are printed (``pytest -s``); the floors are well below what was measured, for machines that are busy.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from product import Product
from recordings import NO_RECORDINGS, RATE, SHARED, has_asterisk, read_out, shared, write_wav

from voicebot.address import Address
from voicebot.audio.codecs import CODECS
from voicebot.caller import CallOptions, Phone, parse_script

AT_ONCE = 3
"""Calls side by side: the embedded recogniser has the machine to itself otherwise."""
NUMBERS = ("830166", "598213")

pytestmark = pytest.mark.peer


@dataclass(frozen=True, slots=True)
class Heard:
    """What the bot made of a caller: the digits of its first turn, and what it answered."""

    text: str
    digits: str
    answer: str


async def call(product: Product, phone: Phone, audio: Path) -> dict[str, Any]:
    """One call that says ``audio`` when it is asked for the account number; its record."""
    script = parse_script(
        f'deadline_s: 20\nsteps:\n  - pause_s: 4.5\n  - keys: "1"\n  - wav: {audio.name}\n',
        source=audio.name,
        folder=audio.parent,
    )
    report = await phone.call(Address.parse(product.uri), script)
    assert report.ok, f"{audio.name}: {report.reason}"
    return await product.record(report.call_id)


async def place(product: Product, audios: list[Path], codec: str = "PCMU") -> list[dict[str, Any]]:
    """A call for each of ``audios``; their records."""
    turns = asyncio.Semaphore(AT_ONCE)
    async with Phone(Address.parse(product.uri), CallOptions(transcribe=False, codec=CODECS[codec])) as phone:

        async def one(audio: Path) -> dict[str, Any]:
            async with turns:
                return await call(product, phone, audio)

        return await asyncio.gather(*(one(audio) for audio in audios))


def number_heard(record: dict[str, Any]) -> Heard:
    """The number as far as the bot has it: confirmed, or written down so far."""
    spoken = [turn for turn in record["turns"] if turn["kind"] == "speech"]
    text = " ".join(turn["caller"]["text"] for turn in spoken)
    answer = spoken[-1]["bot"]["text"] if spoken else ""
    if answer.startswith("I have"):
        text_of_number = answer.removeprefix("I have ").partition(".")[0]
        return Heard(text, decimals(text_of_number), answer)
    return Heard(text, decimals(text), answer)


def decimals(text: str) -> str:
    return "".join(character for character in text if character.isdecimal())


def digits_right(said: str, heard: str) -> int:
    """How many digits of ``said`` are in ``heard``, in their order."""
    return sum(block.size for block in SequenceMatcher(None, said, heard, autojunk=False).get_matching_blocks())


def tell(title: str, said: list[tuple[str, str]], heard: list[Heard]) -> tuple[int, float]:
    """Print what was understood; how many numbers are fully right, and the share of digits."""
    print(f"\n{title}:")
    right, total = 0, 0
    for (who, digits), understood in zip(said, heard, strict=True):
        found = digits_right(digits, understood.digits)
        right, total = right + (understood.digits == digits), total + found
        verdict = "right" if understood.digits == digits else f"{found} of {len(digits)} digits"
        print(f"  {who:24} said {digits}, understood {understood.text!r}: {verdict}")
    share = total / sum(len(digits) for _, digits in said)
    print(f"  {right} of {len(said)} numbers right, {share:.0%} of the digits")
    return right, share


async def test_six_speakers_say_six_digits(product: Product) -> None:
    recordings = [r for r in shared("human_digits") if len(r.words) == 6 and r.condition == "clean"]
    if not recordings:
        pytest.skip(f"no recordings in {SHARED.parent.name}/{SHARED.name} beside the repository")
    records = await place(product, [recording.path for recording in recordings])
    heard = [number_heard(record) for record in records]
    right, share = tell("six speakers", [(r.voice, r.digits) for r in recordings], heard)
    assert right >= len(recordings) / 2
    assert share >= 0.85
    for recording, understood in zip(recordings, heard, strict=True):
        if understood.digits == recording.digits:
            assert understood.answer.endswith("Is that right?")


@pytest.mark.skipif(not has_asterisk(), reason=NO_RECORDINGS)
async def test_a_professional_voice_reads_numbers_out_in_a_law(product: Product, tmp_path: Path) -> None:
    """In one go, and in two groups with a breath between them."""
    ways = [(NUMBERS[0], {}), (NUMBERS[1], {}), ("123456", {"group": 3, "group_gap_s": 0.5})]
    files = []
    for index, (number, how) in enumerate(ways):
        files.append(tmp_path / f"{index}.wav")
        lead, tail = np.zeros(RATE // 3, np.int16), np.zeros(RATE // 2, np.int16)
        write_wav(files[-1], np.concatenate((lead, read_out(number, **how), tail)))
    records = await place(product, files, codec="PCMA")
    assert all(record["codec"] == "PCMA" for record in records)
    heard = [number_heard(record) for record in records]
    said = [(f"Allison {'in groups' if how else ''}", number) for number, how in ways]
    right, share = tell("Asterisk's voice, A-law", said, heard)
    assert right >= len(ways) / 2
    assert share >= 0.85
