"""Calls of ours: :func:`place` begins one, :func:`dial` also waits until it was answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from voicebot.address import Address
from voicebot.legs import LegSink
from voicebot.legs.sip import SipLeg
from voicebot.legs.sip_info import leg_info
from voicebot.legs.sip_keys import LegKeys
from voicebot.legs.sip_media import LegMedia, MediaOptions, open_media
from voicebot.sip import SipEndpoint, sdp
from voicebot.tasks import BackgroundTasks


async def place(
    endpoint: SipEndpoint,
    media: MediaOptions,
    to: Address,
    *,
    line: str = "",
    sender: Address | None = None,
    display_name: str = "",
    headers: Mapping[str, str] | None = None,
    ring_timeout_s: float = 60.0,
    response_timeout_s: float | None = None,
    tasks: BackgroundTasks | None = None,
) -> SipLeg:
    """Call ``to`` and return the leg, whose ``answer()`` waits for the answer; connect it before anything else.

    Raises ValueError for an address without a domain, and for a header or line that cannot be used, OSError or
    :class:`~voicebot.rtp.PortsExhausted` without a free port.
    """
    codec = media.codecs[0]
    keys = LegKeys()
    port = LegMedia()
    rtp = await open_media(media, codec, codec.payload_type, media.telephone_event, port)
    try:
        crypto, _ = keys.in_offer(media.srtp == "required", (media.host, rtp.local_port))
        offer = sdp.offer(
            media.host,
            rtp.local_port,
            codecs=media.codecs,
            telephone_event=media.telephone_event,
            session_id=rtp.local_port,
            crypto=crypto,
            ptime_ms=media.ptime_ms,
        )
        call = endpoint.invite(
            to,
            offer,
            line=line,
            sender=sender,
            display_name=display_name,
            headers=headers,
        )
        return SipLeg(
            call,
            rtp,
            port,
            media,
            replace(leg_info(call, codec), direction="outbound", trunk=line),
            tasks or BackgroundTasks(),
            keys,
            ring_timeout_s=ring_timeout_s,
            response_timeout_s=response_timeout_s,
        )
    except BaseException:
        await rtp.close()
        raise


async def dial(
    endpoint: SipEndpoint,
    media: MediaOptions,
    to: Address,
    *,
    sink: LegSink | None = None,
    sender: Address | None = None,
    display_name: str = "",
    headers: Mapping[str, str] | None = None,
    ring_timeout_s: float = 60.0,
    response_timeout_s: float | None = None,
) -> SipLeg:
    """Call ``to`` and return the leg once it was answered; it is connected to ``sink`` from its first frame.

    Raises :class:`~voicebot.legs.LegClosed` when it is refused or not answered in time, and what :func:`place` raises.
    Cancelling the call of this function cancels the call.
    """
    leg = await place(
        endpoint,
        media,
        to,
        sender=sender,
        display_name=display_name,
        headers=headers,
        ring_timeout_s=ring_timeout_s,
        response_timeout_s=response_timeout_s,
    )
    try:
        if sink is not None:
            leg.connect(sink)
        await leg.answer()
    except BaseException:
        await leg.hang_up()
        raise
    return leg
