from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.address import Address
from voicebot.bots import events_from_activity
from voicebot.bots.interpretation import MAX_URL, Interpreter
from voicebot.bots.requests import Requests
from voicebot.bots.settling import Patience
from voicebot.events import (
    AbortPromptsAsked,
    BotMessage,
    CallAsked,
    CallConfigured,
    HangUpAsked,
    InputHint,
    KeyCollection,
    KeysAsked,
    MessageAnnounced,
    MetadataSent,
    Pace,
    PlacedCallChanged,
    RecordingAction,
    RecordingAsked,
    TransferAsked,
)


def one(activity: Any) -> Any:
    events = events_from_activity(activity, 3, 9.0)
    assert len(events) == 1, events
    return events[0]


def message(**content: Any) -> BotMessage:
    event = one({"type": "message", **content})
    assert isinstance(event, BotMessage)
    return event


def test_speak_is_taken_as_it_is() -> None:
    ssml = "<speak>Hello <break time='1s'/> you</speak>"
    event = message(text="**Hello** you", speak=ssml, inputHint="expectingInput", locale="en-GB")
    assert event == BotMessage(9.0, 3, "**Hello** you", ssml, InputHint.EXPECTING, "en-GB")


def test_empty_speak_is_silent_and_absent_speak_is_the_text() -> None:
    assert message(text="Hello", speak="").speak == ""
    assert message(text="*Hello*, see [our page](https://x.example/y)").speak == "Hello, see our page"
    assert message(text="Hello", speak=None).speak == "Hello"


@pytest.mark.parametrize("hint", [None, "", "shouting", 7, {}])
def test_an_unknown_hint_accepts_input(hint: Any) -> None:
    assert message(text="x", inputHint=hint).hint is InputHint.ACCEPTING


def test_suggested_actions_are_read_out() -> None:
    actions = {"actions": [{"title": "Small"}, {"title": "Medium"}, {"value": "Large"}]}
    assert message(text="Which size?", suggestedActions=actions).speak == "Which size? Small, Medium, or Large?"


def test_choices_that_the_text_names_already_are_not_said_twice() -> None:
    text = "Which size? (1) small, or (2) large"
    actions = {"actions": [{"title": "small"}, {"title": "large"}]}
    assert message(text=text, suggestedActions=actions).speak == "Which size? 1, small, or 2, large"


def test_a_card_without_text_speaks_for_itself() -> None:
    hero = {"contentType": "application/vnd.microsoft.card.hero", "content": {"title": "Bill", "text": "$84 due"}}
    adaptive = {"contentType": "application/vnd.microsoft.card.adaptive", "content": {"speak": "Your bill is $84."}}
    assert message(attachments=[hero]).speak == "Bill. $84 due."
    assert message(attachments=[adaptive]).speak == "Your bill is $84."


def test_the_end_of_the_conversation_is_a_hang_up() -> None:
    assert one({"type": "endOfConversation"}) == HangUpAsked(9.0, "completed")
    assert one({"type": "endOfConversation", "code": "userCancelled"}).reason == "userCancelled"
    hangup = {"type": "event", "name": "hangup", "channelData": {"activityParams": {"hangupReason": "spam"}}}
    assert one(hangup).reason == "spam"


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ("+14255550123", "+14255550123"),
        ("+1 (425) 555-0123", "+14255550123"),
        ("tel:+14255550123", "tel:+14255550123"),
        ("sip:agents@example.com;transport=tcp", "sip:agents@example.com;transport=tcp"),
        ("sip:a@b\r\nVia: evil", ""),
        ("<sip:a@b>", ""),
        ("sip:*31#7001@pbx.example", "sip:*31%237001@pbx.example"),
        ("tel:+1-425-555-0123;npdi;rn=+1-425-555-0000", "tel:+14255550123;npdi;rn=+1-425-555-0000"),
        ("1" * 300, ""),
        (17, ""),
        (None, ""),
    ],
)
def test_a_transfer_goes_to_a_safe_target_or_leaves_it_to_the_settings(given: Any, target: str) -> None:
    event = one({"type": "event", "name": "handoff.initiate", "value": {"TargetPhoneNumber": given, "Skill": "bill"}})
    assert event == TransferAsked(9.0, Address.parse(target) if target else None)


def test_a_handoff_is_a_transfer_whether_it_is_an_event_or_an_activity_of_its_own() -> None:
    value = {"targetPhoneNumber": "+14255550123", "Skill": "bill", "headers": {"X-Skill": "bill"}}
    expected = TransferAsked(9.0, Address.parse("+14255550123"), {"X-Skill": "bill"})
    assert one({"type": "handoff", "value": value}) == expected
    assert one({"type": "event", "name": "handoff.initiate", "value": value}) == expected
    assert one({"type": "handoff", "value": "+14255550123"}) == TransferAsked(9.0, Address.parse("+14255550123"))
    assert one({"type": "handoff"}) == TransferAsked(9.0, None)


@pytest.mark.parametrize(
    "activity", [None, "message", 7, ["message"], True, {}, {"type": "typing"}, {"type": ["event"]}]
)
def test_what_is_no_activity_or_none_for_a_call_gives_nothing(activity: Any) -> None:
    assert events_from_activity(activity, 1, 9.0) == []
    assert Interpreter().events(activity, 1, 9.0) == []


def test_a_bot_has_somebody_called() -> None:
    value = {"to": "+1 (425) 555-0123", "trunk": "sbc", "bot": "b" * 80, "commandId": "c1", "context": {"order": 7}}
    asked = one({"type": "event", "name": "call.place", "value": value})
    assert asked == CallAsked(9.0, Address.parse("+14255550123"), "sbc", "b" * 64, "c1", {"order": 7})


@pytest.mark.parametrize("to", ["http://pbx.example/", "sip:a@b\r\nVia: evil", "", 17, None])
def test_a_bot_that_wants_somebody_called_who_has_no_address_is_told_so_at_once(to: Any) -> None:
    told = one({"type": "event", "name": "call.place", "value": {"to": to, "commandId": "c1"}})
    assert isinstance(told, PlacedCallChanged)
    assert (told.state, told.target, told.command) == ("refused", None, "c1")
    assert "neither a number nor a SIP URI" in told.reason


def test_audiocodes_transfers_are_known() -> None:
    headers = [{"name": "X-Skill", "value": "bill"}]
    params = {"transferTarget": "tel:+1425", "handoverReason": "asked", "transferSipHeaders": headers}
    event = one({"type": "event", "name": "transfer", "channelData": {"activityParams": params}})
    assert event == TransferAsked(9.0, Address.parse("tel:+1425"), {"X-Skill": "bill"})


def test_a_config_event_sets_expectations() -> None:
    params = {"sttContextPhrases": ["billing", "", 7, "outage"], "userNoInputTimeoutMS": 5000}
    event = one({"type": "event", "name": "config", "channelData": {"sessionParams": params}})
    assert event == CallConfigured(9.0, ("billing", "outage"), 5.0)


@pytest.mark.parametrize(("given", "expected"), [(0, 600.0), (1, 0.5), (10**9, 600.0), ("5000", None), (True, None),
                                                 (float("nan"), None), (10**400, 600.0)])  # fmt: skip
def test_patience_is_kept_within_bounds(given: Any, expected: float | None) -> None:
    params = {"sttContextPhrases": ["x"], "userNoInputTimeoutMS": given}
    event = one({"type": "event", "name": "config", "channelData": {"sessionParams": params}})
    assert event.no_input_s == expected


def test_expectations_may_come_with_a_message_and_precede_it() -> None:
    activity = {"type": "message", "text": "Yes?", "channelData": {"sessionParams": {"sttContextPhrases": ["yes"]}}}
    assert [type(event) for event in events_from_activity(activity, 1, 0.0)] == [CallConfigured, BotMessage]


def audiocodes(name: str, **parameters: Any) -> dict[str, Any]:
    return {"type": "event", "name": name, "channelData": {"activityParams": parameters}}


def test_audiocodes_events_play_files_press_keys_and_take_words_back() -> None:
    play = one(audiocodes("playUrl", playUrlUrl="https://x.example/a.wav", playUrlAltText="music"))
    assert play == BotMessage(9.0, 3, "music", "", audio="https://x.example/a.wav")
    assert one(audiocodes("sendDtmf", dtmfDigits="12*#")) == KeysAsked(9.0, "12*#")
    assert one(audiocodes("abortPrompts")) == AbortPromptsAsked(9.0)
    copilot = {"type": "event", "name": "sendDtmf", "value": {"activityParams": {"dtmfDigits": "5"}}}
    assert one(copilot) == KeysAsked(9.0, "5")


def test_a_message_may_be_played_and_only_our_own_host_names_files() -> None:
    def message(url: str) -> dict[str, Any]:
        parameters = {"activityParams": {"playUrlUrl": url}}
        return {"type": "message", "text": "Hi.", "speak": "Hi!", "channelData": parameters}

    assert one(message("https://x.example/a.wav")) == BotMessage(9.0, 3, "Hi.", "Hi!", audio="https://x.example/a.wav")
    assert one(message("file:///hi.wav")) == BotMessage(9.0, 3, "Hi.", "Hi!")
    (own,) = Interpreter(files=True).events(message("file:///hi.wav"), 3, 9.0)
    assert own == BotMessage(9.0, 3, "Hi.", "Hi!", audio="file:///hi.wav")
    for url in ("file://host/hi.wav", "file:///" + "x" * 3000, "gopher://x"):
        assert Interpreter(files=True).events(message(url), 3, 9.0) == [BotMessage(9.0, 3, "Hi.", "Hi!")]
    longest = "file:///" + "x" * (MAX_URL - 8)
    (own,) = Interpreter(files=True).events(message(longest), 3, 9.0)
    assert isinstance(own, BotMessage) and own.audio == longest
    (own,) = Interpreter(files=True).events(message(longest + "x"), 3, 9.0)
    assert isinstance(own, BotMessage) and own.audio == ""


@pytest.mark.parametrize(
    "activity",
    [
        audiocodes("playUrl", playUrlUrl="file:///etc/passwd"),
        audiocodes("playUrl", playUrlUrl="https://" + "x" * 3000),
        audiocodes("playUrl", playUrlUrl="http://[::1"),
        audiocodes("playUrl"),
        audiocodes("sendDtmf", dtmfDigits="12x"),
        audiocodes("sendDtmf", dtmfDigits="1" * 21),
        {"type": "command", "name": "channel/vnd.microsoft.telephony.recording.erase"},
        {"type": "command", "name": "start"},
    ],
)
def test_what_cannot_be_carried_out_is_nothing(activity: dict[str, Any]) -> None:
    assert events_from_activity(activity, 3, 9.0) == []


@pytest.mark.parametrize("action", ["start", "pause", "resume", "stop"])
def test_recordings_are_commanded_in_both_conventions(action: str) -> None:
    name = f"channel/vnd.microsoft.telephony.recording.{action}"
    asked = RecordingAsked(9.0, RecordingAction(action), "c1")
    assert one({"type": "command", "name": name, "value": {"commandId": "c1"}}) == asked
    assert one(audiocodes(f"{action}CallRecording")) == RecordingAsked(9.0, RecordingAction(action))


def config(**parameters: Any) -> CallConfigured:
    event = one({"type": "event", "name": "config", "channelData": {"sessionParams": parameters}})
    assert isinstance(event, CallConfigured)
    return event


def test_session_parameters_set_one_thing_and_leave_the_others() -> None:
    assert config(bargeIn=False) == CallConfigured(9.0, barge_in=False)
    assert config(bargeInOnDTMF=False, bargeInMinWordCount=3) == CallConfigured(
        9.0, keys_barge_in=False, barge_in_words=3
    )
    assert config(voiceName="en-US-AriaNeural") == CallConfigured(9.0, voice="en-US-AriaNeural")
    assert config(language="es-ES") == CallConfigured(9.0, language="es-ES")
    assert config(userNoInputSpeech=["Hello?"], userNoInputSendEvent=False, userNoInputRetries=2) == CallConfigured(
        9.0, no_input_speech="Hello?", no_input_event=False, no_input_retries=2
    )
    assert config(continuousASR=True, continuousASRTimeoutInMS=1500).end_silence_s == 1.5
    assert config(continuousASR=False).end_silence_s == 0.0
    assert config(dtmfCollect=True).keys == KeyCollection(5, "#", 2.0)
    collected = config(
        dtmfCollect=True, dtmfCollectMaxDigits=4, dtmfCollectSubmitDigit="*", dtmfCollectInterDigitTimeoutMS=900
    )
    assert collected.keys == KeyCollection(4, "*", 0.9)
    assert config(dtmfCollect=False).keys == KeyCollection()
    assert config(lateEndKey="#") == CallConfigured(9.0, late_end_key="#")
    assert config(turnPace="patient") == CallConfigured(9.0, pace=Pace.PATIENT)
    assert config(turnPace="slow", bargeIn=False) == CallConfigured(9.0, barge_in=False)


def test_a_bot_chooses_which_events_it_is_sent() -> None:
    wanted = config(sendEventsToBot=["speechHypothesis", "noUserInput", "playFinished"])
    assert (wanted.hypotheses, wanted.no_input_event) == (True, True)
    assert config(sendEventsToBot=[]) == CallConfigured(9.0, hypotheses=False, no_input_event=False)
    assert config(sendEventsToBot=["noUserInput"], userNoInputSendEvent=False).no_input_event is False


def test_a_silent_caller_may_be_played_a_file() -> None:
    assert config(userNoInputUrl=["https://x/a.wav", "https://x/b.wav"]).no_input_audio == "https://x/a.wav"
    assert config(userNoInputUrl="").no_input_audio == ""
    assert config(userNoInputUrl="file:///etc/passwd", bargeIn=True).no_input_audio is None


def test_another_message_is_announced_by_an_event_or_by_a_message() -> None:
    assert one(audiocodes("expectAnotherBotMessage")) == MessageAnnounced(9.0)
    parameters = {"activityParams": {"expectAnotherBotMessage": True}}
    events = events_from_activity({"type": "message", "text": "Wait.", "channelData": parameters}, 3, 9.0)
    assert events == [BotMessage(9.0, 3, "Wait.", "Wait."), MessageAnnounced(9.0)]
    for other in (False, "no", None, [], {}, 0):
        data = {"activityParams": {"expectAnotherBotMessage": other}}
        assert len(events_from_activity({"type": "message", "text": "x", "channelData": data}, 3, 9.0)) == 1


def test_recognition_is_stopped_and_started() -> None:
    assert one({"type": "event", "name": "stopRecognition"}) == CallConfigured(9.0, listening=False)
    assert one({"type": "event", "name": "startRecognition"}) == CallConfigured(9.0, listening=True)


def test_metadata_is_kept_as_it_is_unless_it_is_too_much() -> None:
    assert one({"type": "event", "name": "sendMetaData", "value": {"a": [1]}}) == MetadataSent(9.0, {"a": [1]})
    for value in ({}, None, "x" * 20_000, {"a": {1, 2}}):
        assert events_from_activity({"type": "event", "name": "sendMetaData", "value": value}, 1, 9.0) == []


@pytest.mark.parametrize(
    "parameters", [{}, {"bargeIn": "no"}, {"voiceName": "'/><evil"}, {"language": "x\r\n"}, {"unknown": 1}]
)
def test_session_parameters_of_no_use_are_nothing(parameters: dict[str, Any]) -> None:
    assert (
        events_from_activity({"type": "event", "name": "config", "channelData": {"sessionParams": parameters}}, 1, 0.0)
        == []
    )


@pytest.mark.parametrize("kind", ["typing", "trace", "conversationUpdate", "event", "something new", "", None, 3])
def test_what_a_call_has_no_use_for_is_nothing(kind: Any) -> None:
    assert events_from_activity({"type": kind, "name": "whatever"}, 1, 0.0) == []


NUMBERS = (
    "userNoInputTimeoutMS", "userNoInputRetries", "bargeInMinWordCount", "continuousASRTimeoutInMS",
    "dtmfCollectMaxDigits", "dtmfCollectInterDigitTimeoutMS", "botNoInputTimeoutMS", "botNoInputRetries",
    "botNoInputGiveUpTimeoutMS",
)  # fmt: skip


@pytest.mark.parametrize("number", [int("9" * 400), -int("9" * 400), float("inf"), float("nan"), 10**4000])
def test_a_number_that_no_fraction_can_hold_is_the_most_or_nothing(number: float) -> None:
    parameters = {"continuousASR": True, "dtmfCollect": True} | dict.fromkeys(NUMBERS, number)
    events = events_from_activity({"type": "message", "channelData": {"sessionParams": parameters}}, 1, 0.0)
    configured = events[0]
    assert isinstance(configured, CallConfigured)
    assert configured.no_input_s is None or 0 < configured.no_input_s <= 600
    assert configured.end_silence_s is None or 0 <= configured.end_silence_s <= 10


@pytest.mark.parametrize("name", [[], {}, [{}], 1, None, True, 10**400])
def test_what_a_bot_calls_an_event_need_not_be_a_name(name: Any) -> None:
    requests = Requests(10.0, patience=Patience(1.0, 5.0, 2.0))
    requests.ask(1, {"type": "message"}, 0.0)
    requests.handing_over(1, {"type": "message"})
    for kind in ("event", "command", "handoff", name):
        for content in ({"name": name}, {"name": name, "value": name, "replyToId": name, "id": name, "from": name}):
            activity = {"type": kind, **content, "channelData": {"streamType": name, "streamId": name}}
            requests.activity(requests.belongs_to(activity), activity, 0.1)


def test_all_cards_of_a_message_share_what_is_looked_at() -> None:
    card = {"content": {"title": "x " * 2000, "body": [{"type": "TextBlock", "text": "y " * 2000}] * 200}}
    buttons = {"content": {"buttons": [{"title": "z" * 5000 + str(number)} for number in range(200)]}}
    said = message(attachments=[card] * 5 + [buttons] * 5).speak
    assert len(said) < 10_000
    assert "y" not in said


def remarks(**content: Any) -> list[str]:
    interpreter = Interpreter()
    interpreter.events({"type": "message", **content}, 1, 0.0)
    return interpreter.take_remarks()


def test_how_much_of_a_message_is_not_said_is_known() -> None:
    assert remarks(speak="x" * 10_001, text="x" * 20_000) == [
        "its speak of 10001 characters is cut at the limit: 1 characters are not said"
    ]
    assert remarks(text="x" * 4_003)[0].endswith(": 3 characters are not said")
    assert remarks(text="x\n" * 120) == ["its text is too long: 21 of 121 lines are not said"]
    assert remarks(text="Hello.") == []


def test_what_a_bot_says_is_bounded() -> None:
    event = message(text="x" * 1_000_000, speak="y" * 1_000_000)
    assert max(len(event.text), len(event.speak)) <= 20_000


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
FIELDS = [
    "text",
    "speak",
    "inputHint",
    "locale",
    "value",
    "channelData",
    "attachments",
    "suggestedActions",
    "code",
    "name",
]


@given(
    st.sampled_from(["message", "event", "handoff", "endOfConversation", "typing"]),
    st.dictionaries(st.sampled_from(FIELDS), json_values),
    st.sampled_from(["config", "handoff.initiate", "transfer", "hangup", None]),
)
def test_no_activity_makes_it_fail(kind: str, content: dict[str, Any], name: str | None) -> None:
    events_from_activity({"type": kind, "name": name, **content}, 1, 0.0)


@given(json_values)
def test_no_json_makes_it_fail(value: Any) -> None:
    events_from_activity(value, 1, 0.0)
    events_from_activity({"type": "message", "channelData": {"sessionParams": value}}, 1, 0.0)
    events_from_activity({"type": "message", "attachments": [{"content": value}]}, 1, 0.0)
    events_from_activity({"type": "message", "suggestedActions": {"actions": [value]}}, 1, 0.0)
