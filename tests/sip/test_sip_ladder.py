"""What is kept of SIP messages, and that nothing secret is."""

from __future__ import annotations

import asyncio

import pytest
from waiting import until

from voicebot.address import Address
from voicebot.sip import IncomingCall, Ladders, ListenAt, SipEndpoint, offer_answer
from voicebot.sip.hop import Hop
from voicebot.sip.ladder import FIRST, GONE, LAST, MOST_LETTERS, shown

PEER = Hop("192.0.2.1", 5060)
SECRET = "tops3cret"
SDP = "Content-Type: application/sdp"


def message(start: str = "INVITE sip:bot@192.0.2.9 SIP/2.0", *lines: str, body: str = "", call: str = "c1") -> bytes:
    return "\r\n".join([start, f"Call-ID: {call}", *lines, "", body]).encode()


@pytest.mark.parametrize(
    "secret",
    [
        message("INVITE sip:a@b SIP/2.0", f'Authorization: Digest username="ada", response="{SECRET}"'),
        message("INVITE sip:a@b SIP/2.0", f'pROXY-Authorization :Digest response="x",\r\n response="{SECRET}"'),
        message("INVITE sip:a@b SIP/2.0", f"Authorization:\r\n\tBearer {SECRET}"),
        message("SIP/2.0 200 OK", f'Authentication-Info: rspauth="{SECRET}"'),
        message(f"INVITE sip:ada:{SECRET}@b SIP/2.0", f"Contact: <sips:ada:{SECRET}@192.0.2.1>"),
        message("INVITE sip:a@b SIP/2.0", f"Refer-To: <sip:x@y?Authorization=Digest%20{SECRET}>"),
        message("INVITE sip:a@b SIP/2.0", SDP, body=f"v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{SECRET}"),
        message("INVITE sip:a@b SIP/2.0", "c: APPLICATION/SDP;x=y", body=f"v=0\r\nk=clear:{SECRET}\r\n"),
        message("INVITE sip:a@b SIP/2.0", SDP, body=f"v=0\r\na=key-mgmt:mikey {SECRET}\r\n"),
        message("INVITE sip:a@b SIP/2.0", "Content-Type: application/sdp", body=f"v=0\na=ice-pwd:{SECRET}\n"),
        message("INFO sip:a@b SIP/2.0", "Content-Type: application/dtmf-relay", body=f"Signal={SECRET}"),
        message("INVITE sip:a@b SIP/2.0", 'Content-Type: multipart/mixed;boundary="x"', body=f"--x\r\n\r\n{SECRET}"),
        message("INVITE sip:a@b SIP/2.0", "Content-Type: application/sdp", "Content-Type: text/plain", body=SECRET),
        message("INVITE sip:a@b SIP/2.0", "Content-Type: application/sdp", "Content-Encoding: gzip", body=SECRET),
        message("INVITE sip:a@b SIP/2.0", body=SECRET),
    ],
)  # fmt: skip
def test_keys_passwords_and_unknown_bodies_are_not_kept(secret: bytes) -> None:
    kept = shown(secret)
    assert SECRET not in kept and GONE in kept
    assert kept.startswith(("INVITE", "SIP/2.0", "INFO"))


def test_what_is_not_secret_is_kept_as_it_came() -> None:
    sdp = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\na=fingerprint:sha-256 AA:BB\r\n"
    kept = shown(message("INVITE sip:a@b SIP/2.0", "From: <sip:ada@x>", "Content-Type: application/sdp", body=sdp))
    assert "From: <sip:ada@x>\n" in kept and kept.endswith("m=audio 4000 RTP/AVP 0\na=fingerprint:sha-256 AA:BB")


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\xff\xfe\x00", b"INVITE x", b"INVITE \r\nCall-ID:\r\n"])
def test_whatever_comes_is_survived(data: bytes) -> None:
    ladders = Ladders()
    ladders.note(data, PEER, 0.0, sent=False)
    shown(data)


def test_a_call_begins_with_an_invite_and_is_bounded() -> None:
    ladders = Ladders()
    ladders.note(message("OPTIONS sip:a@b SIP/2.0", call="o1"), PEER, 0.0, sent=False)
    assert list(ladders.of("o1")) == []
    for number in range(FIRST + LAST + 30):
        ladders.note(message(body="x" * 10_000 if number == 0 else ""), PEER, float(number), sent=number % 2 == 1)
    kept = ladders.of("c1")
    assert (len(list(kept)), kept.dropped) == (FIRST + LAST, 30)
    assert [one.at for one in kept][-1] == FIRST + LAST + 29
    ladders.note(message("INVITE sip:a@b SIP/2.0", *(["X: " + "y" * 8000] * 2), call="long"), PEER, 0.0, sent=False)
    assert len(next(iter(ladders.of("long"))).text) == MOST_LETTERS


def test_the_oldest_calls_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicebot.sip.ladder.MOST_CALLS", 2)
    ladders = Ladders()
    for call in ("a", "b", "c"):
        ladders.note(message(call=call), PEER, 0.0, sent=False)
    assert [len(list(ladders.of(call))) for call in ("a", "b", "c")] == [0, 1, 1]


async def test_both_directions_of_a_real_call_are_kept() -> None:
    answering: list[asyncio.Future[object]] = []

    def answer(call: IncomingCall) -> None:
        call.ring()
        answering.append(asyncio.ensure_future(call.answer(offer_answer.offer("127.0.0.1", 40000))))

    caller = SipEndpoint(ListenAt(port=0))
    callee = SipEndpoint(ListenAt(port=0), on_invite=answer, ladders=Ladders())
    await caller.start()
    await callee.start()
    try:
        async with asyncio.timeout(20):
            call = caller.invite(
                Address.parse(f"sip:bot@127.0.0.1:{callee.port}"), offer_answer.offer("127.0.0.1", 40000)
            )
            await call.established()
            call.bye()
            await until(lambda: not callee.active_calls)
        assert callee.ladders is not None
        kept = [(one.sent, one.text.split("\n")[0]) for one in callee.ladders.of(call.call_id)]
        came = [start.split(" ")[0] for sent, start in kept if not sent]
        assert came == ["INVITE", "ACK", "BYE"]
        sent = [start for sent, start in kept if sent]
        assert sent == ["SIP/2.0 100 Trying", "SIP/2.0 180 Ringing", "SIP/2.0 200 OK", "SIP/2.0 200 OK"]
    finally:
        await caller.close()
        await callee.close()
