"""SIP calls that come in: :class:`SipFrontEnd` listens; and those that go out by the same endpoint.

:class:`SipFrontEnd` turns every INVITE that we can serve into a leg and hands it over; what cannot be served is refused
before anybody above hears of it: 503 while draining, at the limit of calls or without free ports, 488 without a common
codec. How a call of ours is made is :mod:`voicebot.legs.sip_outgoing`'s affair.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping

from voicebot.address import Address
from voicebot.audio.codecs import Codec, prepare
from voicebot.legs import NoRoom
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_info import leg_info
from voicebot.legs.sip_media import LegMedia, MediaOptions, MediaPreferences, open_media
from voicebot.legs.sip_outgoing import place
from voicebot.rtp import MediaClock, PortRange, PortsExhausted
from voicebot.rtp.dtls import own_identity
from voicebot.sip import IncomingCall, SipEndpoint
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)

RESPONSE_TIMEOUT_S = 10.0
"""Who has not responded at all to a call of ours by then is not there (timer B would wait for 32 s)."""


class SipFrontEnd:
    """Listens for calls on its own :class:`SipEndpoint`, and hands each over as a leg to ``on_leg`` (on the loop).

    ``on_leg`` must connect the leg and, sooner or later, answer or reject it. ``trunks``: who has preferences of its
    own, by name. ``limit``: calls at once, beyond which 503 with ``retry_after_s`` is the answer. ``clock`` and
    ``ports`` stay the caller's to close.
    """

    def __init__(
        self,
        *,
        on_leg: Callable[[SipLeg], None],
        clock: MediaClock,
        ports: PortRange,
        host: str = "127.0.0.1",
        port: int = 5060,
        advertised_host: str | None = None,
        preferences: MediaPreferences | None = None,
        trunks: Mapping[str, MediaPreferences] | None = None,
        silence_timeout_s: float = 30.0,
        limit: int = 100,
        retry_after_s: int = 5,
        endpoint: SipEndpoint | None = None,
    ) -> None:
        self.endpoint = endpoint or SipEndpoint(host=host, port=port, advertised_host=advertised_host)
        self._on_leg = on_leg
        self._clock = clock
        self._ports = ports
        self._preferences = preferences or MediaPreferences()
        self._trunks = dict(trunks or {})
        self._silence_timeout_s = silence_timeout_s
        self._limit = limit
        self._retry_after_s = retry_after_s
        self._draining = False
        self._tasks = BackgroundTasks(logger)
        self.rejected: Counter[str] = Counter()
        """Calls refused here, by reason: ``draining``, ``limit``, ``ports``, ``codec``."""

    async def start(self) -> None:
        """Bind and take calls. Raises OSError."""
        everywhere = (self._preferences, *self._trunks.values())
        for preferences in everywhere:
            prepare(preferences.codecs)
        self.endpoint.on_invite = self._invited
        if any(preferences.srtp != "off" for preferences in everywhere):
            await asyncio.to_thread(own_identity)  # a key is made: before anybody calls
        await self.endpoint.start()

    async def close(self) -> None:
        """End all calls and stop listening; leaves no socket, port or task."""
        self._draining = True
        await self.endpoint.close()
        await self._tasks.join()
        await self._tasks.close()

    def drain(self) -> None:
        """From now on every new call gets 503 with Retry-After; those that are up go on."""
        self._draining = True

    def media_for(self, trunk: str = "") -> MediaOptions:
        """The options of the legs of a trunk or account."""
        options = MediaOptions(
            self._clock, self._ports, self.endpoint.advertised_host, silence_timeout_s=self._silence_timeout_s
        )
        return self._trunks.get(trunk, self._preferences).applied(options)

    @property
    def media(self) -> MediaOptions:
        """The options of legs of no trunk."""
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
    ) -> SipLeg:
        """Call ``to``, by ``line`` when one is named; the leg is not answered yet.

        Raises :class:`NoRoom` while draining, at the limit of calls or without free ports, ValueError for an address
        without a domain, a bad header or line.
        """
        if self._draining or self.endpoint.active_calls >= self._limit:
            raise NoRoom("the service is being stopped" if self._draining else "there are too many calls")
        try:
            return await place(
                self.endpoint,
                self.media_for(line),
                to,
                line=line,
                sender=sender,
                headers=headers,
                ring_timeout_s=ring_timeout_s,
                response_timeout_s=RESPONSE_TIMEOUT_S,
                tasks=self._tasks,
            )
        except (PortsExhausted, OSError):
            raise NoRoom("there is no free port for the audio") from None

    @property
    def active(self) -> int:
        """Calls that have not ended, both ways."""
        return self.endpoint.active_calls

    def _invited(self, call: IncomingCall) -> None:
        if self._draining or self.endpoint.active_calls > self._limit:
            self.rejected["draining" if self._draining else "limit"] += 1
            call.reject(503, retry_after_s=self._retry_after_s)
            return
        options = self.media_for(call.trunk)
        codec = options.codecs[0]
        payload_type = codec.payload_type
        event: int | None = options.telephone_event
        if call.offer is not None:
            agreed = options.select(call.offer)
            if agreed is None:
                self.rejected["codec"] += 1
                call.reject(488)
                return
            codec, payload_type, event = agreed.codec, agreed.payload_type, agreed.telephone_event
        self._tasks.spawn(self._admit(call, options, codec, payload_type, event), "taking a call in")

    async def _admit(
        self, call: IncomingCall, options: MediaOptions, codec: Codec, payload_type: int, event: int | None
    ) -> None:
        media = LegMedia()
        try:
            rtp = await open_media(options, codec, payload_type, event, media)
        except (PortsExhausted, OSError):
            self.rejected["ports"] += 1
            call.reject(503, retry_after_s=self._retry_after_s)
            return
        if call.ended is not None:
            await rtp.close()
            return
        try:
            self._on_leg(SipLeg(call, rtp, media, options, leg_info(call, codec), self._tasks))
        except Exception:
            call.reject(500)
            await rtp.close()
            raise
