"""The SIP front end: `sip` signals, `rtp` carries the voice, a :class:`SipLeg` is both for one call.

:class:`SipFrontEnd` turns every INVITE that we can serve into a leg and hands it over; what cannot be served is refused
before anybody above hears of it: 503 while draining, at the limit of calls or without free ports, 488 without a common
codec. :func:`dial` makes an outgoing leg.

The law that the media above sees is fixed when the leg is made. A re-INVITE may change the wire's; the RTP session
translates then.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voicebot.events import Law
from voicebot.legs import LegClosed, LegInfo, LegSink, TransferOutcome
from voicebot.rtp import MediaClock, MediaKey, MediaQuality, Playout, PortRange, PortsExhausted, RtpSession
from voicebot.sip import (
    AudioAgreement,
    Call,
    CallClosed,
    CallEnded,
    IncomingCall,
    NameAddr,
    OutgoingCall,
    ReferProgress,
    SessionDescription,
    SipEndpoint,
    SipRequest,
    SipSyntaxError,
    SipUri,
    sdp,
)
from voicebot.sip.sdes import LocalKeys

logger = logging.getLogger(__name__)

_REASONS = {
    "bye": "caller",
    "local": "bot",
    "cancelled": "cancelled",
    "rejected": "rejected",
    "no-ack": "no-ack",
    "timeout": "no-answer",
    "expired": "expired",
    "error": "error",
}
"""How a call ended, in the words of :class:`~voicebot.events.LegEnded`."""
_TOLD_HEADERS = (
    "Diversion",
    "History-Info",
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "Privacy",
    "Reason",
    "Referred-By",
    "Subject",
    "User-Agent",
    "User-to-User",
)
"""Headers of the INVITE that are passed on, beside all that begin with ``X-``."""
_MAX_HEADERS = 32


@dataclass(frozen=True, slots=True)
class MediaOptions:
    """What every leg's media needs. ``host``: the address in our session descriptions.

    ``laws``: what we speak, in the order of our offers (in answers the offerer's order decides). ``silence_timeout_s``:
    how long nothing may come before the leg ends. ``telephone_event``: the payload type that we offer. ``srtp``:
    whether media may or must be encrypted; our own offers are only where it must. ``inband_dtmf``: whether keys
    of a side without telephone-event are heard in its audio.
    """

    clock: MediaClock
    ports: PortRange
    host: str
    laws: tuple[Law, ...] = ("PCMU", "PCMA")
    silence_timeout_s: float = 30.0
    telephone_event: int = 101
    srtp: sdp.Srtp = "off"
    inband_dtmf: bool = False

    def select(self, description: SessionDescription) -> AudioAgreement | None:
        """The stream that we can carry, None when there is none: no common codec, or an address we cannot send to."""
        agreed = sdp.select(description, self.laws, self.srtp)
        if agreed is None:
            return None
        try:
            version = ipaddress.ip_address(agreed.host).version
        except ValueError:
            return None
        return agreed if version == (6 if ":" in self.ports.host else 4) else None


class _Media:
    """The RTP session's sink. The two methods of the hot path are the leg's sink's own, once there is one."""

    __slots__ = ("_leg", "frame", "sent")

    def __init__(self) -> None:
        self._leg: SipLeg | None = None
        self.frame: Callable[[bytes, float], None] = _drop
        self.sent: Callable[[bytes, float], None] = _drop

    def attach(self, leg: SipLeg) -> None:
        self._leg = leg

    def connect(self, sink: LegSink) -> None:
        self.frame, self.sent = sink.frame, sink.sent

    def mute(self) -> None:
        self.frame = self.sent = _drop
        self._leg = None

    def key(self, key: str, at: float) -> None:
        if self._leg is not None:
            self._leg.deliver_key(key, at)

    def media_timeout(self, at: float) -> None:
        if self._leg is not None:
            self._leg.media_timed_out()


def _drop(_payload: bytes, _at: float) -> None:
    """Where audio goes before a sink is connected and after the end."""


class SipLeg:
    """One SIP call with its media. Made by :class:`SipFrontEnd` and :func:`dial`; see :class:`voicebot.legs.Leg`."""

    def __init__(
        self,
        call: Call,
        rtp: RtpSession,
        media: _Media,
        options: MediaOptions,
        info: LegInfo,
        spawn: _Tasks,
        keys: LocalKeys | None = None,
    ) -> None:
        self.on_transfer_asked: Callable[[str], bool] | None = None
        """The other side asks us to call another target (REFER): return whether we do, then :meth:`transfer_result`."""
        self._call = call
        self._rtp = rtp
        self._media = media
        self._options = options
        self._info = info
        self._spawn = spawn
        self._keys = keys or LocalKeys()
        self._encrypted = False
        self._loop = asyncio.get_running_loop()
        self._sink: LegSink | None = None
        self._ended: tuple[str, float] | None = None
        self._transferred = False
        self._closing: asyncio.Task[None] | None = None
        self._description_version = 0
        media.attach(self)
        call.on_end = self._call_ended
        call.on_key = lambda key: self.deliver_key(key, self._loop.time())
        call.on_session = self._session_offered
        call.on_session_answer = self._session_answered_late
        call.on_refer = lambda target, _by: self.on_transfer_asked is not None and self.on_transfer_asked(target)
        call.on_refer_progress = self._refer_progress
        if call.ended is not None:
            self._call_ended(call.ended)

    # --- Leg

    @property
    def info(self) -> LegInfo:
        return self._info

    @property
    def playout(self) -> Playout:
        return self._rtp.playout

    @property
    def local_port(self) -> int:
        """The RTP port of our side."""
        return self._rtp.local_port

    def connect(self, sink: LegSink) -> None:
        self._sink = sink
        if self._ended is not None:
            self._loop.call_soon(sink.ended, *self._ended)
            return
        self._media.connect(sink)

    def ring(self) -> None:
        if isinstance(self._call, IncomingCall):
            self._call.ring()

    async def answer(self) -> None:
        if self._ended is not None:
            raise LegClosed(self._ended[0])
        if not isinstance(self._call, IncomingCall):
            return
        offer = self._call.offer
        agreed = self._options.select(offer) if offer is not None else None
        if offer is not None and agreed is not None:
            self._apply(agreed)
            session = self._answer_to(offer, agreed)
        else:
            session = self._offer()
        try:
            answer = await self._call.answer(session)
        except CallClosed as closed:
            raise LegClosed(str(closed)) from None
        if answer is not None and not self._session_answered(answer):
            raise LegClosed("no common codec")

    def reject(self, status: int, reason: str, retry_after_s: int | None = None) -> None:
        if isinstance(self._call, IncomingCall):
            self._call.reject(status, reason, retry_after_s=retry_after_s)

    async def transfer(self, target: str, headers: Mapping[str, str] | None = None) -> TransferOutcome:
        try:
            progress = await self._call.refer(target, headers=headers)
        except CallClosed:
            return TransferOutcome(False, 0, "the call has ended")
        except ValueError:
            return TransferOutcome(False, 0, "not a number or a SIP URI")
        if progress.accepted:
            self._call.bye()
        return TransferOutcome(progress.accepted, progress.status, progress.reason)

    async def hang_up(self) -> None:
        self._call.bye()
        self._finish("bot")
        if self._closing is not None:
            await asyncio.wait([self._closing])

    def send_keys(self, keys: str) -> None:
        if self._ended is None:
            self._rtp.send_keys(keys)

    def quality(self) -> MediaQuality:
        return self._rtp.quality()

    def transfer_result(self, status: int, reason: str = "") -> None:
        """Tell the side that asked for a transfer how its target answered."""
        self._call.notify_refer(status, reason)

    # --- from the media

    def deliver_key(self, key: str, at: float) -> None:
        if self._sink is not None and self._ended is None:
            self._sink.key(key, at)

    def media_timed_out(self) -> None:
        """Nothing has been heard for the silence timeout: the other side is gone without a BYE."""
        self._finish("media-timeout")
        self._call.bye()

    # --- from the signalling

    def _call_ended(self, end: CallEnded) -> None:
        self._finish("transfer" if self._transferred else _REASONS[end.cause])

    def _refer_progress(self, progress: ReferProgress) -> None:
        self._transferred = self._transferred or (progress.final and progress.accepted)

    def _session_offered(self, offer: SessionDescription | None) -> SessionDescription | None:
        """A re-INVITE or UPDATE: other address, other codec, hold, resume. None refuses it and changes nothing."""
        if offer is None:
            return self._offer()
        agreed = self._options.select(offer)
        if agreed is None:
            return None
        self._apply(agreed)
        return self._answer_to(offer, agreed)

    def _session_answered_late(self, answer: SessionDescription) -> None:
        self._session_answered(answer)

    def _session_answered(self, answer: SessionDescription) -> bool:
        agreed = self._options.select(answer)
        if agreed is None:
            self._finish("error")
            self._call.bye()
            return False
        self._apply(agreed)
        return True

    def _apply(self, agreed: AudioAgreement) -> None:
        if self._ended is not None:
            return
        theirs = agreed.crypto
        self._encrypted = theirs is not None
        if theirs is not None:
            self._rtp.secure(
                MediaKey(theirs.suite, self._keys.matching(theirs).key), MediaKey(theirs.suite, theirs.key)
            )
        else:
            self._rtp.secure(None, None)
        self._rtp.hear_keys(self._options.inband_dtmf and agreed.telephone_event is None)
        self._rtp.retune(
            law=agreed.law,
            payload_type=agreed.payload_type,
            telephone_event=agreed.telephone_event,
            ptime_ms=agreed.ptime_ms,
        )
        self._rtp.set_remote(agreed.host, agreed.port, rtcp_port=agreed.rtcp_port)
        self._rtp.set_direction(
            send=agreed.direction in ("sendrecv", "sendonly"), receive=agreed.direction in ("sendrecv", "recvonly")
        )

    def _offer(self) -> SessionDescription:
        self._description_version += 1
        options = self._options
        return sdp.offer(
            options.host,
            self._rtp.local_port,
            laws=options.laws,
            telephone_event=options.telephone_event,
            session_id=self._rtp.local_port,
            version=self._description_version,
            crypto=self._keys.offer() if self._encrypted or options.srtp == "required" else (),
        )

    def _answer_to(self, offer: SessionDescription, agreed: AudioAgreement) -> SessionDescription:
        self._description_version += 1
        return sdp.answer(
            offer,
            agreed,
            self._options.host,
            self._rtp.local_port,
            session_id=self._rtp.local_port,
            version=self._description_version,
            crypto=self._keys.matching(agreed.crypto) if agreed.crypto is not None else None,
        )

    def _finish(self, reason: str) -> None:
        if self._ended is not None:
            return
        self._ended = (reason, self._loop.time())
        self._media.mute()
        self._closing = self._spawn(self._rtp.close())
        if self._sink is not None:
            self._sink.ended(*self._ended)


class _Tasks:
    """Short tasks that are kept until they are done; a failure is a defect, and logged."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a task of the SIP front end failed", exc_info=error)

    async def join(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)


class SipFrontEnd:
    """Listens for calls on its own :class:`SipEndpoint`, and hands each over as a leg to ``on_leg`` (on the loop).

    ``on_leg`` must connect the leg and, sooner or later, answer or reject it. ``limit``: calls at once, beyond which
    503 with ``retry_after_s`` is the answer. ``clock`` and ``ports`` stay the caller's to close.
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
        laws: Sequence[Law] = ("PCMU", "PCMA"),
        silence_timeout_s: float = 30.0,
        srtp: sdp.Srtp = "off",
        inband_dtmf: bool = False,
        limit: int = 100,
        retry_after_s: int = 5,
        endpoint: SipEndpoint | None = None,
    ) -> None:
        self.endpoint = endpoint or SipEndpoint(host=host, port=port, advertised_host=advertised_host)
        self._on_leg = on_leg
        self._clock = clock
        self._ports = ports
        self._laws = tuple(laws)
        self._silence_timeout_s = silence_timeout_s
        self._srtp = srtp
        self._inband_dtmf = inband_dtmf
        self._limit = limit
        self._retry_after_s = retry_after_s
        self._draining = False
        self._tasks = _Tasks()

    async def start(self) -> None:
        """Bind and take calls. Raises OSError."""
        self.endpoint.on_invite = self._invited
        await self.endpoint.start()

    async def close(self) -> None:
        """End all calls and stop listening; leaves no socket, port or task."""
        self._draining = True
        await self.endpoint.close()
        await self._tasks.join()

    def drain(self) -> None:
        """From now on every new call gets 503 with Retry-After; those that are up go on."""
        self._draining = True

    @property
    def media(self) -> MediaOptions:
        """The options of every leg made here; for :func:`dial` through the same endpoint."""
        return MediaOptions(
            self._clock,
            self._ports,
            self.endpoint.advertised_host,
            self._laws,
            self._silence_timeout_s,
            srtp=self._srtp,
            inband_dtmf=self._inband_dtmf,
        )

    @property
    def active(self) -> int:
        """Calls that have not ended, both ways."""
        return self.endpoint.active_calls

    def _invited(self, call: IncomingCall) -> None:
        if self._draining or self.endpoint.active_calls > self._limit:
            call.reject(503, retry_after_s=self._retry_after_s)
            return
        options = self.media
        law: Law = self._laws[0]
        payload_type = sdp.STATIC_PAYLOADS[law]
        event: int | None = options.telephone_event
        if call.offer is not None:
            agreed = options.select(call.offer)
            if agreed is None:
                call.reject(488)
                return
            law, payload_type, event = agreed.law, agreed.payload_type, agreed.telephone_event
        self._tasks(self._admit(call, options, law, payload_type, event))

    async def _admit(
        self, call: IncomingCall, options: MediaOptions, law: Law, payload_type: int, event: int | None
    ) -> None:
        media = _Media()
        try:
            rtp = await _open(options, law, payload_type, event, media)
        except (PortsExhausted, OSError):
            call.reject(503, retry_after_s=self._retry_after_s)
            return
        if call.ended is not None:
            await rtp.close()
            return
        try:
            self._on_leg(SipLeg(call, rtp, media, options, _info(call, law), self._tasks))
        except Exception:
            call.reject(500)
            await rtp.close()
            raise


async def dial(
    endpoint: SipEndpoint,
    media: MediaOptions,
    uri: str,
    *,
    sink: LegSink | None = None,
    from_user: str = "voicebot",
    from_uri: str = "",
    display_name: str = "",
    headers: Mapping[str, str] | None = None,
    ring_timeout_s: float = 60.0,
) -> SipLeg:
    """Call ``uri`` and return the leg once it was answered; it is connected to ``sink`` from its first frame.

    Raises :class:`LegClosed` when it is refused or not answered within ``ring_timeout_s``, ValueError for a bad URI,
    :class:`~voicebot.rtp.PortsExhausted` without a free port. Cancelling the call of this function cancels the call.
    """
    law = media.laws[0]
    keys = LocalKeys()
    port = _Media()
    rtp = await _open(media, law, sdp.STATIC_PAYLOADS[law], media.telephone_event, port)
    try:
        offer = sdp.offer(
            media.host,
            rtp.local_port,
            laws=media.laws,
            telephone_event=media.telephone_event,
            session_id=rtp.local_port,
            crypto=keys.offer() if media.srtp == "required" else (),
        )
        call = endpoint.invite(
            uri, offer, from_user=from_user, from_uri=from_uri, display_name=display_name, headers=headers
        )
        try:
            answer = await call.established(timeout_s=ring_timeout_s)
        except CallClosed as closed:
            raise LegClosed(str(closed)) from None
        leg = SipLeg(call, rtp, port, media, _info(call, law), _Tasks(), keys)
        if sink is not None:
            leg.connect(sink)
        if not leg._session_answered(answer):
            raise LegClosed("no common codec in the answer")
        return leg
    except BaseException:
        await rtp.close()
        raise


async def _open(options: MediaOptions, law: Law, payload_type: int, event: int | None, sink: _Media) -> RtpSession:
    return await RtpSession.open(
        clock=options.clock,
        ports=options.ports,
        law=law,
        payload_type=payload_type,
        telephone_event=event,
        sink=sink,
        silence_timeout_s=options.silence_timeout_s,
    )


def _info(call: Call, law: Law) -> LegInfo:
    request = call.request
    sender, recipient = request.sender, request.recipient
    outgoing = isinstance(call, OutgoingCall)
    return LegInfo(
        call_id=_clean(call.call_id),
        caller=_user(sender.uri),
        callee=_user(request.uri) or _user(recipient.uri),
        law=law,
        caller_uri=_clean(sender.uri),
        callee_uri=_clean(request.uri if outgoing else recipient.uri),
        display_name=_clean(sender.display),
        remote_address=call.remote_address.host,
        trunk=call.trunk,
        headers=_headers(request),
    )


def _headers(request: SipRequest) -> dict[str, str]:
    names = [n for n in request.headers.keys() if n in _TOLD_HEADERS or n.lower().startswith("x-")]  # noqa: SIM118
    return {_clean(name): _clean(request.headers[name]) for name in names[:_MAX_HEADERS]}


def _user(uri: str) -> str:
    """The user part or number; a number of another scheme or an unreadable URI as it is."""
    try:
        return _clean(SipUri.parse(NameAddr.parse(f"<{uri.partition('?')[0]}>").uri).user)
    except SipSyntaxError:
        return _clean(uri.partition(":")[2])


def _clean(text: str) -> str:
    """Fit for JSON and logs: without control characters, and without the lone surrogates of bytes not in UTF-8."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
