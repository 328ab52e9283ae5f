"""What Event Grid and Azure Communication Services deliver, read: both schemas, and what is missing or wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.legs.acs_events import (
    CallEvent,
    CommunicationIdentifier,
    IncomingCall,
    Recognised,
    Result,
    SubscriptionValidation,
    read_events,
    read_grid,
)

DATA = {
    "to": {"kind": "phoneNumber", "rawId": "4:+4930999", "phoneNumber": {"value": "+4930999"}},
    "from": {"kind": "phoneNumber", "rawId": "4:+4930123", "phoneNumber": {"value": "+4930123"}},
    "serverCallId": "c2VydmVy",
    "callerDisplayName": "Ada\n",
    "incomingCallContext": "secret",
    "customContext": {"sipHeaders": {"User-To-User": "cafe", "Via": "no", "X-A": "b"}, "voipHeaders": {}},
    "correlationId": "correlation",
}
KIND = "Microsoft.Communication.IncomingCall"


def grid(**data: Any) -> dict[str, Any]:
    return {"id": "e1", "eventType": KIND, "data": DATA | data, "dataVersion": "1.0"}


def cloud(**data: Any) -> dict[str, Any]:
    return {"id": "e1", "type": KIND, "specversion": "1.0", "data": DATA | data}


def told(kind: str = "CallConnected", **data: Any) -> dict[str, Any]:
    return {"id": "e2", "type": f"Microsoft.Communication.{kind}", "data": {"callConnectionId": "c", **data}}


@pytest.mark.parametrize("make", [grid, cloud])
def test_a_call_comes_in_either_schema(make: Any) -> None:
    (call,), unread = read_grid([make()])
    assert isinstance(call, IncomingCall) and unread == 0
    assert (call.event, call.correlation, call.context) == ("e1", "correlation", "secret")
    assert (call.caller, call.callee.number) == (CommunicationIdentifier("4:+4930123", "+4930123"), "+4930999")
    assert call.headers == {"User-To-User": "cafe", "X-A": "b"}
    assert call.display_name == "Ada\ufffd"
    assert "secret" not in repr(call)


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ({"kind": "unknown", "rawId": "4:anonymous"}, "anonymous"),
        ({"rawId": "4:+4930123"}, "+4930123"),
        ({"kind": "communicationUser", "rawId": "8:acs:x_y"}, "8:acs:x_y"),
        ({}, "anonymous"),
    ],
)
def test_callers_without_a_number_have_a_name(sender: dict[str, Any], name: str) -> None:
    (call,), _ = read_grid(grid(**{"from": sender}))
    assert isinstance(call, IncomingCall) and call.caller.name == name


def test_the_handshake_has_a_code() -> None:
    event = {"id": "1", "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": {"validationCode": "x"}}
    assert read_grid([event]) == ([SubscriptionValidation("x")], 0)


def test_what_cannot_be_read_does_not_harm_what_can() -> None:
    wrong = [1, None, {}, {"data": 1}, grid(incomingCallContext=""), grid(correlationId=7), grid(to=None),
             grid(incomingCallContext="x" * 40_000)]  # fmt: skip
    found, unread = read_grid([*wrong, {"eventType": "Another.Kind", "data": {}}, grid()])
    assert (len(found), unread) == (1, len(wrong))


def test_an_event_of_a_call_has_its_outcome() -> None:
    result = {"code": 486, "subCode": 8539, "message": "", "sipDetails": {"code": 486, "message": "Busy Here"}}
    found, unread = read_events([told("CallTransferFailed", operationContext="o", resultInformation=result), 3])
    assert found == [CallEvent("e2", "CallTransferFailed", "c", "o", Result(486, 8539, "Busy Here", 486))]
    assert unread == 1


@pytest.mark.parametrize("result", [None, [], {"code": "x", "sipDetails": 1}, {"code": True, "message": 5}])
def test_an_outcome_may_be_anything(result: object) -> None:
    ((event,), unread) = read_events(told(resultInformation=result))
    assert (event.result, unread) == (Result(), 0)


NAMES = st.sampled_from(["id", "type", "eventType", "data", "callConnectionId", "from", "to", "rawId", "phoneNumber"])


@given(
    st.recursive(
        st.none() | st.text(max_size=5) | st.integers(),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner),
        max_leaves=20,
    )
)
def test_nothing_that_is_json_breaks_the_reading(body: object) -> None:
    for read in (read_grid, read_events):
        found, unread = read(body)  # type: ignore[operator]
        assert len(found) + unread <= max(1, len(json.dumps(body)))


@pytest.mark.parametrize(
    ("data", "recognised"),
    [
        ({"dtmfResult": {"tones": ["one", "Pound", "x", 5]}}, Recognised(keys="1#")),
        ({"speechResult": {"speech": "my bill", "confidence": 0.5}}, Recognised(speech="my bill", confidence=0.5)),
        ({"speechResult": {"speech": "my bill", "confidence": True}}, Recognised(speech="my bill")),
        ({"choiceResult": {"label": "1", "recognizedPhrase": None, "confidence": 7}}, Recognised(label="1")),
        ({"choiceResult": [], "speechResult": 3, "dtmfResult": {"tones": "one"}}, Recognised()),
    ],
)
def test_what_was_recognised_is_read_or_left_out(data: dict[str, Any], recognised: Recognised) -> None:
    about = {"callConnectionId": "c", "failedPlaySourceIndex": -1, **data}
    ((event,), _) = read_events({"id": "1", "type": "Microsoft.Communication.RecognizeCompleted", "data": about})
    assert (event.recognised, event.failed_prompt) == (recognised, None)
