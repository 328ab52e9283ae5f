"""The SIP side made out of the settings: where we listen, who may call, who we are, which lines there are."""

from __future__ import annotations

from voicebot.audio.codecs import Codec, all_named
from voicebot.legs.sip_media import MediaPreferences
from voicebot.listening import Bounds
from voicebot.settings import Settings
from voicebot.settings.sip import listen_at
from voicebot.settings.trunks import LOOPBACK, AccountSettings, TrunkSettings
from voicebot.settings.values import options
from voicebot.sip import CONNECTION_BOUNDS, Access, AgentOptions, ListenAt, SipEndpoint


def listens_at(settings: Settings) -> list[ListenAt]:
    """Where calls come in."""
    sip = settings.sip
    listen = [listen_at(value, sip.advertised_host) for value in sip.listen]
    return listen or [ListenAt("UDP", sip.host, sip.port, sip.advertised_host)]


def sip_endpoint(settings: Settings, connections: Bounds = CONNECTION_BOUNDS) -> SipEndpoint:
    """Where we listen, who may call and where we register, as the settings say. ``connections``: that others open."""
    sip = settings.sip
    strangers = sip.strangers
    if strangers == "auto":
        strangers = "drop" if settings.trunks or settings.accounts else "allow"
    return SipEndpoint(
        *listens_at(settings),
        trunks=[trunk.trunk() for trunk in settings.trunks] or [LOOPBACK],
        accounts=[account.account() for account in settings.accounts],
        access=Access(strangers, settings.rates.rates(), settings.rates.trunk_factor, connections),
        tls=settings.tls.options(),
        options=options(AgentOptions, sip),
    )


def media_preferences(settings: Settings) -> MediaPreferences:
    """How calls' audio is agreed, where a trunk or account has not its own way."""
    sip = settings.sip
    return options(MediaPreferences, settings.rtp, codecs=all_named(sip.codecs), codec_choice=sip.codec_choice)


def trunk_media(settings: Settings) -> dict[str, MediaPreferences]:
    """By the names of trunks and accounts."""
    usual = media_preferences(settings)
    own: tuple[TrunkSettings | AccountSettings, ...] = (*settings.trunks, *settings.accounts)
    return {one.name: one.preferences(usual) for one in own}


def codecs_in_use(settings: Settings) -> list[Codec]:
    """All that a call may have, each once, the most preferred first."""
    everywhere = (media_preferences(settings), *trunk_media(settings).values())
    return list(dict.fromkeys(codec for preferences in everywhere for codec in preferences.codecs))
