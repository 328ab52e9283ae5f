"""The SIP side, made from the settings: where we listen, who may call, trunks and accounts, and their media."""

from __future__ import annotations

import socket
from dataclasses import replace
from typing import Final

from voicebot.audio.codecs import Codec, all_named
from voicebot.legs.sip_media import MediaPreferences
from voicebot.legs.siprec import RecordingOptions
from voicebot.listening import Bounds
from voicebot.listening.cannot_listen import CannotListen, bind_error, cannot_listen
from voicebot.own_trunks import PAGE_TRUNK
from voicebot.service.supervisor import NotReady
from voicebot.settings import Settings
from voicebot.settings.sip import listen_at
from voicebot.settings.trunks import LOOPBACK, AccountSettings, TrunkSettings
from voicebot.settings.values import options
from voicebot.sip import CONNECTION_BOUNDS, Access, AgentOptions, CannotBind, Ladders, ListenAt, SipEndpoint, Trunk

SEEN_AS: Final = "sip.advertised_host"


def sip_endpoint(settings: Settings, connections: Bounds = CONNECTION_BOUNDS) -> SipEndpoint:
    """The endpoint: where it listens, who may call, and where it registers. ``connections``: that others may open."""
    sip = settings.sip
    trunks = [trunk.trunk() for trunk in settings.trunks]
    accounts = [account.account() for account in settings.accounts]
    strangers = sip.strangers
    if strangers == "auto":
        strangers = "drop" if trunks or accounts else "allow"
    return SipEndpoint(
        *listeners(settings),
        trunks=[*(trunks if trunks or accounts else [LOOPBACK]), *page_trunk(settings)],
        accounts=accounts,
        shared=bool(settings.fleet.url),
        access=Access(strangers, settings.rates.rates(), settings.rates.trunk_factor, connections),
        tls=settings.tls.options(),
        options=options(AgentOptions, sip, records=recordings(settings).takes),
        ladders=Ladders() if settings.calls.signalling else None,
    )


def page_trunk(settings: Settings) -> list[Trunk]:
    """The trunk of calls from the console's page, if they may come: known by the ticket that a page gets."""
    most = settings.console.phone_calls
    return [Trunk(PAGE_TRUNK, max_calls=most)] if most else []


def listeners(settings: Settings) -> list[ListenAt]:
    """Where the endpoint listens: ``sip.listen``, or UDP at ``sip.host`` and ``sip.port``."""
    sip = settings.sip
    listen = [listen_at(value, sip.advertised_host, sip.origins) for value in sip.listen]
    return listen or [ListenAt("UDP", sip.host, sip.port, sip.advertised_host)]


def why_no_listener(settings: Settings, error: OSError) -> CannotListen:
    """Why one of :func:`listeners` cannot be opened."""
    host, port = ("sip.listen", "sip.listen") if settings.sip.listen else ("sip.host", "sip.port")
    return cannot_listen(error, host=host, port=port, seen_as=SEEN_AS)


def cannot_take_calls(settings: Settings, error: CannotBind) -> NotReady:
    """What is told of a listener that cannot be opened."""
    return NotReady(why_no_listener(settings, error.error).at(error.where))


def why_no_media(settings: Settings) -> CannotListen | None:
    """Why no port for audio can be opened, whichever it is; None: some can."""
    sip = settings.sip
    error = bind_error(socket.SOCK_DGRAM, sip.host)
    host = "sip.host" if "host" in sip.model_fields_set else "sip.listen"
    return None if error is None else cannot_listen(error, host=host, port="rtp.port_low", seen_as=SEEN_AS)


def require_media_address(settings: Settings) -> None:
    """Raise :class:`NotReady` if every call would be refused for want of a port for its audio."""
    if (why := why_no_media(settings)) is not None:
        raise NotReady(why.at(f"{settings.sip.host}, for audio,"))


def media_preferences(settings: Settings) -> MediaPreferences:
    """The media preferences of calls by trunks and accounts that have none of their own."""
    sip = settings.sip
    return options(MediaPreferences, settings.rtp, codecs=all_named(sip.codecs), codec_choice=sip.codec_choice)


def recordings(settings: Settings) -> RecordingOptions:
    """Whose recording sessions are taken, who is an agent in them, and which SBCs are asked to begin them."""
    of_trunks = {trunk.name: trunk.agents for trunk in settings.trunks if trunk.assist}
    on_transfer = {trunk.name: trunk.record_on_transfer for trunk in settings.trunks if trunk.record_on_transfer}
    return options(RecordingOptions, settings.siprec, trunks=of_trunks, on_transfer=on_transfer)


def trunk_media(settings: Settings) -> dict[str, MediaPreferences]:
    """The media preferences by the name of the trunk or account."""
    usual = media_preferences(settings)
    own: tuple[TrunkSettings | AccountSettings, ...] = (*settings.trunks, *settings.accounts)
    of_pages = {trunk.name: replace(usual, srtp="required") for trunk in page_trunk(settings)}  # browsers send no other
    return {one.name: one.preferences(usual) for one in own} | of_pages


def codecs_in_use(settings: Settings) -> list[Codec]:
    """All codecs that a call may have, each once, in order of preference."""
    everywhere = (media_preferences(settings), *trunk_media(settings).values())
    return list(dict.fromkeys(codec for preferences in everywhere for codec in preferences.codecs))
