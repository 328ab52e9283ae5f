from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.acs import compared, send_deviation_ms, told, verdict


def result(gap_ms: float, cpu: float, by: str = "SIP G722") -> dict[str, Any]:
    spread = {"count": 8, "p50": gap_ms, "p95": gap_ms, "p99": 1.0}
    figures = dict.fromkeys(
        ("gap_ms", "barge_in_ms", "key_to_silence_ms", "key_gap_ms", "answer_ms", "greeting_ms", "deviation_ms"), spread
    )
    return {
        "by": by,
        "speech": "scripted",
        "concurrency": 8,
        "figures": {**figures, "cut_ins": 0, "missed_barge_ins": 0},
        "cpu_percent_a_call": {"calls": cpu, "speech client": 1.0},
        "rss_mb": {"calls": 100},
        "outcomes": {"completed": 8},
        "reasons": {},
        "send_deviation_ms": 2.0,
    }


def test_what_calls_by_acs_have_is_told_in_parts_of_what_calls_by_sip_have() -> None:
    parts = compared(result(400.0, 1.0), result(440.0, 1.5, "ACS"))
    assert (parts["gap"], parts["barge-in"], parts["deviation"]) == (1.1, 1.1, 1.0)
    assert (parts["CPU"], parts["CPU of calls"], parts["CPU of speech client"]) == (1.25, 1.5, 1.0)
    assert verdict(parts).endswith("| more than it may: CPU")
    assert verdict(compared(result(400.0, 1.0), result(400.0, 1.1))).endswith("| within 20 %")
    lines = told([result(400.0, 1.0), result(440.0, 1.1, "ACS")])
    assert [line.split()[0] for line in lines] == ["SIP", "ACS", "ACS"]


def test_a_figure_that_is_not_known_is_not_within_anything() -> None:
    parts = compared(result(400.0, 1.0), {**result(400.0, 1.0), "send_deviation_ms": float("nan")})
    assert verdict(parts).endswith("| more than it may: deviation")


async def test_how_evenly_frames_are_sent_is_read_in_the_records_of_the_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.acs.RECORDS_S", 0.2)
    for number, (front_end, p99) in enumerate([("acs", 1.0), ("acs", 3.0), ("acs", 2.0), ("sip", 9.0)]):
        record = {"front_end": front_end, "quality": {"send_deviation_p99_ms": p99}}
        (tmp_path / f"{number}.json").write_text(json.dumps(record))
    assert await send_deviation_ms(tmp_path, "acs", 3) == 2.0
    assert await send_deviation_ms(tmp_path, "sip", 5) == 9.0, "what there is when the time is over"
