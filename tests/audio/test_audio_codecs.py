"""The list of codecs, their names, and the places that show the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from voicebot.audio import FORMATS, LINEAR_16K, PCMA, PCMU, AudioFormat
from voicebot.audio.codecs import (
    CODECS,
    DEFAULT_CODECS,
    MAX_PTIME_MS,
    MIN_PTIME_MS,
    Codec,
    all_named,
    named,
    prepare,
)

MEDIA_PAGE = Path(__file__).parents[2] / "docs" / "media.md"
ALL = list(CODECS.values())


def test_names_are_of_any_case_and_each_counts_once() -> None:
    assert named("pcmu") is CODECS["PCMU"]
    assert [codec.name for codec in all_named(["pcma", "PCMU", "PCMA"])] == ["PCMA", "PCMU"]


@pytest.mark.parametrize(("name", "meant"), [("PCM", "PCMU"), ("ulaw", ""), ("pcma8", "PCMA")])
def test_an_unknown_name_says_what_there_is_and_what_was_meant(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"no codec '{name}': PCMU, PCMA") as error:
        named(name)
    assert str(error.value).endswith(f"did you mean {meant}?") == bool(meant)
    with pytest.raises(ValueError, match="at least one"):
        all_named([])


def test_a_codec_whose_library_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicebot.audio.codecs.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r'opus is not installed: pip install "voicebot\[opus\]"'):
        named("opus")
    assert named("G722") is CODECS["G722"]


@pytest.mark.parametrize(
    ("name", "payload_type", "clock_rate", "channels", "audio", "ptimes_ms"),
    [
        ("PCMU", 0, 8000, 1, PCMU, (10, 20, 30, 40, 50, 60)),
        ("PCMA", 8, 8000, 1, PCMA, (10, 20, 30, 40, 50, 60)),
        ("G722", 9, 8000, 1, LINEAR_16K, (10, 20, 30, 40, 50, 60)),
        ("opus", 107, 48_000, 2, LINEAR_16K, (10, 20, 40, 60)),
    ],
)
def test_a_codec_is_what_its_rfc_says(
    name: str, payload_type: int, clock_rate: int, channels: int, audio: AudioFormat, ptimes_ms: tuple[int, ...]
) -> None:
    codec = named(name)
    assert (codec.name, str(codec), codec.payload_type, codec.clock_rate) == (name, name, payload_type, clock_rate)
    assert (codec.channels, codec.audio, codec.ptimes_ms) == (channels, audio, ptimes_ms)
    for form in FORMATS:
        decoder = codec.decoder(form)
        assert decoder is None or decoder.clock_rate == clock_rate
        assert (decoder is None) == (codec.encoder(form) is None) == (form.name == name)
    assert (MIN_PTIME_MS, MAX_PTIME_MS) == (10, 60)
    assert [codec.name for codec in DEFAULT_CODECS] == ["PCMU", "PCMA"]


def test_prepared_is_what_a_call_by_the_codec_needs() -> None:
    made: list[str] = []

    def coder(kind: str) -> Callable[[AudioFormat], None]:
        return lambda audio: made.append(f"{kind} {audio}")

    g722 = named("G722")
    prepare([g722, replace(g722, encoder=coder("encoder"), decoder=coder("decoder"))])
    assert made == ["encoder L16-16K", "decoder L16-16K"]


def test_payload_types_differ_and_dynamic_ones_are_dynamic() -> None:
    numbers = [codec.payload_type for codec in ALL]
    assert len(set(numbers)) == len(numbers)
    assert all(number < 35 or 96 <= number < 128 for number in numbers)
    events = {101 + n for n in range(len({codec.clock_rate for codec in ALL}))}
    assert not events & set(numbers), "telephone-event has a number for each clock rate, from 101 on"


@pytest.mark.parametrize("codec", ALL, ids=str)
def test_of_packet_lengths_the_longest_is_taken_that_is_no_longer_than_wanted(codec: Codec) -> None:
    assert codec.ptimes_ms[0] == MIN_PTIME_MS and codec.ptimes_ms[-1] <= MAX_PTIME_MS
    assert [codec.ptime_ms(ms) for ms in codec.ptimes_ms] == list(codec.ptimes_ms)
    assert codec.ptime_ms(19) == codec.ptime_ms(5) == 10
    assert codec.ptime_ms(200) == codec.ptimes_ms[-1]


def test_the_page_about_media_has_a_row_for_each() -> None:
    rows = [row.split("|") for row in MEDIA_PAGE.read_text().splitlines() if row.startswith("|")]
    told = {name.strip("` "): (row[3].split()[0], row[4].strip()) for row in rows for name in row[2].split(",")[:2]}
    for codec in ALL:
        clock_rate, audio = told[codec.name]
        assert clock_rate == str(codec.clock_rate)
        assert audio == ("the bytes as they are" if codec.audio.width == 1 else "16 kHz linear")
