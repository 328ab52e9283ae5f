"""A plain telephone: our signalling, but media of its own, so that what it tells of the wire is what was on the wire.

It sends a packet every 20 ms (silence, speech, or a key after RFC 4733) and keeps every packet that comes, with its
time. Nothing is reordered, concealed or filled in.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import struct
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

from voicebot.address import Address
from voicebot.audio import FRAME_S, PCMU
from voicebot.audio.codecs import CODECS
from voicebot.caller.ear import level_dbfs
from voicebot.sip import AgentOptions, CallClosed, ListenAt, OutgoingCall, SipEndpoint, offer_answer
from voicebot.speech import apology

LOOPBACK = "127.0.0.1"
FRAME = 160
SILENCE = b"\xff" * FRAME
AUDIBLE_DBFS = -48.0
EVENT_TYPE = 101
SPEECH = apology("bot", PCMU)
"""Any human-sounding words will do where the scripted service makes up what was said."""
DEADLINE_S = 60.0
"""Much more than anything takes, on a machine that is busy with other things, too."""
PIECE = 3200
"""0.4 s of a recording: enough of it to be sure, little enough that a lost packet does not hide all of them."""


class Telephone(asyncio.DatagramProtocol):
    """One call. Made by :func:`calling`; all times are ``time.monotonic()``."""

    def __init__(self, endpoint: SipEndpoint) -> None:
        self.endpoint = endpoint
        self.call: OutgoingCall | None = None
        self.packets: list[tuple[float, int, bytes]] = []
        self.sent: list[float] = []
        self.transfers: list[str] = []
        self.invited = self.answered = 0.0
        self._audible: list[float] = []
        self._quiet = 0
        """Packets since the last audible one."""
        self._transport: asyncio.DatagramTransport | None = None
        self._target: tuple[str, int] | None = None
        self._keys: deque[str] = deque()
        self._speech: deque[bytes] = deque()
        self._sending: asyncio.Task[None] | None = None

    # --- the call ---

    async def invite(self, uri: str) -> None:
        """Ring up, without waiting."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(LOOPBACK, 0))
        port = self._transport.get_extra_info("sockname")[1]
        offer = offer_answer.offer(LOOPBACK, port, codecs=[CODECS["PCMU"]], telephone_event=EVENT_TYPE, session_id=1)
        self.invited = time.monotonic()
        self.call = self.endpoint.invite(Address.parse(uri), offer, sender=Address("caller"))
        self.call.on_refer = self._referred

    async def up(self, timeout_s: float = 30.0) -> None:
        """Wait for the answer, and begin to send. Raises :class:`CallClosed`."""
        assert self.call is not None
        answer = await self.call.established(timeout_s=timeout_s)
        agreed = offer_answer.select(answer, [CODECS["PCMU"]])
        assert agreed is not None
        self.answered = time.monotonic()
        self._target = (agreed.host, agreed.port)
        self._sending = asyncio.create_task(self._send())

    async def close(self, *, bye: bool = True) -> None:
        """Hang up; without ``bye`` the telephone just falls silent, as one whose battery is empty."""
        if self._sending is not None:
            self._sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sending
        if bye and self.call is not None:
            self.call.bye()
        if self._transport is not None:
            self._transport.close()

    @property
    def ended(self) -> bool:
        return self.call is not None and self.call.ended is not None

    def _referred(self, target: str, _by: str) -> bool:
        assert self.call is not None
        self.transfers.append(target)
        asyncio.get_running_loop().call_soon(self.call.notify_refer, 200, "OK")
        return True

    # --- what it sends ---

    def press(self, keys: str) -> None:
        self._keys.extend(keys)

    def say(self, ulaw: bytes) -> None:
        self._speech.extend(ulaw[at : at + FRAME].ljust(FRAME, b"\xff") for at in range(0, len(ulaw), FRAME))

    async def _send(self) -> None:
        sequence, due = itertools.count(1000), time.monotonic()
        packets = self._outgoing()
        for timestamp in itertools.count(160, FRAME):
            kind, event_timestamp, payload = next(packets)
            stamp = (event_timestamp or timestamp) & 0xFFFFFFFF
            header = struct.pack("!BBHII", 0x80, kind, next(sequence) & 0xFFFF, stamp, 0x5EED)
            assert self._transport is not None
            self._transport.sendto(header + payload, self._target)
            self.sent.append(time.monotonic())
            self._now = timestamp + FRAME
            due += 0.02
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _outgoing(self) -> Iterator[tuple[int, int, bytes]]:
        """Payload type, timestamp (0: the running one) and payload of each packet."""
        self._now = 160
        while True:
            if self._keys:
                key, began = "0123456789*#ABCD".index(self._keys.popleft()), self._now
                for number in range(1, 6):
                    marker = 0x80 if number == 1 else 0
                    yield EVENT_TYPE | marker, began, struct.pack("!BBH", key, 10, number * FRAME)
                for _ in range(3):
                    yield EVENT_TYPE, began, struct.pack("!BBH", key, 0x80 | 10, 5 * FRAME)
                yield 0, 0, SILENCE
            else:
                yield 0, 0, self._speech.popleft() if self._speech else SILENCE

    # --- what it hears ---

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) != 12 + FRAME or data[1] & 0x7F:
            return
        at = time.monotonic()
        self.packets.append((at, int.from_bytes(data[2:4], "big"), data[12:]))
        self._quiet += 1
        if data[12:] != SILENCE and level_dbfs(data[12:], PCMU) > AUDIBLE_DBFS:
            self._audible.append(at)
            self._quiet = 0

    @property
    def last_audible(self) -> float:
        return self._audible[-1] if self._audible else 0.0

    def audio(self, since: float = 0.0) -> bytes:
        return b"".join(payload for at, _, payload in self.packets if at >= since)

    def hears(self, kind: str, since: float = 0.0) -> bool:
        """Whether the shipped apology ``kind`` was heard, byte for byte."""
        recording, heard = apology(kind, PCMU), self.audio(since)
        return any(recording[at : at + PIECE] in heard for at in range(0, len(recording) - PIECE + 1, PIECE))

    def longest_gap_s(self, since: float, until: float) -> float:
        """The longest time without any packet, less the longest in which this telephone sent none, though it should
        every 20 ms: for that the machine is to blame, which is busy, and it slows the service as much."""
        came = [at for at, _, _ in self.packets]
        return _longest_s(came, since, until) - _longest_s(self.sent, since, until)

    def longest_silence_s(self, since: float, until: float) -> float:
        """The longest time in which the caller heard nothing."""
        return _longest_s(self._audible, since, until)

    # --- waiting ---

    async def until(self, condition: Callable[[], bool], what: str, within_s: float = DEADLINE_S) -> float:
        """Wait for ``condition``; returns when it held. Fails the test after ``within_s``."""
        end = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < end, f"{what}: not within {within_s:g} s"
            await asyncio.sleep(0.02)
        return time.monotonic()

    async def answer(self, since: float, *, quiet_s: float = 0.6, within_s: float = DEADLINE_S) -> None:
        """Wait until something was heard after ``since`` and the bot has finished: it sends silence, or has hung up.
        While it sends nothing, because the machine is busy, nobody knows that."""
        await self.until(
            lambda: self.last_audible > since and (self._quiet > quiet_s / FRAME_S or self.ended),
            "an answer of the bot",
            within_s,
        )

    async def ask(self) -> None:
        """Say something, and hear the answer to its end."""
        said = time.monotonic()
        self.say(SPEECH)
        await self.answer(said + len(SPEECH) / 8000)

    async def until_hears(self, kind: str, since: float, within_s: float = DEADLINE_S) -> float:
        return await self.until(lambda: self.hears(kind, since), f"the apology {kind!r}", within_s)

    async def until_ended(self, within_s: float = DEADLINE_S) -> float:
        return await self.until(lambda: self.ended, "the end of the call", within_s)


def _longest_s(times: list[float], since: float, until: float) -> float:
    """The longest time between two of ``times``, or to the bounds."""
    return max(b - a for a, b in itertools.pairwise([since, *(at for at in times if since < at < until), until]))


@asynccontextmanager
async def phone() -> AsyncIterator[SipEndpoint]:
    """The signalling of one telephone, or of many."""
    endpoint = SipEndpoint(ListenAt(host=LOOPBACK, port=0), options=AgentOptions(name="telephone"))
    await endpoint.start()
    try:
        yield endpoint
    finally:
        await endpoint.close()


@asynccontextmanager
async def calling(uri: str) -> AsyncIterator[Telephone]:
    """A call that was answered; hung up at the end of the block."""
    async with phone() as endpoint:
        telephone = Telephone(endpoint)
        try:
            await telephone.invite(uri)
            await telephone.up()
            yield telephone
        finally:
            await telephone.close()


async def refusal(uri: str) -> int:
    """Call, and return the status with which that was refused."""
    async with phone() as endpoint:
        telephone = Telephone(endpoint)
        try:
            await telephone.invite(uri)
            await telephone.up()
        except CallClosed as closed:
            return closed.end.status
        finally:
            await telephone.close()
    raise AssertionError("the call was answered")
