from __future__ import annotations

from typing import Any

import pytest

from voicebot.localspeech.scripted import Faults, InvalidScript, Script, ScriptedRecognition


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ([], "object"),
        ({"text": []}, "text"),
        ({"texts": "hello"}, "texts"),
        ({"final_delay_ms": -1}, "final_delay_ms"),
        ({"final_delay_ms": "1"}, "final_delay_ms"),
        ({"mute": 1}, "mute"),
        ({"refuse_status": 200}, "refuse_status"),
        ({"faults_on": "all"}, "faults_on"),
    ],
)
def test_a_wrong_script_says_which_entry(data: Any, word: str) -> None:
    with pytest.raises(InvalidScript, match=word):
        Script.from_json(data)


def test_texts_come_in_order_then_nothing_or_again() -> None:
    once = Script.from_json({"texts": ["a", "b"]})
    again = Script.from_json({"texts": ["a", "b"], "cycle": True})
    assert [once.text(number) for number in range(3)] == ["a", "b", ""]
    assert [again.text(number) for number in range(3)] == ["a", "b", "a"]


def test_the_first_n_connections_are_refused() -> None:
    script, faults = Script(refuse_status=429, refuse_first_n=2), Faults()
    assert [faults.refuses(script, "recognition") for _ in range(4)] == [429, 429, 0, 0]


def test_a_fault_may_be_on_one_service_only() -> None:
    script, faults = Script(refuse_status=503, drop_after_s=1, faults_on="synthesis"), Faults()
    assert (faults.refuses(script, "recognition"), faults.refuses(script, "synthesis")) == (0, 503)
    assert (faults.drops_after_s(script, "recognition"), faults.drops_after_s(script, "synthesis")) == (0, 1)
    assert faults.drops_after_s(script, "synthesis") == 0  # once by default


def test_so_many_messages_are_answered_by_a_malformed_frame() -> None:
    script, faults = Script(malformed_frames=2, faults_on="recognition"), Faults()
    assert not faults.malforms(script, "synthesis")
    assert [faults.malforms(script, "recognition") for _ in range(3)] == [True, True, False]


def test_a_recogniser_that_reconnects_goes_on_in_the_list() -> None:
    engine = ScriptedRecognition(Script(texts=("a", "b", "c")))
    first = engine.session(8000, "one", "")
    first.spoken(2)
    again, other = engine.session(8000, "two", "one"), engine.session(8000, "three", "")
    assert (again._base, other._base) == (2, 0)
