"""Messages on the media connection of Azure Communication Services, read and written."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio import LINEAR_16K
from voicebot.legs.acs_frames import STOP_AUDIO, MediaAudio, MediaFormat, MediaTone, audio_message, parse_media

FRAME = bytes(range(256)) * 2 + bytes(128)


def audio(**more: Any) -> str:
    part = {"timestamp": "2026-11-28T00:00:00.000Z", "participantRawID": "4:+4930", "silent": False}
    return json.dumps({"kind": "AudioData", "audioData": part | more})


def test_audio_is_of_somebody() -> None:
    assert parse_media(audio(data=base64.b64encode(FRAME).decode())) == MediaAudio("4:+4930", FRAME)


def test_silence_may_come_without_samples() -> None:
    for data in ("", None):
        assert parse_media(audio(data=data, silent=True)) == MediaAudio("4:+4930", LINEAR_16K.frame_of_silence)


@pytest.mark.parametrize(("data", "key"), [("3", "3"), ("*", "*"), ("pound", "#"), ("asterisk", "*"), ("A", "A")])
def test_keys_come_by_sign_or_name(data: str, key: str) -> None:
    assert parse_media(json.dumps({"kind": "DtmfData", "dtmfData": {"data": data}})) == MediaTone(key)


@pytest.mark.parametrize(
    ("rate", "channels", "usable"), [(16000, 1, True), (24000, 1, False), (16000, 2, False), (None, None, False)]
)
def test_only_the_format_that_we_have_asked_for_can_be_used(rate: int, channels: int, usable: bool) -> None:
    about = {"subscriptionId": "s", "encoding": "PCM", "sampleRate": rate, "channels": channels, "length": 640}
    form = parse_media(json.dumps({"kind": "AudioMetadata", "audioMetadata": about}))
    assert isinstance(form, MediaFormat) and form.usable is usable


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not JSON"),
        ("[]", "without a kind"),
        ('{"kind": 1}', "without a kind"),
        ('{"kind":"AudioData"}', "without audioData"),
        ('{"kind":"DtmfData","dtmfData":null}', "without dtmfData"),
        ('{"kind":"DtmfData","dtmfData":{"data":"12"}}', "without a key"),
        (audio(data="%%%"), "not base64"),
        (audio(data="AQ=="), "of 1 bytes"),
        (audio(data=""), "of 0 bytes"),
        (audio(data=base64.b64encode(bytes(6402)).decode()), "of 6402 bytes"),
        (" " * 70_000, "more than 65536 characters"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_media(text)


def test_kinds_of_later_versions_are_no_error() -> None:
    assert parse_media('{"kind":"MarkData","markData":{"id":"1","status":"completed"}}') is None


NAMES = st.sampled_from(["kind", "audioData", "data", "silent", "participantRawID", "AudioData"])
VALUES = st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.dictionaries(NAMES, inner))


@given(st.text() | VALUES.map(json.dumps))
def test_anything_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        parse_media(text)


def test_ours_are_json_with_the_names_of_the_service() -> None:
    assert json.loads(audio_message(FRAME)) == {
        "Kind": "AudioData",
        "AudioData": {"Data": base64.b64encode(FRAME).decode()},
        "StopAudio": None,
    }
    assert json.loads(STOP_AUDIO) == {"Kind": "StopAudio", "AudioData": None, "StopAudio": {}}
