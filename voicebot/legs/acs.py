"""A call by Azure Communication Services as a leg: what incoming and outgoing calls share.

Requests to the service are accepted at once, and events tell their outcome, in no certain order: the first event of a
call may come before the response to the request that began it. So a leg is up when all of it has come: the response or
an event with the id of the connection, ``CallConnected``, and a media connection whose format is known. In a call whose
prompts and questions the service carries out itself (``acs_operations.py``), there are no media.

If the media connection breaks, the service is asked to open it again; until it is there, the bot's prompts stand still.
A call without media for :data:`REJOIN_S` is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from voicebot.address import Address
from voicebot.events import TransferEnded
from voicebot.legs import Leg, LegClosed, LegInfo, LegSink
from voicebot.legs.acs_events import CallEvent, CommunicationIdentifier, Result
from voicebot.legs.acs_media import CallMedia, MediaSocket
from voicebot.legs.acs_operations import AcsOperations
from voicebot.legs.acs_platform import MAX_KEYS, CallbackUrls, Platform, PlatformRefused, sip_headers
from voicebot.legs.acs_progress import Progress
from voicebot.legs.acs_recorder import AcsRecorder
from voicebot.legs.acs_without_media import WithoutMedia
from voicebot.rtp import MediaClock, MediaQuality, Playout
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

UP_S: Final = 10.0
"""From the answer until media may flow."""
REJOIN_S: Final = 10.0
SETTLE_S: Final = 0.5
"""A call that ends loses its media first."""
ASK_AGAIN_S: Final = 2.0
TRANSFER_S: Final = 60.0
"""Until the target has answered or not."""
AFTER_TRANSFER_S: Final = 5.0
"""A caller who was transferred is taken from us by the service; after that, we leave."""
OUT_OF_ORDER_S: Final = 2.0
"""The end of a call may be told before what has led to it."""
MAX_SEEN: Final = 256
_KEYS: Final = frozenset("0123456789*#ABCD")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all legs of a front end share. ``urls``: makes the addresses of a call's callbacks, of its id and its
    secret. ``ended`` is called once for each leg, with its id. ``by_platform``: the service speaks and listens.
    ``records``: it makes the recordings."""

    platform: Platform
    clock: MediaClock
    lead_ms: int
    tasks: BackgroundTasks
    urls: Callable[[str, str], CallbackUrls]
    ended: Callable[[str], None]
    by_platform: bool = False
    records: bool = False


class AcsLeg:
    """See :class:`voicebot.legs.Leg`. ``other``: who is at the other end. ``id`` and ``secret`` are in the paths of its
    callbacks."""

    def __init__(self, around: Surroundings, info: LegInfo, other: CommunicationIdentifier) -> None:
        self.id = secrets.token_hex(16)
        self.secret = secrets.token_urlsafe(24)
        self._around = around
        progress = self._progress = Progress(info.call_id)
        self.media: CallMedia | WithoutMedia
        self.operations: AcsOperations | None = None
        if around.by_platform:
            self.media = WithoutMedia()
            self.operations = AcsOperations(
                around.platform, lambda: progress.connection, other, self.urls.file, around.tasks
            )
        else:
            self.media = CallMedia(info.call_id, other.raw_id, around.lead_ms, self._check_up)
        self.recorder = AcsRecorder(around.platform, progress.when_up) if around.records else None
        self._platform = around.platform
        self._info = info
        self._other = other
        self._clock = around.clock
        self._tasks = around.tasks
        self._loop = asyncio.get_running_loop()
        self._told = progress.told
        self._transferred = False
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._transfers: dict[str, asyncio.Future[tuple[bool, Result]]] = {}
        self._rejoining = False
        self._disconnecting: asyncio.Task[None] | None = None

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._progress.over

    @property
    def urls(self) -> CallbackUrls:
        """Where the service sends its events and media."""
        return self._around.urls(self.id, self.secret)

    # --- Leg

    @property
    def info(self) -> LegInfo:
        return self._info

    @property
    def playout(self) -> Playout:
        return self.media.playout

    @property
    def audible(self) -> bool:
        return self.media.live.is_set()

    def connect(self, sink: LegSink) -> None:
        if not self.over:
            self.media.sink = sink
        self._told.connect(sink)

    def ring(self) -> None:
        """No effect: the caller hears the service's ringing until we answer."""

    def early_media(self) -> bool:
        """Not possible: there is no media before the answer."""
        return False

    def hold(self, on: bool) -> None:
        """The other side hears what we play, and its audio is replaced by silence; the service is not told, because its
        own hold would play music over it."""
        self.media.deaf = on

    async def transfer(
        self, target: Address, headers: Mapping[str, str] | None = None, replaces: Leg | None = None
    ) -> TransferEnded:
        if self.over or not self._progress.connection:
            return self._not_transferred("the call has ended")
        if isinstance(replaces, AcsLeg):
            return await self._joined_by(replaces)
        if replaces is not None:
            return self._not_transferred("the call with the target was made by another front end", 501)
        number = target.number
        if not number.startswith("+"):
            return self._not_transferred(f"{target}: only numbers that begin with + and a country code can be called")
        fit, left_out = sip_headers(headers or {})
        if left_out:
            logger.warning("call %s: headers do not fit into a transfer: %s", self._info.call_id, ", ".join(left_out))
        ended = await self._operated(
            lambda operation: self._platform.transfer(
                self._progress.connection, number, operation, caller=self._other.number, headers=fit
            )
        )
        if ended.accepted:
            self._tasks.spawn(self._leave(), "leaving a call that was transferred")
        return ended

    async def _joined_by(self, consulted: AcsLeg) -> TransferEnded:
        """An attended transfer: who is at the other end of ``consulted`` is moved into this call, and we leave it."""
        if consulted.over:
            return self._not_transferred("the target has hung up")
        ended = await self._operated(
            lambda operation: self._platform.move(
                self._progress.connection, consulted._other.raw_id, consulted._progress.connection, operation
            )
        )
        if not ended.accepted:
            return ended
        self._transferred = True
        try:
            await self._platform.leave(self._progress.connection)
        except PlatformRefused as refused:
            logger.error("call %s: cannot be left after a transfer: %s", self._info.call_id, refused)
        self._finish("transfer")
        return ended

    async def _operated(self, ask: Callable[[str], Awaitable[None]]) -> TransferEnded:
        """``ask`` the service for something, with this context, of which an event tells the outcome."""
        operation = secrets.token_hex(8)
        outcome = self._transfers[operation] = self._loop.create_future()
        try:
            async with asyncio.timeout(TRANSFER_S):
                await ask(operation)
                accepted, result = await outcome
        except PlatformRefused as refused:
            return self._not_transferred(str(refused))
        except TimeoutError:
            return self._not_transferred(f"nothing is known of it after {TRANSFER_S:g} s")
        finally:
            del self._transfers[operation]
        return TransferEnded(self._loop.time(), accepted, result.sip or (0 if accepted else result.code), str(result))

    async def hang_up(self) -> None:
        if self.over:
            return
        self._finish("bot")
        self._disconnect()
        if self._disconnecting is not None:
            await asyncio.wait([self._disconnecting])

    def send_keys(self, keys: str) -> None:
        known = "".join(key for key in keys if key in _KEYS)
        if not self._progress.connection or not self._other.number:
            logger.warning("call %s: %d keys dropped: only phone numbers get any", self._info.call_id, len(keys))
        elif known and not self.over:
            self._tasks.spawn(self._press(known), "sending keys")

    def quality(self) -> MediaQuality:
        return self.media.quality()

    # --- from the listener

    def told(self, event: CallEvent) -> bool:
        """An event of this call. False: it is of another one."""
        if self._progress.connection and event.connection != self._progress.connection:
            return False
        if event.event in self._seen:
            return True
        self._seen[event.event] = None
        if len(self._seen) > MAX_SEEN:
            self._seen.popitem(last=False)
        self._progress.bind(event.connection)
        self._happened(event)
        return True

    def file(self, name: str) -> bytes | None:
        """The samples of an audio file that the service is to play."""
        return self.operations.file(name) if self.operations is not None else None

    def media_connected(self, wire: MediaSocket) -> None:
        """There may be one connection at a time: see :attr:`CallMedia.connected`."""
        self.media.attach(wire)

    def media_lost(self) -> None:
        """The media connection is gone."""
        self.media.detach()
        if not self.over and self._progress.up and not self._rejoining and not self._transferred:
            self._rejoining = True
            self._tasks.spawn(self._rejoin(), "opening a media connection again")

    # --- what happens

    def _happened(self, event: CallEvent) -> None:
        match event.kind:
            case "CallConnected":
                self._progress.connected = True
                if self.over:
                    self._disconnect()
                self._check_up()
            case "CallDisconnected":
                self._tasks.spawn(self._disconnected(event.result), "the end of a call")
            case "CreateCallFailed" | "AnswerFailed":
                self._failed(event.result)
            case "CallTransferAccepted" | "CallTransferFailed" | "MoveParticipantSucceeded" | "MoveParticipantFailed":
                accepted = event.kind in ("CallTransferAccepted", "MoveParticipantSucceeded")
                self._transferred = self._transferred or accepted
                outcome = self._transfers.get(event.operation)
                if outcome is not None and not outcome.done():
                    outcome.set_result((accepted, event.result))
            case kind if kind.startswith(("Play", "Recognize")) and self.operations is not None:
                self.operations.told(event)
            case "MediaStreamingFailed":
                logger.error("call %s: the service cannot open the media connection: %s: is acs.public_url right?",
                             self._info.call_id, event.result)  # fmt: skip
                if not self._progress.up and not self.over:
                    self._finish("media-timeout")
                    self._disconnect()

    def _failed(self, result: Result) -> None:
        """It never came up, as an event tells."""
        self._finish("error" if result.code >= 500 else "cancelled")

    async def _disconnected(self, result: Result) -> None:
        """The service has ended the call: the other side has hung up, unless a transfer is known to have succeeded."""
        if self._transfers and not self._transferred:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(next(iter(self._transfers.values()))), OUT_OF_ORDER_S)
        for outcome in self._transfers.values():
            if not outcome.done():
                outcome.set_result((False, Result(message="the call has ended")))
        if not self._progress.up:
            self._failed(result)
        elif self._transferred:
            self._finish("transfer")
        else:
            self._finish("error" if result.code >= 500 else "caller")

    async def _come_up(self) -> None:
        """Wait until media may flow. Raises :class:`LegClosed`."""
        try:
            await self._progress.until(lambda: self._progress.up, UP_S)
        except TimeoutError as error:
            self._finish("media-timeout")
            self._disconnect()
            raise LegClosed("no media connection came") from error

    def _check_up(self) -> None:
        """The service has told something that the call may have been waiting for."""
        if self.media.unusable and not self.over:
            self._finish("error")
            self._disconnect()
        elif not self._progress.up and not self.over and self._progress.connected and self.media.live.is_set():
            self._progress.up = True
            self._clock.add(self)
        self._progress.changed()

    async def _rejoin(self) -> None:
        """Have the media connection opened again, unless the service does so by itself, or the call is just ending."""
        try:
            if await self._live(SETTLE_S):
                return
            logger.warning("call %s: the media connection is gone", self._info.call_id)
            async with asyncio.timeout(REJOIN_S):
                while not self.media.live.is_set():
                    with contextlib.suppress(PlatformRefused):
                        await self._platform.stream(self._progress.connection, secrets.token_hex(8))
                    await self._live(ASK_AGAIN_S)
            logger.info("call %s: there is a media connection again", self._info.call_id)
        except LegClosed:
            pass
        except TimeoutError:
            self._finish("media-timeout")
            self._disconnect()
        finally:
            self._rejoining = False

    async def _live(self, within_s: float) -> bool:
        """Whether there is a media connection within this time. Raises :class:`LegClosed`."""
        with contextlib.suppress(TimeoutError):
            await self._progress.until(self.media.live.is_set, within_s)
        return self.media.live.is_set()

    async def _leave(self) -> None:
        with contextlib.suppress(TimeoutError, LegClosed):
            await self._progress.until(lambda: False, AFTER_TRANSFER_S)
        if not self.over:
            self._finish("transfer")
            self._disconnect()

    def _disconnect(self) -> None:
        """End the call at the service, if it has one: in a task that outlives the call's session."""
        if self._progress.connection and self._disconnecting is None:
            self._disconnecting = self._tasks.spawn(self._end_connection(), "ending a call at the service")

    async def _end_connection(self) -> None:
        try:
            await self._platform.hang_up(self._progress.connection)
        except PlatformRefused as refused:
            logger.error("call %s: cannot be hung up: %s", self._info.call_id, refused)

    async def _press(self, keys: str) -> None:
        try:
            for start in range(0, len(keys), MAX_KEYS):
                part = keys[start : start + MAX_KEYS]
                await self._platform.send_keys(self._progress.connection, part, self._other.number)
        except PlatformRefused as refused:
            logger.warning("call %s: keys cannot be sent: %s", self._info.call_id, refused)

    def _not_transferred(self, why: str, status: int = 0) -> TransferEnded:
        return TransferEnded(self._loop.time(), False, status, why)

    def _finish(self, reason: str) -> None:
        if not self._told.end(reason):
            return
        self._clock.remove(self)
        self.media.stop()
        if self.operations is not None:
            self.operations.end()
        self._progress.changed()
        self._told.tell_end()
        self._around.ended(self.id)

    # --- from the media clock

    def tick(self, at: float, skipped: int) -> None:
        """20 ms have passed."""
        self.media.tick(at, skipped)
