"""Bodies and session descriptions as gateways and phones were reported to write them (README.md)."""

from __future__ import annotations

import pytest
from field_phone import EVENTS, Phone
from field_service import LOOPBACK, Field
from waiting import until

ISUP = bytes([1, 0, 0x60, 0, 10, 3, 2, 9, 7, 3, 0x90, 0x55, 0x51, 0, 1, 0, 0x0A, 0, 255, 254])


async def test_an_offer_beside_isup_is_taken(field: Field) -> None:
    """multipart/mixed (RFC 5621, RFC 3204) of a SIP-I gateway."""
    async with Phone((LOOPBACK, field.service.port)) as phone:
        sdp = phone.sdp("8 101", "a=rtpmap:8 PCMA/8000\r\n" + EVENTS)
        body = (
            b"--gw\r\nContent-Disposition: session; handling=required\r\nContent-Type: application/sdp\r\n\r\n"
            + sdp.encode()
            + b"\r\n--gw\r\nContent-Disposition: signal; handling=optional\r\n"
            + b"Content-Type: application/isup; version=itu-t92+; base=itu-t92+\r\n\r\n"
            + ISUP
            + b"\r\n--gw--\r\n"
        )
        ok = await phone.invite(body, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;boundary=gw\r\n")
        assert ok.status == 200
        assert b"RTP/AVP 8" in ok.body
        await phone.bye()


async def test_an_offer_of_the_profile_with_feedback_is_answered_with_it(field: Field) -> None:
    """RFC 4585; Linphone with AVPF on."""
    async with Phone((LOOPBACK, field.service.port)) as phone:
        lines = "a=rtpmap:124 opus/48000/2\r\na=rtcp-fb:* trr-int 5000\r\n" + EVENTS
        ok = await phone.invite(phone.sdp("124 8 0 101", lines, profile="RTP/AVPF"))
        assert ok.status == 200
        assert b" RTP/AVPF " in ok.body
        await phone.bye()


async def test_a_name_in_the_connection_line_is_looked_up(field: Field) -> None:
    """The edge of a big provider."""
    async with Phone((LOOPBACK, field.service.port)) as phone:
        assert (await phone.invite(phone.sdp(ip="localhost"))).status == 200
        await phone.talk(0.2)
        await until(lambda: phone.audible > 5)
        await phone.bye()


ODD = {
    "blank lines at the end": lambda sdp: sdp + "\r\n\r\n",
    "LF only": lambda sdp: sdp.replace("\r\n", "\n"),
    "a blank line in the middle": lambda sdp: sdp.replace("a=ptime", "\r\na=ptime"),
    "a NUL at the end": lambda sdp: sdp + "\0",
    "spaces at the ends": lambda sdp: sdp.replace("s=-", "s=- ").replace("8000\r\n", "8000 \r\n"),
    "a direction with a space": lambda sdp: sdp.replace("a=sendrecv", "a=sendonly "),
}


@pytest.mark.parametrize("how", ODD)
async def test_spaces_and_empty_lines_in_a_session_description_change_nothing(field: Field, how: str) -> None:
    async with Phone((LOOPBACK, field.service.port)) as phone:
        ok = await phone.invite(ODD[how](phone.sdp()))
        assert ok.status == 200
        assert (b"a=recvonly" in ok.body) == ("direction" in how)
        await phone.bye()
