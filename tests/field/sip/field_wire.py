"""The sockets of the telephones: what comes is handed on message by message."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

Taken = Callable[[bytes, tuple[str, int]], None]


class Socket(asyncio.DatagramProtocol):
    """A UDP socket at ``ip``: what comes goes to ``taken``."""

    def __init__(self, taken: Taken) -> None:
        self.received = 0
        self._taken = taken
        self._transport: asyncio.DatagramTransport

    @classmethod
    async def at(cls, ip: str, port: int, taken: Taken) -> Socket:
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_datagram_endpoint(lambda: cls(taken), local_addr=(ip, port))
        return protocol

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received += 1
        self._taken(data, addr)

    @property
    def port(self) -> int:
        return int(self._transport.get_extra_info("sockname")[1])

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        self._transport.sendto(data, to)

    def close(self) -> None:
        self._transport.close()


class Stream(asyncio.Protocol):
    """A TCP connection to ``server``: each message that comes goes to ``taken``."""

    def __init__(self, taken: Taken) -> None:
        self._taken = taken
        self._waiting = b""
        self._transport: asyncio.Transport

    @classmethod
    async def to(cls, server: tuple[str, int], taken: Taken) -> Stream:
        _, protocol = await asyncio.get_running_loop().create_connection(lambda: cls(taken), *server)
        return protocol

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting = (self._waiting + data).lstrip(b"\r\n")
        while (head := self._waiting.find(b"\r\n\r\n")) >= 0:
            length = re.search(rb"(?i)\ncontent-length: *(\d+)", self._waiting[: head + 2])
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self._waiting) < end:
                return
            message, self._waiting = self._waiting[:end], self._waiting[end:].lstrip(b"\r\n")
            self._taken(message, self._transport.get_extra_info("peername")[:2])

    @property
    def port(self) -> int:
        return int(self._transport.get_extra_info("sockname")[1])

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        self._transport.write(data)

    def close(self) -> None:
        self._transport.close()
