"""No input takes more than linear time: work is counted, in lines of Python executed, not timed.

An input of twice the length may cost twice as much and no more. What a regular expression does within one line is not
seen here: the fuzz targets have a time limit for that, and the patterns are bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest
from lines_run import lines_run
from sip_peer import OFFER, Peer

from voicebot.sip.body import has_session, is_understood
from voicebot.sip.header import SipSyntaxError
from voicebot.sip.message import parse_message
from voicebot.sip.offer_answer import answer, select
from voicebot.sip.sdp import SdpError, SessionDescription
from voicebot.sip.stream import StreamFramer

INVITE = bytes(Peer().request("INVITE", body=OFFER))


def message(data: bytes) -> None:
    read = parse_message(data)
    assert read.via and read.contact is not None and read.sender and read.recipient
    parse_message(bytes(read))


def description(data: bytes) -> None:
    read = SessionDescription.parse(data)
    if (agreed := select(read, srtp="allowed")) is not None:
        bytes(answer(read, agreed, "192.0.2.1", 4000))


def stream(data: bytes) -> None:
    framer = StreamFramer()
    for byte in data:
        framer.feed(bytes([byte]))


def body(kind: str) -> Callable[[bytes], None]:
    def work(data: bytes) -> None:
        request = Peer().request("INVITE", body=data, content_type=kind)
        is_understood(request, ("application/sdp",))
        has_session(request)

    return work


def with_header(line: bytes) -> bytes:
    return INVITE.replace(b"Max-Forwards", line + b"\r\nMax-Forwards", 1)


INPUTS: dict[str, tuple[Callable[[bytes], None], Callable[[int], bytes]]] = {
    "many headers": (message, lambda n: with_header(b"\r\n".join([b"X-A: b"] * n))),
    "one long header": (message, lambda n: with_header(b"X-A: " + b"b " * n)),
    "folded lines": (message, lambda n: with_header(b"X-A: b" + b"\r\n c" * n)),
    "many values": (message, lambda n: with_header(b"Supported: " + b"a," * n + b"a")),
    "many Vias": (
        message,
        lambda n: with_header(b"Via: SIP/2.0/UDP 192.0.2.1;branch=z9" + b",SIP/2.0/UDP h" * n),
    ),
    "many parameters": (message, lambda n: with_header(b"Contact: <sip:a@b>" + b";p=1" * n)),
    "quotes": (message, lambda n: with_header(b'Contact: "' + b'\\"' * n + b'" <sip:a@b>')),
    "open quotes": (message, lambda n: with_header(b"Contact: " + b'",' * n)),
    "brackets": (message, lambda n: with_header(b"Contact: " + b"<" * n)),
    "a long URI": (message, lambda n: INVITE.replace(b"sip:bot@", b"sip:" + b"%41" * n + b"@", 1)),
    "a long body": (message, lambda n: INVITE.replace(b"Content-Length", b"X-Length", 1) + b"x" * n),
    "many lines": (description, lambda n: OFFER + b"a=x:y\r\n" * n),
    "many media": (description, lambda n: OFFER + b"m=audio 4000 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\n" * (n // 8)),
    "many formats": (description, lambda n: OFFER + b"m=audio 4000 RTP/AVP" + b" 0" * (n // 4) + b"\r\n"),
    "many rtpmaps": (description, lambda n: OFFER + b"a=rtpmap:96 opus/48000\r\n" * n),
    "many parts": (body("multipart/mixed;boundary=b"), lambda n: b"--b\r\n\r\nx\r\n" * n),
    "many lines of a part": (body("multipart/mixed;boundary=b"), lambda n: b"--b\r\n\r\n" + b"--b-\r\n" * n),
    "many headers of a part": (body("multipart/mixed;boundary=b"), lambda n: b"--b\r\n" + b"a:b\r\n" * n),
    "a folded header of a part": (body("multipart/mixed;boundary=b"), lambda n: b"--b\r\na: b" + b"\r\n c" * n),
    "parts within parts": (
        body("multipart/mixed;boundary=b"),
        lambda n: b"--b\nContent-Type: multipart/mixed;boundary=b\n\n" * n,
    ),
    "many parameters of a type": (lambda data: body("multipart/mixed" + data.decode())(OFFER), lambda n: b";a=b" * n),
    "open quotes in a type": (lambda data: body("multipart/mixed" + data.decode())(OFFER), lambda n: b';a="b' * n),
    "escapes in a type": (lambda data: body('multipart/mixed;a="' + data.decode())(OFFER), lambda n: b'\\"' * n),
    "a message byte by byte": (stream, lambda n: INVITE.replace(b"Content-Length: ", b"X-A: " + b"b" * n + b"\r\nl: ")),
    "a head that never ends": (stream, lambda n: b"INVITE sip:a SIP/2.0\r\n" + b"\r" * n),
    "pings": (stream, lambda n: b"\r\n" * n),
}


@pytest.mark.parametrize("name", INPUTS)
def test_twice_the_input_costs_no_more_than_twice_the_work(name: str) -> None:
    work, made = INPUTS[name]
    costs = [lines_run(partial(work, made(n)), SipSyntaxError, SdpError) for n in (40, 80, 160, 320, 640)]
    for less, more in pairwise(costs):
        assert more <= 2.1 * less + 50, costs
