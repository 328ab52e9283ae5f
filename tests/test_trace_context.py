from __future__ import annotations

import re

import pytest

from voicebot.trace_context import ROOT, CallTrace, bot_span_id, is_sampled, span_id

CALL = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_traceparent_has_the_form_of_the_specification() -> None:
    told = CallTrace(CALL).traceparent(3)
    assert re.fullmatch(rf"00-{CALL}-[0-9a-f]{{16}}-01", told)
    assert CallTrace(CALL, sampled=False).traceparent(3) == told[:-2] + "00"


def test_every_request_has_a_span_of_its_own_in_each_process_that_has_the_call() -> None:
    told = [CallTrace(CALL, part=part).traceparent(request) for part in (0, 1) for request in (1, 2, 3)]
    assert len(set(told)) == len(told)


def test_what_no_request_is_for_belongs_to_the_call_itself() -> None:
    assert bot_span_id(CALL, 1, ROOT) == span_id(CALL)
    assert CallTrace(CALL, part=1).traceparent(ROOT) == f"00-{CALL}-{span_id(CALL)}-01"


def test_spans_with_the_same_name_in_different_calls_differ() -> None:
    assert span_id(CALL, "turn", 1) != span_id(CALL[::-1], "turn", 1) != span_id(CALL[::-1], "turn", 2)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_sampling_by_the_id_decides_as_opentelemetry_does(share: float) -> None:
    sampling = pytest.importorskip("opentelemetry.sdk.trace.sampling", reason="the extra otel is not installed")
    sampler = sampling.TraceIdRatioBased(share)
    calls = [span_id(str(number)) + span_id(str(-number)) for number in range(1, 300)] + ["0" * 31 + "1", "f" * 32]
    ours = [is_sampled(call, share) for call in calls]
    theirs = [sampler.should_sample(None, int(call, 16), "call").decision.is_sampled() for call in calls]
    assert ours == theirs
    assert abs(sum(ours) / len(ours) - share) < 0.1
