"""A call between people that a recording client forks to us (SIPREC, RFC 7866): we are its recording server.

The session is answered at once. What the client tells of the call afterwards, by re-INVITE or UPDATE, with a session
description or metadata or both, is put together here: the streams by `siprec_streams.py`, the metadata by
`siprec_metadata.py`, who is who by `siprec_parties.py`. Metadata that cannot be read changes nothing.

While listening is paused, the client is asked to send nothing (our offer of ``inactive``). Not all take that; nothing
is delivered in any case.

A client may send no audio for as long as it likes: people are on hold, or have nothing to say. So silence ends no
session. A client that is silent is asked now and then, by a refresh of its session, whether it still has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from voicebot.legs.recorded import EndReason, RecordedInfo, RecordedSink
from voicebot.legs.sip_info import called, passed_on, printable
from voicebot.legs.sip_media import MediaOptions
from voicebot.legs.siprec_metadata import Metadata, MetadataError, from_headers, merge, parse
from voicebot.legs.siprec_parties import Agents, Parties
from voicebot.legs.siprec_streams import RecordedStreams
from voicebot.number_table import NumberTable
from voicebot.rtp import MediaQuality, PortsExhausted
from voicebot.sip import CallClosed, IncomingCall, SessionDescription, SipRequest
from voicebot.sip.body import metadata_in
from voicebot.sip.siprec import PARTICIPANT_HEADER
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

OFFER_DEADLINE_S = 10.0
"""How long :meth:`SiprecCall.pause` and ``resume`` wait for the client's answer."""
LONGEST_SILENCE_S = 600.0
"""A silent client is asked after ever longer pauses, up to this one."""
_AGAIN_S = 0.2
_MAX_TEXT = 256

_REASONS: dict[str, EndReason] = {"bye": "client", "cancelled": "client", "local": "agent", "expired": "expired"}
"""By the cause of a :class:`~voicebot.sip.CallEnded`; all others are errors."""


@dataclass(frozen=True)
class RecordingOptions:
    """Which recording clients are taken as such: those of ``trunks``, with who is an agent there, and those that call
    one of ``numbers`` by whatever trunk. ``agents``: for trunks that say nothing of their own.

    ``on_transfer``: by trunk, in which IP group its SBC is asked to record when our bot transfers a caller.
    ``pause_at_source``: whether clients are asked to send nothing while listening is paused.
    """

    numbers: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    trunks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    on_transfer: Mapping[str, str] = field(default_factory=dict)
    pause_at_source: bool = True

    def takes(self, invite: SipRequest, trunk: str) -> bool:
        """Whether a recording client's INVITE is for us."""
        return trunk in self.trunks or bool(self._table.find(called(invite)))

    def agents_of(self, trunk: str) -> Agents:
        return Agents(self.trunks.get(trunk) or self.agents)

    @cached_property
    def _table(self) -> NumberTable:
        return NumberTable({number: number for number in self.numbers})


class SiprecCall:
    """One recording session; see :class:`voicebot.legs.recorded.RecordedCall`. :meth:`accept` first, then
    :meth:`answer`."""

    def __init__(
        self, call: IncomingCall, media: MediaOptions, options: RecordingOptions, tasks: BackgroundTasks
    ) -> None:
        self._call = call
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._silence_s = media.silence_timeout_s
        self._asks = options.pause_at_source
        self._sink: RecordedSink | None = None
        self._ended: tuple[EndReason, float] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._streams = RecordedStreams(media, call.remote_address.host, self._deliver, tasks, asks=self._asks)
        self._parties = Parties(options.agents_of(call.trunk))
        self._metadata = from_headers(call.request.headers.getlist(PARTICIPANT_HEADER))
        self._inactive = False
        """Whether it is agreed that the client sends nothing because we have paused."""
        self._offer: tuple[bool, asyncio.Future[bool]] | None = None
        """Our offer that is not answered yet: whether it asks to send nothing, and whether the client agreed."""
        self._telling: asyncio.Handle | None = None
        request = call.request
        self._facts = RecordedInfo(
            call_id=printable(request.call_id),
            trunk=call.trunk,
            called=called(request)[:_MAX_TEXT],
            user_to_user=tuple(printable(one[:_MAX_TEXT]) for one in request.headers.getlist("User-to-User")),
            headers=passed_on(request),
            remote_address=call.remote_address.host,
        )
        """What is known from the INVITE."""
        self._info = self._facts
        call.on_metadata = self._metadata_came
        call.on_session = self._offered
        call.on_session_answer = self._answered
        call.on_session_refused = lambda: self._settle(False)
        call.on_end = lambda end: self._finish(_REASONS.get(end.cause, "error"))

    # --- by the front end

    def accept(self) -> SessionDescription | None:
        """Take what the INVITE says. Returns what to :meth:`answer`; None: none of its streams can be served. Raises
        :class:`~voicebot.rtp.PortsExhausted`."""
        if (metadata := metadata_in(self._call.request)) is not None:
            self._read(metadata)
        offer = self._call.offer
        session = self._streams.answer(offer) if offer is not None else self._streams.offer()
        self._info = self._now()
        return session

    async def answer(self, session: SessionDescription) -> None:
        """Answer the INVITE. Returns when the session is up, or over."""
        try:
            answer = await self._call.answer(session)
        except CallClosed:
            return
        if answer is not None and not self._streams.answered(answer):
            self._finish("error")
            self._call.bye()
            return
        self._streams.acknowledged()
        self._changed()
        if self._silence_s and self._ended is None:
            self._watching = self._tasks.spawn(self._watch(), "asking a silent recording client")

    # --- RecordedCall

    @property
    def info(self) -> RecordedInfo:
        return self._info

    def connect(self, sink: RecordedSink) -> None:
        if self._ended is None:
            self._sink = sink
        else:
            self._loop.call_soon(sink.ended, *self._ended)

    async def pause(self) -> bool:
        return await self._wish(True)

    async def resume(self) -> bool:
        return await self._wish(False)

    async def hang_up(self) -> None:
        self._call.bye()
        self._finish("agent")
        if self._closing is not None:
            await asyncio.wait([self._closing])

    def quality(self) -> tuple[MediaQuality, ...]:
        return self._streams.quality()

    # --- pausing

    async def _wish(self, paused: bool) -> bool:
        """Deliver nothing, or everything again, and have the client agree. False: it does not, or not in time."""
        self._streams.paused = paused
        self._changed()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OFFER_DEADLINE_S):
                while self._streams.paused is paused and self._asks and self._ended is None:
                    if self._inactive is paused and self._offer is None:
                        break
                    offer = self._reoffer()
                    if offer is None:
                        await asyncio.sleep(_AGAIN_S)  # the session is being changed, or not up yet
                    elif not await asyncio.shield(offer):
                        break
        return self._inactive is paused

    def _reoffer(self) -> asyncio.Future[bool] | None:
        """Offer what we want now. Returns whether the client agrees; None: not possible at the moment."""
        paused = self._streams.paused
        if self._offer is not None:
            return self._offer[1] if self._offer[0] is paused else None
        if not self._call.can_reoffer:
            return None
        self._offer = paused, self._loop.create_future()
        agrees = self._offer[1]
        self._call.reoffer(self._streams.offer())
        return agrees

    def _settle(self, agrees: bool) -> None:
        """The client has answered our offer, or refused it."""
        offer, self._offer = self._offer, None
        if offer is not None:
            if agrees:
                self._inactive = offer[0]
            offer[1].set_result(agrees)

    # --- from the signalling

    def _metadata_came(self, content: bytes) -> None:
        self._read(content)
        self._changed()

    def _read(self, content: bytes) -> None:
        try:
            self._metadata = merge(self._metadata, parse(content))
        except MetadataError as error:
            logger.warning("call %s: its metadata is passed over: %s", self._facts.call_id, error)

    def _offered(self, offer: SessionDescription | None) -> SessionDescription | None:
        """A re-INVITE or UPDATE came. None refuses it."""
        if offer is None:
            return self._streams.offer()
        try:
            answer = self._streams.answer(offer)
        except PortsExhausted:
            return None
        if answer is not None:
            self._inactive = self._asks and self._streams.paused
            self._changed()
        return answer

    def _answered(self, answer: SessionDescription) -> None:
        """The answer to an offer of ours in mid-call. One that we do not support changes nothing, like a refusal; and
        there are clients that accept ``inactive``, and say that they go on sending."""
        asked = self._offer[0] if self._offer is not None else None
        self._settle(self._streams.answered(answer) and not (asked and self._streams.sent))
        self._changed()
        if asked is not None and asked is not self._streams.paused:
            self._reoffer()  # nobody may be waiting for it any more

    async def _watch(self) -> None:
        pause, heard = self._silence_s, self._streams.packets
        while True:
            await asyncio.sleep(pause)
            packets = self._streams.packets
            if packets == heard:
                self._call.ask_whether_alive()
                pause = min(2 * pause, LONGEST_SILENCE_S)
            else:
                pause = self._silence_s
            heard = packets

    # --- to the sink

    def _deliver(self, stream: int, payload: bytes, at: float) -> None:
        if self._sink is not None and self._ended is None:
            self._sink.frame(stream, payload, at)

    def _changed(self) -> None:
        """Something is different: tell it once, when all of a message has been read."""
        if self._telling is None and self._ended is None:
            self._telling = self._loop.call_soon(self._tell)

    def _tell(self) -> None:
        self._telling = None
        info = self._now()
        if info != self._info:
            self._info = info
            if self._sink is not None:
                self._sink.changed(info, self._loop.time())

    def _now(self) -> RecordedInfo:
        """What is known now."""
        streams, metadata = self._streams.streams, self._metadata or Metadata()
        self._parties.update(metadata, {one.number: one.label for one in streams})
        speaking = self._parties.speaking
        told = (printable(one[:_MAX_TEXT]) for one in metadata.user_to_user)
        return replace(
            self._facts,
            parties=self._parties.known,
            streams=tuple(replace(one, party=speaking.get(one.number, "")) for one in streams),
            session_id=printable(metadata.session_id[:_MAX_TEXT]),
            user_to_user=tuple(dict.fromkeys((*self._facts.user_to_user, *told))),
        )

    def _finish(self, reason: EndReason) -> None:
        if self._ended is not None:
            return
        self._ended = (reason, self._loop.time())
        for waiting in (self._telling, self._watching):
            if waiting is not None:
                waiting.cancel()
        self._telling = self._watching = None
        self._settle(False)
        self._closing = self._tasks.spawn(self._streams.close(), "closing the streams of a recording session")
        sink, self._sink = self._sink, None  # it has this call, so that both would wait for a collection of garbage
        if sink is not None:
            sink.ended(*self._ended)
