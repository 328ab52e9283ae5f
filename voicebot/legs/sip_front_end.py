"""The SIP front end: incoming calls, and outgoing calls through the same endpoint.

:class:`SipFrontEnd` turns every INVITE that we can serve into a leg and passes that on. Others are refused here: with
503 while draining, at a limit of calls or without a free port, with 488 without a common codec. Outgoing calls are
made by :mod:`voicebot.legs.sip_outgoing`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from voicebot.address import Address
from voicebot.audio.codecs import prepare
from voicebot.legs import Claim, NoRoom
from voicebot.legs.sip_incoming import IncomingSipLeg
from voicebot.legs.sip_info import leg_info
from voicebot.legs.sip_media import MediaOptions, MediaPreferences
from voicebot.legs.sip_outgoing import OutgoingOptions, OutgoingSipLeg, place
from voicebot.legs.sip_restored import RestoredSipLeg
from voicebot.legs.sip_session import LegSession
from voicebot.legs.siprec import RecordingOptions, SiprecCall
from voicebot.rtp import PortsExhausted
from voicebot.rtp.dtls import own_identity
from voicebot.sip import AudioAgreement, IncomingCall, SipEndpoint
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

_NO_ROOM = {
    "draining": "the service is being stopped",
    "limit": "there are too many calls",
    "fleet": "there are too many calls in the fleet",
    "busy": "the machine carries no more calls now",
}

REFUSALS = ("draining", "limit", "busy", "fleet", "ports", "codec")
"""Why an incoming call is refused here."""
RESPONSE_TIMEOUT_S = 10.0
"""If no response at all to our INVITE has come by then, the other side counts as unreachable (timer B takes 32 s)."""


class SipFrontEnd:
    """Listens for calls on its ``endpoint``, and passes each as a leg to ``on_leg`` (on the event loop).

    ``on_leg`` must connect the leg and, sooner or later, answer or reject it. ``media``: for all legs. ``trunks``: the
    preferences of trunks and accounts that differ from ``media``, by name. ``limit``: the most calls at once; further
    ones get 503 with ``retry_after_s``, and so do calls that ``admits`` refuses: it is asked with the number of calls,
    the new one included. ``share``: a place for a call by a trunk among those of several processes, None if there is
    none; without it nobody else has calls.

    ``on_recorded`` gets the calls of recording clients that the endpoint takes as such, and must connect them. They are
    answered here. ``recordings``: who is an agent in them, and which SBCs are asked to begin them.
    """

    def __init__(
        self,
        endpoint: SipEndpoint,
        on_leg: Callable[[IncomingSipLeg], None],
        media: MediaOptions,
        *,
        trunks: Mapping[str, MediaPreferences] | None = None,
        on_recorded: Callable[[SiprecCall], None] | None = None,
        recordings: RecordingOptions | None = None,
        limit: int = 100,
        admits: Callable[[int], bool] = lambda _: True,
        share: Callable[[str], Awaitable[Claim | None]] | None = None,
        retry_after_s: int = 5,
    ) -> None:
        self.endpoint = endpoint
        self._on_leg = on_leg
        self._media = media
        self._trunks = dict(trunks or {})
        self._on_recorded = on_recorded
        self._recordings = recordings or RecordingOptions()
        self._limit = limit
        self._admits = admits
        self._share = share
        self._retry_after_s = retry_after_s
        self._draining = False
        self._tasks = BackgroundTasks(logger)
        self.rejected: Counter[str] = Counter()
        """Calls refused here, by reason (:data:`REFUSALS`)."""

    async def start(self) -> None:
        """Bind and accept calls. Raises OSError."""
        everywhere = (self._media.preferences, *self._trunks.values())
        for preferences in everywhere:
            prepare(preferences.codecs)
        self.endpoint.on_invite = self._invited
        if any(preferences.srtp != "off" for preferences in everywhere):
            await asyncio.to_thread(own_identity)  # it makes a key, which would delay the first call
        await self.endpoint.start()

    async def close(self) -> None:
        """End all calls and stop listening; leaves no socket, port or task."""
        self._draining = True
        await self.endpoint.close()
        await self._tasks.join()
        await self._tasks.close()

    def drain(self) -> None:
        """From now on, every new call gets 503 and Retry-After, and OPTIONS too; calls in progress continue."""
        self._draining = True
        self.endpoint.drain()

    def media_for(self, trunk: str = "") -> MediaOptions:
        """The media options for legs of a trunk or account."""
        preferences = self._trunks.get(trunk, self._media.preferences)
        return replace(self._media, host=self._media.host or self.endpoint.advertised_host, preferences=preferences)

    @property
    def media(self) -> MediaOptions:
        """The media options for legs without a trunk."""
        return self.media_for()

    @property
    def draining(self) -> bool:
        return self._draining

    async def place(
        self,
        to: Address,
        *,
        line: str = "",
        sender: Address | None = None,
        headers: Mapping[str, str] | None = None,
        ring_timeout_s: float = 60.0,
        within_call: bool = False,
    ) -> OutgoingSipLeg:
        """Call ``to``, through ``line`` if it is given. The leg is not answered yet. ``within_call``: it is part of a
        call in progress, which may be transferred also while draining.

        Raises :class:`NoRoom` while draining, at a limit of calls or without a free port; ValueError if ``to`` has no
        domain, or for a malformed header or an unknown line.
        """
        if refusal := self._refusal(self.endpoint.active_calls + 1, draining=self._draining and not within_call):
            raise NoRoom(_NO_ROOM[refusal])
        claim = await self._share(line) if self._share is not None else None
        if self._share is not None and claim is None:
            raise NoRoom(_NO_ROOM["fleet"])
        options = OutgoingOptions(
            line=line,
            sender=sender,
            headers=headers or {},
            ring_timeout_s=ring_timeout_s,
            response_timeout_s=RESPONSE_TIMEOUT_S,
        )
        try:
            leg = await place(self.endpoint, self.media_for(line), to, options, self._tasks)
        except BaseException as error:
            if claim is not None:
                claim.release()
            if isinstance(error, PortsExhausted | OSError):
                raise NoRoom("there is no free port for the audio") from error
            raise
        if claim is not None:
            leg.place = claim.id
            leg.when_over(claim.release)
        leg.recording_group = self._recordings.on_transfer.get(line, "")
        return leg

    def restore(self, kept: dict[str, Any], place: Callable[[str, str], Claim] | None = None) -> RestoredSipLeg:
        """A leg for a call that another process has kept (:meth:`SipLeg.kept`). ``place``: gives it the place that it
        had, by its trunk and id, until it ends.

        Raises ValueError for a call that cannot go on here: where the other side is known, it has been told that it is
        over.
        """
        media = kept.get("media")
        call = self.endpoint.restore(kept.get("sip") or {})
        claim = place(call.trunk, str(kept.get("place", ""))) if place is not None else None
        if claim is not None:
            call.on_over = claim.release
        try:
            session = LegSession.go_on(self.media_for(call.trunk), media if isinstance(media, dict) else {})
        except (ValueError, PortsExhausted, OSError) as error:
            call.bye()
            raise ValueError(str(error) or "there is no free port for the audio") from error
        info = leg_info(call, session.stream.codec, self.endpoint.lines)
        if call.outgoing:
            info = replace(info, direction="outbound", trunk=call.trunk)
        leg = RestoredSipLeg(call, session, info, self._tasks)
        leg.place = claim.id if claim is not None else ""
        return leg

    def hang_up_on(self, kept: dict[str, Any]) -> None:
        """End a call that another process has kept, and with which nobody goes on. What cannot be read is left to the
        other side's session timer."""
        try:
            self.endpoint.restore(kept.get("sip") or {}).bye()
        except (ValueError, AttributeError) as error:
            logger.warning("a call that another process had placed cannot be ended: %s", error)

    @property
    def active(self) -> int:
        """The number of calls that have not ended, incoming and outgoing."""
        return self.endpoint.active_calls

    def _refusal(self, calls: int, *, draining: bool) -> str:
        """Why there may not be ``calls`` calls; empty if there may."""
        if draining:
            return "draining"
        if calls > self._limit:
            return "limit"
        return "" if self._admits(calls) else "busy"

    def _invited(self, call: IncomingCall) -> None:
        if refusal := self._refusal(self.endpoint.active_calls, draining=self._draining):
            self.rejected[refusal] += 1
            call.reject(503, retry_after_s=self._retry_after_s)
            return
        options = self.media_for(call.trunk)
        if call.recording and self._on_recorded is not None:
            self._take_recording(call, options, self._on_recorded)
            return
        agreed = options.select(call.offer) if call.offer is not None else None
        if call.offer is not None and agreed is None:
            self.rejected["codec"] += 1
            call.reject(488)
            return
        self._tasks.spawn(self._admit(call, options, agreed), "making the leg of an incoming call")

    async def _admit(self, call: IncomingCall, options: MediaOptions, agreed: AudioAgreement | None) -> None:
        """``agreed``: from the call's offer; None if we are to offer."""
        place = await self._place_of(call, self._share) if self._share is not None else ""
        if place is None:
            return
        try:
            session = LegSession.open(options, agreed)
        except (PortsExhausted, OSError):
            self.rejected["ports"] += 1
            call.reject(503, retry_after_s=self._retry_after_s)
            return
        if call.ended is not None:
            await session.rtp.close()
            return
        codec = agreed.codec if agreed is not None else options.preferences.codecs[0]
        try:
            leg = IncomingSipLeg(call, session, leg_info(call, codec, self.endpoint.lines), self._tasks)
            leg.recording_group = self._recordings.on_transfer.get(call.trunk, "")
            leg.place = place
            self._on_leg(leg)
        except Exception:
            call.reject(500)
            await session.rtp.close()
            raise

    async def _place_of(self, call: IncomingCall, share: Callable[[str], Awaitable[Claim | None]]) -> str | None:
        """The id of the place of ``call``, which it has until it has ended. None: there is none, and it is refused; or
        it has ended already."""
        claim = await share(call.trunk)
        if claim is None:
            self.rejected["fleet"] += 1
            call.reject(503, retry_after_s=self._retry_after_s)
            return None
        if call.ended is not None:
            claim.release()
            return None
        call.on_over = claim.release
        return claim.id

    def _take_recording(
        self, call: IncomingCall, options: MediaOptions, on_recorded: Callable[[SiprecCall], None]
    ) -> None:
        recorded = SiprecCall(call, options, self._recordings, self._tasks)
        try:
            session = recorded.accept()
        except PortsExhausted:
            self.rejected["ports"] += 1
            call.reject(503, retry_after_s=self._retry_after_s)
            return
        if session is None:
            self.rejected["codec"] += 1
            call.reject(488)
            return
        on_recorded(recorded)
        self._tasks.spawn(recorded.answer(session), "answering a recording client")
