"""Keys in INFO, in the spellings of telephones and gateways."""

from __future__ import annotations

import pytest

from voicebot.sip.info_keys import TYPES, key_in
from voicebot.sip.multipart import BodyPart

RELAY, BARE, EVENT = "application/dtmf-relay", "application/dtmf", "audio/telephone-event"
NORTEL = "application/vnd.nortelnetworks.digits"


@pytest.mark.parametrize(
    ("kind", "content", "key"),
    [
        (RELAY, b"Signal=5\r\nDuration=160\r\n", "5"),
        (RELAY, b"signal= 5\nduration= 160", "5"),
        (RELAY, b" Signal = 5 \r\n Duration = 160", "5"),
        (RELAY, b"SIGNAL=5;DURATION=160", "5"),
        (RELAY, b"Duration=250\r\nSignal=5\r\n", "5"),
        (RELAY, b"\r\nSignal=5\r\nDuration=100\r\nMedia=x\r\nNote=y\r\n", "5"),
        (RELAY, b"Signal=*\r\n", "*"),
        (RELAY, b"Signal=#\r\n", "#"),
        (RELAY, b"Signal=10\r\n", "*"),
        (RELAY, b"Signal=11\r\n", "#"),
        (RELAY, b"Signal=15\r\n", "D"),
        (RELAY, b"Signal=d\r\n", "D"),
        (RELAY, b'Signal="7"\r\n', "7"),
        (RELAY, b"Signal=0\0", "0"),
        (RELAY, b"d=9\r\n", "9"),
        (RELAY, b"5", "5"),
        (BARE, b"5", "5"),
        (BARE, b" 5\r\n\r\n", "5"),
        (BARE, b"11", "#"),
        (BARE, b"*", "*"),
        (BARE, b"Signal=5\r\nDuration=160\r\n", "5"),
        (EVENT, b"5", "5"),
        (EVENT, b"d=5", "5"),
        (EVENT, b"event=11\r\nduration=100", "#"),
        (EVENT, b"\x0b\x8a\x03\x20", "#"),
        (NORTEL, b"p=Digit-Collection\r\ny=Digits\r\n\r\nd=Digits\r\nd=5\r\n", "5"),
        (RELAY, b"Signal=16\r\n", ""),
        (RELAY, b"Signal=hf\r\n", ""),
        (RELAY, b"Signal=!\r\n", ""),
        (BARE, b"hookflash", ""),
        ("application/hook-flash", b"signal=hf\r\nduration=250", ""),
        ("application/hook-flash", b"", ""),
    ],
)
def test_a_key_is_read_in_every_spelling(kind: str, content: bytes, key: str) -> None:
    assert kind in TYPES
    assert key_in(BodyPart(kind, "", "", content)) == key


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"Signal=\r\n",
        b"Signal=55",
        b"Signal=E",
        b"Duration=5",
        b"5\r\n6",
        b"Signal:5",
        b"\xb2",
        b"Signal=\xb2",
    ],
)
def test_what_names_no_key_is_none(content: bytes) -> None:
    assert key_in(BodyPart(RELAY, "", "", content)) is None
