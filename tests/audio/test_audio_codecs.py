"""The table of codecs and their names."""

from __future__ import annotations

import pytest

from voicebot.audio.codecs import CODECS, all_named, named


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


def test_payload_types_differ_and_dynamic_ones_are_dynamic() -> None:
    numbers = [codec.payload_type for codec in CODECS.values()]
    assert len(set(numbers)) == len(numbers)
    assert all(number < 35 or 96 <= number < 128 for number in numbers)
