from __future__ import annotations

import pytest

from voicebot.speechsdk.configuration import speech_config
from voicebot.speechsdk.endpoint import SpeechEndpoint, resolve


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "exactly one"),
        ({"host": "ws://127.0.0.1:1", "region": "westeurope", "key": "k"}, "exactly one"),
        ({"region": "westeurope"}, "needs a key"),
        ({"region": "west europe!", "key": "k"}, "region's name"),
        ({"region": "westeurope", "token": lambda: "t"}, "resource_id"),
        ({"host": "ws://127.0.0.1:1", "key": "k", "token": lambda: "t"}, "not both"),
        ({"host": "127.0.0.1:5000"}, "not a URL"),
        ({"host": "ws://:5000"}, "not a URL"),
        ({"host": "ws://127.0.0.1:99999"}, "out of range"),
        ({"host": "ws://127.0.0.1:5000/speech"}, "has a path"),
        ({"host": "ws://speech.example.org:5000", "key": "k"}, "in the clear"),
        ({"endpoint": "http://speech.example.org/", "token": lambda: "t"}, "in the clear"),
        ({"host": "ws://speech.example.org:5000", "key": "k", "allow_unencrypted": True}, "in the clear"),
        ({"host": "ws://speech.example.org:5000"}, "speech.allow_unencrypted = true"),
        ({"host": "http://10.0.0.7:5000"}, "another machine"),
        ({"host": "ws://localhost.example:5000"}, "another machine"),
        ({"endpoint": "WS://[2001:db8::1]/path"}, "another machine"),
        ({"host": "ws://speech.example@127.0.0.1:5000"}, "not a URL"),
    ],
)
def test_a_wrong_endpoint_is_refused_with_its_reason(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        SpeechEndpoint(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        {"host": "ws://127.0.0.1:5000"},
        {"host": "ws://[::1]:5000", "key": "k"},
        {"host": "ws://speech-container:5000", "allow_unencrypted": True},
        {"host": "wss://speech-container:5000"},
        {"host": "http://localhost:5000"},
        {"endpoint": "https://name.cognitiveservices.azure.com/", "key": "k"},
        {"region": "westeurope", "key": "k"},
        {"region": "westeurope", "token": lambda: "t", "resource_id": "/subscriptions/1/r"},
    ],
)
def test_a_right_endpoint_makes_a_configuration(options: dict[str, object]) -> None:
    assert speech_config(SpeechEndpoint(**options)) is not None  # type: ignore[arg-type]


def test_secrets_are_not_shown() -> None:
    shown = repr(SpeechEndpoint(host="ws://127.0.0.1:1", key="top-secret"))
    assert "top-secret" not in shown and "127.0.0.1" in shown


def test_an_entra_token_for_a_region_names_its_resource() -> None:
    endpoint = SpeechEndpoint(region="westeurope", token=lambda: "t0", resource_id="/r")
    assert endpoint.authorization_token() == "aad#/r#t0"
    assert speech_config(endpoint).authorization_token == "aad#/r#t0"


def test_a_source_is_asked_each_time() -> None:
    ports = iter((1, 2))
    source = lambda: SpeechEndpoint(host=f"ws://127.0.0.1:{next(ports)}")  # noqa: E731
    assert [resolve(source).host, resolve(source).host] == ["ws://127.0.0.1:1", "ws://127.0.0.1:2"]
