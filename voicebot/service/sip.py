"""The SIP side, made from the settings: where we listen, who may call, trunks and accounts, and their media."""

from __future__ import annotations

from dataclasses import replace

from voicebot.audio.codecs import Codec, all_named
from voicebot.legs.sip_media import MediaPreferences
from voicebot.legs.siprec import RecordingOptions
from voicebot.listening import Bounds
from voicebot.own_trunks import PAGE_TRUNK
from voicebot.settings import Settings
from voicebot.settings.sip import listen_at
from voicebot.settings.trunks import LOOPBACK, AccountSettings, TrunkSettings
from voicebot.settings.values import options
from voicebot.sip import CONNECTION_BOUNDS, Access, AgentOptions, Ladders, ListenAt, SipEndpoint, Trunk


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
