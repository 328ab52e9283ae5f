"""What is refused and with what, what is dropped, and how the service ends."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import Callable

import psutil
import pytest
from free_port import free_ports
from served import Service
from telephone import LOOPBACK, calling, refusal

pytestmark = pytest.mark.slow

G729_ONLY = "m=audio 4000 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n"
PCMU = "m=audio 4000 RTP/AVP 0\r\n"


def invite(service: Service, media: str, *, call_id: str = "raw") -> bytes:
    """An INVITE by hand; its socket's address is filled in by :func:`exchange`."""
    body = f"v=0\r\no=- 1 1 IN IP4 {LOOPBACK}\r\ns=-\r\nc=IN IP4 {LOOPBACK}\r\nt=0 0\r\n{media}"
    return (
        f"INVITE {service.uri} SIP/2.0\r\nVia: SIP/2.0/UDP {LOOPBACK}:PORT;branch=z9hG4bK{call_id}\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:raw@{LOOPBACK}>;tag=1\r\nTo: <{service.uri}>\r\nCall-ID: {call_id}\r\n"
        f"CSeq: 1 INVITE\r\nContact: <sip:raw@{LOOPBACK}:PORT>\r\nContent-Type: application/sdp\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def options(service: Service) -> bytes:
    return (
        f"OPTIONS {service.uri} SIP/2.0\r\nVia: SIP/2.0/UDP {LOOPBACK}:PORT;branch=z9hG4bKo{time.monotonic_ns()}\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:raw@{LOOPBACK}>;tag=1\r\nTo: <{service.uri}>\r\n"
        f"Call-ID: o{time.monotonic_ns()}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def exchange(service: Service, message: bytes) -> str:
    """Send ``message`` and return the final response, acknowledged if it is to an INVITE. Blocks."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOOPBACK, 0))
        sock.settimeout(20)
        message = message.replace(b"PORT", str(sock.getsockname()[1]).encode())
        sock.sendto(message, (LOOPBACK, service.port))
        while True:
            response = sock.recv(65536).decode()
            if not response.startswith("SIP/2.0 1"):
                break
        if message.startswith(b"INVITE"):
            lines = message.decode().partition("\r\n\r\n")[0].split("\r\n")
            to = next(line for line in response.split("\r\n") if line.startswith("To:"))
            kept = [line for line in lines[1:] if line.split(":")[0] in ("Via", "Max-Forwards", "From", "Call-ID")]
            ack = [lines[0].replace("INVITE", "ACK", 1), *kept, to, "CSeq: 1 ACK", "Content-Length: 0", "", ""]
            sock.sendto("\r\n".join(ack).encode(), (LOOPBACK, service.port))
        return response


def status_of(response: str) -> int:
    return int(response.split()[1])


async def test_sigterm_lets_the_running_call_reach_its_end_and_refuses_new_ones(
    serve_scripted: Callable[..., Service],
) -> None:
    service = serve_scripted(calls__drain_s=60)
    children = service.process.children(recursive=True)
    async with calling(service.uri) as phone:
        await phone.answer(0)
        service.terminate()
        await phone.until(lambda: "new calls are refused" in service.log(), "the drain")
        response = await asyncio.to_thread(exchange, service, invite(service, PCMU))
        assert status_of(response) == 503
        assert "Retry-After:" in response
        assert service.running
        phone.press("3")  # opening hours
        await phone.answer(time.monotonic(), quiet_s=1.5)
        phone.press("2")  # nothing else
        await phone.until_ended()
        assert phone.call is not None and phone.call.ended is not None
        assert phone.call.ended.cause == "bye"
        call_id = phone.call.call_id
    ended = time.monotonic()
    status = await asyncio.to_thread(service.status)
    print(f"the process ended {time.monotonic() - ended:.1f} s after its last call, status {status}")
    assert status == 0
    assert service.record(call_id)["end"] == {"reason": "bot", "bot_asked": True}
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


async def test_a_call_that_outlasts_the_drain_is_ended_with_a_bye(serve_scripted: Callable[..., Service]) -> None:
    service = serve_scripted(calls__drain_s=1)
    async with calling(service.uri) as phone:
        await phone.answer(0)
        asked = time.monotonic()
        service.terminate()
        ended = await phone.until_ended()
        print(f"BYE {ended - asked:.1f} s after SIGTERM with a drain of 1 s")
        assert phone.call is not None and phone.call.ended is not None
        assert phone.call.ended.cause == "bye"
        assert await asyncio.to_thread(service.status) == 0
        assert service.record(phone.call.call_id)["end"]["reason"] == "bot"


async def test_too_many_calls_and_no_free_port_get_503_and_no_common_codec_488(
    serve_scripted: Callable[..., Service],
) -> None:
    service = serve_scripted(sip__max_calls=2)
    async with calling(service.uri), calling(service.uri):
        response = await asyncio.to_thread(exchange, service, invite(service, PCMU))
        assert status_of(response) == 503
        assert "Retry-After:" in response
    response = await asyncio.to_thread(exchange, service, invite(service, G729_ONLY, call_id="g722"))
    assert status_of(response) == 488
    async with calling(service.uri) as after:
        await after.answer(0)


async def test_a_range_of_ports_that_is_used_up_gets_503_until_a_port_has_rested(
    serve_scripted: Callable[..., Service],
) -> None:
    low, high = free_ports(4)
    service = serve_scripted(rtp__port_low=low, rtp__port_high=high)
    async with calling(service.uri), calling(service.uri):
        assert await refusal(service.uri) == 503
        response = await asyncio.to_thread(exchange, service, invite(service, PCMU))
        assert "Retry-After:" in response


async def test_garbage_is_dropped_without_a_word_in_the_log(serve_scripted: Callable[..., Service]) -> None:
    service = serve_scripted(log__level="WARNING")
    rng = random.Random(5)
    whole = invite(service, PCMU)
    async with calling(service.uri) as phone:
        assert phone._target is not None
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((LOOPBACK, 0))
            for _ in range(300):
                broken = bytearray(whole[: rng.randrange(len(whole))])
                for _ in range(rng.randrange(8)):
                    if broken:
                        broken[rng.randrange(len(broken))] = rng.randrange(256)
                sock.sendto(bytes(broken), (LOOPBACK, service.port))
                sock.sendto(rng.randbytes(rng.randrange(200)), (LOOPBACK, service.port))
                for port in (phone._target[1], phone._target[1] + 1):
                    sock.sendto(rng.randbytes(rng.randrange(200)), (LOOPBACK, port))
                    sock.sendto(b"\x80\xc8" + rng.randbytes(rng.randrange(60)), (LOOPBACK, port))
                # from the address that the call is locked to, too
                assert phone._transport is not None
                phone._transport.sendto(rng.randbytes(rng.randrange(200)), phone._target)
                phone._transport.sendto(b"\x80\x65" + rng.randbytes(rng.randrange(14)), phone._target)
                await asyncio.sleep(0.002)
        assert status_of(await asyncio.to_thread(exchange, service, options(service))) == 200
        phone.press("3")
        await phone.answer(time.monotonic())
        assert phone.call is not None
        call_id = phone.call.call_id
    quality = service.record(call_id)["quality"]
    print({name: quality[name] for name in ("malformed", "foreign_packets", "discarded", "packets_received")})
    assert quality["malformed"] > 100
    assert quality["foreign_packets"] > 0
    lines = [line for line in service.log().splitlines() if "ERROR" in line or "Exception" in line]
    assert not lines, lines[:3]
