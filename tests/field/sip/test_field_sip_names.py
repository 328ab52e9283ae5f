"""NAT, registrars and names, as they were reported to come between phones and services (README.md)."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from field_phone import Phone, header
from field_service import LOOPBACK
from field_wire import Socket
from served import Service
from waiting import until

from voicebot.sip import Account, ListenAt, SipEndpoint, SipRequest
from voicebot.sip.message import parse_message

Serve = Callable[..., Service]


class Registrar:
    """Challenges with two algorithms and a realm with a comma, then answers with ``contacts`` and ``headers``.

    ``times``: when it registered somebody. ``trouble``: what was wrong with the credentials it was shown.
    """

    def __init__(self, contacts: str, headers: str = "") -> None:
        self.asked: list[SipRequest] = []
        self.trouble: list[str] = []
        self._contacts, self._headers = contacts, headers
        self._socket: Socket

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[int]:
        """Its port, while it waits for registrations."""
        self._socket = await Socket.at(LOOPBACK, 0, self._received)
        yield self._socket.port
        self._socket.close()

    def _received(self, data: bytes, source: tuple[str, int]) -> None:
        request = parse_message(data)
        assert isinstance(request, SipRequest)
        kept = "".join(f"{name}: {request.headers[name]}\r\n" for name in ("Via", "From", "Call-ID", "CSeq"))
        head = f"{kept}To: {request.headers['To']};tag=r1\r\n"
        shown = dict(re.findall(r'(\w+)="?((?:[^",\\]|\\.|(?<=n\\"), )*)', header(request, "Authorization")))
        if not shown:
            realm = r'realm="Pbx, \"main\""'
            head += (
                f'WWW-Authenticate: Digest {realm}, nonce="n1",algorithm=SHA-512-256, qop="auth"\r\n'
                f'WWW-Authenticate: Digest algorithm=MD5,{realm},qop="auth-int,auth",nonce="n2",opaque="o"\r\n'
            )
            self._socket.send(f"SIP/2.0 401 Who?\r\n{head}Content-Length: 0\r\n\r\n".encode(), source)
            return
        secret = _md5('7000:Pbx, "main":secret')
        right = _md5(f"{secret}:n2:{shown['nc']}:{shown['cnonce']}:auth:{_md5('REGISTER:' + shown['uri'])}")
        if (shown["response"], shown["opaque"]) != (right, "o"):
            self.trouble.append(header(request, "Authorization"))
        self.asked.append(request)
        head += f"Contact: {self._contacts}\r\n{self._headers}"
        self._socket.send(f"SIP/2.0 200 OK\r\n{head}Content-Length: 0\r\n\r\n".encode(), source)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


OTHERS = ", <sip:7000@10.0.0.77:5060>;expires=3600, <sip:7000@10.0.0.88:5060>;expires=0"


@pytest.mark.parametrize("others", ["", OTHERS])
async def test_a_binding_that_the_registrar_rewrote_is_refreshed_before_it_is_over(others: str) -> None:
    """It writes the address that it sees (NAT), and names the time in the Contact alone."""
    registrar = Registrar(f"<sip:7000@198.51.100.7:1024>;expires=3{others}")
    async with registrar.waiting() as port:
        account = Account("pbx", f"sip:{LOOPBACK}:{port}", "7000", "secret")
        endpoint = SipEndpoint(ListenAt(port=0), accounts=[account])
        await endpoint.start()
        await until(lambda: len(registrar.asked) > 1, 10)
        await endpoint.close()
    assert registrar.trouble == []


async def test_who_is_registered_by_a_connection_registers_again_when_that_is_closed() -> None:
    """Nobody could call it any more: https://github.com/pjsip/pjproject/issues/1044"""
    asked: list[SipRequest] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = parse_message(await reader.readuntil(b"\r\n\r\n"))
        assert isinstance(request, SipRequest)
        asked.append(request)
        kept = "".join(f"{name}: {request.headers[name]}\r\n" for name in ("Via", "From", "To", "Call-ID", "CSeq"))
        binding = f"Contact: {request.headers['Contact']};expires=600\r\n"
        writer.write(f"SIP/2.0 200 OK\r\n{kept}{binding}Content-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, LOOPBACK, 0) as server:
        port = server.sockets[0].getsockname()[1]
        endpoint = SipEndpoint(
            ListenAt(port=0), accounts=[Account("pbx", f"sip:{LOOPBACK}:{port};transport=tcp", "7000")]
        )
        await endpoint.start()
        await until(lambda: len(asked) > 1)
        assert endpoint.registrations["pbx"].status == 200
        await endpoint.close()


async def test_a_service_with_a_name_says_it_in_contact_and_an_address_in_its_session_descriptions(
    serve: Serve,
) -> None:
    """Microsoft Teams wants the name in Contact; nobody looks up names in session descriptions."""
    service = serve(sip__advertised_host="localhost")
    async with Phone((LOOPBACK, service.port)) as phone:
        ok = await phone.invite()
        assert ok.contact[0].uri == f"sip:voicebot@localhost:{service.port}"
        assert re.findall(r"^[co]=.*IN IP4 (\S+)", ok.body.decode(), re.M) == [LOOPBACK, LOOPBACK]
        await phone.bye()
