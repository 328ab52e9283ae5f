"""What a call's record becomes at `/metrics`."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from voicebot.web import Figure, Metrics


def samples(metrics: Metrics) -> dict[str, float]:
    """By name and labels: ``name{a=b}``."""
    found = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sample.labels.items())
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def record(**changes: Any) -> dict[str, Any]:
    quality = {"packets_sent": 500, "packets_received": 490, "lost": 8, "late": 2, "jitter_ms": 4.0, "mos": 4.3}
    quality |= {"round_trip_ms": None, "remote_lost": 3, "remote_jitter_ms": 12.0, "remote_mos": 4.1}
    return {
        "direction": "inbound",
        "end": {"reason": "caller"},
        "answered_ms": 18.0,
        "talk_ms": 10_000.0,
        "turns": [
            {"gap_ms": 450.0, "ended": "complete"},
            {"gap_ms": None, "ended": None},
            {"gap_ms": 900.0, "ended": "final"},
        ],
        "overlaps": [{"outcome": "back-channel"}, {"outcome": "back-channel"}, {"outcome": "interruption"}],
        "failures": [{"what": "bot"}],
        "prepared": {"trials": 3, "prompts": 2, "used": 1, "thrown_away": 1},
        "quality": quality,
    } | changes


def test_a_call_is_counted_with_its_times_and_its_audio() -> None:
    metrics = Metrics()
    metrics.call_ended(record())
    found = samples(metrics)
    assert found["voicebot_calls_total{direction=inbound,outcome=caller}"] == 1
    assert found["voicebot_call_setup_seconds_sum{direction=inbound}"] == 0.018
    assert found["voicebot_response_gap_seconds_count"] == 2
    assert found["voicebot_response_gap_seconds_bucket{le=0.5}"] == 1
    assert found["voicebot_turn_ends_total{why=complete}"] == found["voicebot_turn_ends_total{why=final}"] == 1
    assert found["voicebot_sounds_over_prompts_total{outcome=back-channel}"] == 2
    assert found["voicebot_rtp_packets_total{kind=lost}"] == 8
    assert found["voicebot_rtp_packets_total{kind=remote-lost}"] == 3
    assert found["voicebot_rtp_loss_ratio_sum"] == 10 / 498
    assert found["voicebot_rtp_jitter_seconds_sum"] == 0.004
    assert found["voicebot_rtp_remote_jitter_seconds_sum"] == 0.012
    assert found["voicebot_rtp_mos_sum"] == 4.3
    assert found["voicebot_rtp_round_trip_seconds_count"] == 0
    assert found["voicebot_failures_total{what=bot}"] == 1
    assert found["voicebot_prepared_total{what=trials}"] == 3
    assert found["voicebot_prepared_total{what=thrown-away}"] == 1


def test_a_call_without_answer_or_audio_counts_by_its_outcome_alone() -> None:
    metrics = Metrics()
    metrics.call_ended(
        record(direction="outbound", end={"reason": "busy"}, answered_ms=None, talk_ms=None, turns=[], quality={})
    )
    found = samples(metrics)
    assert found["voicebot_calls_total{direction=outbound,outcome=busy}"] == 1
    assert found["voicebot_rtp_mos_count"] == 0


def test_an_end_that_nobody_foresaw_makes_no_label_of_its_own() -> None:
    metrics = Metrics()
    metrics.call_ended(record(end={"reason": "<script>"}))
    assert samples(metrics)["voicebot_calls_total{direction=inbound,outcome=other}"] == 1


def test_running_calls_are_told_also_where_there_are_none() -> None:
    found = samples(Metrics())
    assert found["voicebot_calls_up{direction=inbound,state=up}"] == 0
    assert found["voicebot_calls_up{direction=outbound,state=calling}"] == 0


@pytest.mark.parametrize(
    "series",
    [
        "calls_total{direction=inbound,outcome=killed}",
        "calls_total{direction=outbound,outcome=other}",
        "call_setup_seconds_count{direction=inbound}",
        "failures_total{what=recognition}",
        "turn_ends_total{why=patience}",
        "sounds_over_prompts_total{outcome=echo}",
        "prepared_total{what=thrown-away}",
        "rtp_packets_total{kind=not-authentic}",
    ],
)
def test_what_has_not_happened_yet_is_told_as_zero_so_that_the_first_time_is_seen_as_an_increase(series: str) -> None:
    assert samples(Metrics())[f"voicebot_{series}"] == 0


def test_no_event_makes_a_series_that_was_not_there() -> None:
    before = samples(metrics := Metrics()).keys()
    for direction in ("inbound", "outbound"):
        for reason in ("caller", "killed", "<script>"):
            metrics.call_ended(record(direction=direction, end={"reason": reason}))
    assert samples(metrics).keys() == before


def test_figures_of_others_are_read_when_they_are_asked_for() -> None:
    counts = {"404": 1.0}
    metrics = Metrics(
        figures=lambda: [
            Figure("sip_rejected", "refused", counts, "status"),
            Figure("dialogs_faults", "faults", {"": 2}, kind="gauge"),
        ]
    )
    counts["486"] = 5.0
    found = samples(metrics)
    assert found["voicebot_sip_rejected_total{status=486}"] == 5
    assert found["voicebot_dialogs_faults"] == 2
