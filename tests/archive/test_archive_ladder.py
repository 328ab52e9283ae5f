"""The SIP messages of a call in text."""

from __future__ import annotations

from typing import Any

import pytest
from kept_calls import kept_call

from voicebot.archive.ladder import label, ladder
from voicebot.sip import Ladders
from voicebot.sip.hop import Hop

INVITE = (
    "INVITE sip:bot@192.0.2.9 SIP/2.0\r\nCall-ID: call-1@phone.example\r\nCSeq: 1 INVITE\r\n"
    "Content-Type: application/sdp\r\n\r\nv=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 8\r\n"
)
OK = "SIP/2.0 200 OK\r\nCall-ID: call-1@phone.example\r\nCSeq: 1 INVITE\r\n\r\n"
BYE = "BYE sip:bot@192.0.2.9 SIP/2.0\r\nCall-ID: call-1@phone.example\r\nCSeq: 2 BYE\r\nX: \x1b[31mred\r\n\r\n"


def signalled() -> dict[str, Any]:
    """The record of a call with two peers."""
    ladders = Ladders()
    for at, (text, peer, sent) in enumerate([(INVITE, 1, False), (OK, 1, True), (BYE, 2, False)]):
        ladders.note(text.encode(), Hop(f"192.0.2.{peer}", 5060), float(at), sent=sent)
    return kept_call(1, ladder=ladders.of("call-1@phone.example"))


def test_each_address_has_a_column_and_each_message_an_arrow() -> None:
    _, _, heads, *rows = ladder(signalled())
    assert heads.index("192.0.2.1:5060 UDP") < heads.index("192.0.2.2:5060 UDP") < heads.index("here")
    assert [row[:12] for row in rows] == ["12:00:00.000", "12:00:01.000", "12:00:02.000"]
    assert "INVITE PCMA 192.0.2.1:4000" in rows[0] and rows[0].endswith("▶│")
    assert "200 OK (INVITE)" in rows[1] and "◀" in rows[1] and "▶" not in rows[1]
    assert rows[2].index("BYE") > heads.index("192.0.2.2")
    assert {row.rindex("│") for row in rows} == {heads.index("here")}


def test_the_messages_are_printed_without_what_a_terminal_obeys() -> None:
    text = "\n".join(ladder(signalled(), whole=True))
    assert "Content-Type: application/sdp" in text and "\x1b" not in text


def test_where_no_messages_were_kept_the_setting_is_named() -> None:
    with pytest.raises(ValueError, match=r"calls\.signalling"):
        list(ladder(kept_call(1)))


@pytest.mark.parametrize("text", ["", "x", "SIP/2.0", "SIP/2.0 200", "INVITE\nm=audio x"])
def test_whatever_is_in_a_record_has_a_label(text: str) -> None:
    assert isinstance(label(text), str)
