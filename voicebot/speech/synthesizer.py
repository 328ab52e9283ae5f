"""Streaming synthesis from a pool of connected synthesisers.

Most of the time to the first audio is needed for connecting, so at least ``size`` idle connections are kept for each
audio format in use, and one for each other: the SDK looks after each a hundred times a second, used or not, which takes
a fifth of a per cent of a core. An utterance takes an idle connection, or makes a new one. While ``max_size``
utterances are being rendered, others wait for their turn: at most ``max_waiting`` of them, each for a limited time.

A connection goes back to the pool after a complete utterance, so the pool grows with the load. It is discarded if its
utterance was cancelled or failed, or if it was not used for long, so the pool shrinks again. A background task for each
format makes the connections that are missing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Final

from tenacity import RetryCallState, retry_if_exception_type, stop_never, wait_random_exponential

from voicebot.audio import PCMU, AudioFormat
from voicebot.retrying import Attempts
from voicebot.speech.ssml import document
from voicebot.speech.synthesis_connection import SynthesisConnection
from voicebot.speechsdk.drivers import SpeechSdk
from voicebot.speechsdk.endpoint import EndpointSource, SpeechUnavailable, resolve
from voicebot.speechsdk.threads import first_line

log = logging.getLogger(__name__)

_BACK_OFF_MAX_S: Final = 3.0
_RELEASE_TIMEOUT_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class Speech:
    """Something to be said. ``text``: plain, or SSML that begins with ``<speak``; ``language``: BCP 47."""

    text: str
    voice: str
    language: str
    audio: AudioFormat


@dataclass(frozen=True, slots=True)
class SynthesisTimeouts:
    """In seconds. ``first_audio``: from the request to the first audio, including waiting and one retry.
    ``next_chunk``: without audio in the middle of an utterance. ``connect``: for a connection made in advance (the SDK
    does not report if it fails). ``wait``: for the turn of an utterance. ``idle``: a connection that was not used for
    this long is replaced, before a firewall drops it.
    """

    first_audio: float = 3.0
    next_chunk: float = 3.0
    connect: float = 2.0
    wait: float = 2.0
    idle: float = 180.0


class SynthesizerPool:
    """Connected synthesisers, shared by all calls.

    ``size``: the idle connections that are kept for each format that was used in the last ``timeouts.idle`` seconds;
    of ``formats``, one is kept in any case;
    ``max_size``: the most utterances rendered at once, by default 4 times ``size``, at least 4;
    ``max_waiting``: the most utterances that wait for their turn.
    """

    def __init__(
        self,
        sdk: SpeechSdk,
        endpoint: EndpointSource,
        *,
        size: int,
        max_size: int | None = None,
        formats: Sequence[AudioFormat] = (PCMU,),
        max_waiting: int = 64,
        timeouts: SynthesisTimeouts | None = None,
    ) -> None:
        if size < 0 or (max_size is not None and max_size < max(1, size)):
            raise ValueError("a pool needs size >= 0 and max_size >= size")
        self._sdk = sdk
        self._endpoint = endpoint
        self._size = size
        self._max_size = max_size if max_size is not None else max(4, 4 * size)
        self._timeouts = timeouts or SynthesisTimeouts()
        self._max_waiting = max_waiting
        self._formats = list(dict.fromkeys(formats))
        self._idle: dict[AudioFormat, list[SynthesisConnection]] = {}
        self._opening: set[SynthesisConnection] = set()
        self._busy: set[SynthesisConnection] = set()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._called = 0  # waiters that may go on and have not yet
        self._wanted: dict[AudioFormat, asyncio.Event] = {}
        self._filled: dict[AudioFormat, asyncio.Event] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._used_at: dict[AudioFormat, float] = {}
        self._closed = False

    @property
    def idle(self) -> int:
        """The number of idle connections."""
        return sum(len(connections) for connections in self._idle.values())

    @property
    def busy(self) -> int:
        """The number of utterances being rendered."""
        return len(self._busy)

    async def start(self) -> None:
        """Begin to connect. Waits for the first connections, but never raises: failures are retried later."""
        for audio in self._formats:
            self._keep(audio)
        if self._size and self._formats:
            try:
                async with asyncio.timeout(self._timeouts.connect):
                    for audio in self._formats:
                        await self._filled[audio].wait()
            except TimeoutError:
                log.warning("the Speech service cannot be reached for synthesis yet; it is tried again")

    async def close(self) -> None:
        """Stop all utterances and release all connections."""
        self._closed = True
        for keeper in self._keepers:
            keeper.cancel()
        for waiter in self._waiting:
            waiter.cancel()
        if self._keepers:
            await asyncio.wait(self._keepers, timeout=_RELEASE_TIMEOUT_S)
        connections = {*self._busy, *self._opening, *(c for idle in self._idle.values() for c in idle)}
        self._idle.clear()
        releases = [connection.release() for connection in connections]
        if releases:
            _, late = await asyncio.wait(releases, timeout=_RELEASE_TIMEOUT_S)
            if late:
                log.warning("%d synthesisers are still stopping; left to their threads", len(late))

    async def stream(
        self, speech: Speech, *, on_splice: Callable[[], None] = lambda: None
    ) -> AsyncGenerator[bytes, None]:
        """Raw audio of ``speech`` in its format, in pieces of any length as they come from the service.

        Raises :class:`SpeechUnavailable` on an error or a timeout. What failed is rendered once more on a fresh
        connection, and goes on where it broke off. If some of it has been delivered by then, ``on_splice`` is called:
        two renderings of a text may differ, so the splice may be audible. Close the iterator (``contextlib.aclosing``)
        or cancel the task to stop at once.
        """
        ssml = document(speech.text, voice=speech.voice, language=speech.language)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._timeouts.first_audio
        delivered = 0  # bytes
        for attempt in (1, 2):
            again = delivered  # bytes that have been delivered already
            connection: SynthesisConnection | None = None
            try:
                async with asyncio.timeout_at(deadline):
                    connection = await self._acquire(speech.audio, fresh=attempt == 2)
                    await connection.begin(ssml)
                while True:
                    async with asyncio.timeout_at(deadline):
                        piece = await connection.chunk()
                    if not piece:
                        return
                    again, piece = max(0, again - len(piece)), piece[again:]
                    if piece:
                        delivered += len(piece)
                        yield piece
                    deadline = loop.time() + self._timeouts.next_chunk
            except TimeoutError as error:
                when = "in the middle of an utterance" if delivered else "to a request"
                raise SpeechUnavailable(f"the Speech service does not answer {when}") from error
            except SpeechUnavailable as error:
                if error.permanent or attempt == 2 or connection is None:
                    raise
                log.info("synthesis failed (%s); trying a fresh connection", error.reason)
                if delivered:
                    deadline = loop.time() + self._timeouts.first_audio
                    on_splice()
            except RuntimeError as error:
                raise SpeechUnavailable(first_line(error)) from error
            finally:
                if connection is not None:
                    self._return(connection)

    # --- connections ---

    async def _acquire(self, audio: AudioFormat, *, fresh: bool) -> SynthesisConnection:
        if self._closed:
            raise SpeechUnavailable("the synthesiser pool is closed")
        self._used_at[audio] = asyncio.get_running_loop().time()
        self._keep(audio)
        if not fresh:
            await self._turn()
        idle = self._idle[audio]
        while idle and not fresh:
            connection = idle.pop()  # the one used last is the most likely to be alive
            self._wanted[audio].set()
            if connection.alive:
                self._busy.add(connection)
                return connection
            self._discard(connection)
        connection = self._new(audio)
        self._busy.add(connection)
        try:
            await connection.open(resolve(self._endpoint), False)
        except BaseException as error:
            connection.alive = False  # half built: not for the pool
            self._return(connection)
            if isinstance(error, Exception) and not isinstance(error, SpeechUnavailable):
                raise SpeechUnavailable(first_line(error)) from error
            raise
        return connection

    async def _turn(self) -> None:
        """Wait until one more utterance may be rendered; first come, first served."""
        if len(self._busy) + self._called < self._max_size and not self._waiting:
            return
        if len(self._waiting) >= self._max_waiting:
            raise SpeechUnavailable(f"{len(self._busy)} utterances are being rendered and {len(self._waiting)} wait")
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(self._timeouts.wait):
                await asyncio.wait([waiter])
        except TimeoutError as error:
            raise SpeechUnavailable(f"all {self._max_size} synthesisers are busy") from error
        finally:
            if waiter.done() and not waiter.cancelled():
                self._called -= 1
            elif waiter in self._waiting:
                self._waiting.remove(waiter)
        if self._closed:
            raise SpeechUnavailable("the synthesiser pool is closed")

    def _call_next(self) -> None:
        if self._waiting and len(self._busy) + self._called < self._max_size:
            self._called += 1
            self._waiting.popleft().set_result(None)

    def _new(self, audio: AudioFormat) -> SynthesisConnection:
        return SynthesisConnection(self._sdk, audio, self._changed)

    def _return(self, connection: SynthesisConnection) -> None:
        self._busy.discard(connection)
        idle = self._idle.get(connection.audio)
        room = idle is not None and len(idle) + len(self._busy) < self._max_size
        if connection.finished and not self._closed and idle is not None and room:
            connection.since = asyncio.get_running_loop().time()
            idle.append(connection)
        else:
            self._discard(connection)
        self._call_next()

    def _discard(self, connection: SynthesisConnection) -> None:
        connection.release()
        if connection.audio in self._wanted:
            self._wanted[connection.audio].set()

    def _changed(self, connection: SynthesisConnection) -> None:
        idle = self._idle.get(connection.audio, [])
        if connection in idle:
            idle.remove(connection)
            self._discard(connection)

    # --- the keeper of one format's idle connections ---

    def _keep(self, audio: AudioFormat) -> None:
        if audio not in self._idle:
            self._idle[audio] = []
            self._wanted[audio] = asyncio.Event()
            self._filled[audio] = asyncio.Event()
            if self._size:
                self._keepers.append(asyncio.create_task(self._keeper(audio), context=Context()))

    def _kept(self, audio: AudioFormat) -> int:
        """How many idle connections are kept."""
        used_at = self._used_at.get(audio)
        recently = used_at is not None and asyncio.get_running_loop().time() - used_at < self._timeouts.idle
        return self._size if recently else min(1, self._size)

    async def _keeper(self, audio: AudioFormat) -> None:
        idle, wanted = self._idle[audio], self._wanted[audio]
        loop = asyncio.get_running_loop()
        while True:
            wanted.clear()
            for connection in [c for c in idle if loop.time() - c.since > self._timeouts.idle]:
                idle.remove(connection)
                self._discard(connection)
            while len(idle) < self._kept(audio):
                async for attempt in Attempts(
                    wait=wait_random_exponential(multiplier=0.2, max=_BACK_OFF_MAX_S),
                    retry=retry_if_exception_type(SpeechUnavailable),
                    stop=stop_never,
                    before_sleep=_log_attempt,
                ):
                    with attempt:
                        connection = await self._connect(audio)
                if len(idle) < self._kept(audio):
                    idle.append(connection)
                else:
                    self._discard(connection)
            self._filled[audio].set()
            try:
                async with asyncio.timeout(self._timeouts.idle / 4):
                    await wanted.wait()
            except TimeoutError:
                continue

    async def _connect(self, audio: AudioFormat) -> SynthesisConnection:
        connection = self._new(audio)
        self._opening.add(connection)
        connected = False
        try:
            async with asyncio.timeout(self._timeouts.connect):
                await connection.open(resolve(self._endpoint), True)
                await asyncio.wait([connection.ready])
            if connection.error is not None:
                raise connection.error
            connected = True
            return connection
        except TimeoutError as error:
            raise SpeechUnavailable(f"no connection for synthesis within {self._timeouts.connect:g} s") from error
        except SpeechUnavailable:
            raise
        except Exception as error:  # the SDK refuses what it was given, or there is no token, or no endpoint
            raise SpeechUnavailable(first_line(error)) from error
        finally:
            self._opening.discard(connection)
            if not connected:
                connection.release()


def _log_attempt(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    wait = state.next_action.sleep if state.next_action else 0.0
    log.info("connecting a synthesiser failed (%s); attempt %d in %.1f s", error, state.attempt_number + 1, wait)
