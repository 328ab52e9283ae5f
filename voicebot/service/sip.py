"""The SIP side made out of the settings: where we listen, who may call, who we are, which lines there are."""

from __future__ import annotations

from voicebot.audio.codecs import Codec, all_named
from voicebot.legs.sip_media import MediaPreferences
from voicebot.settings import Settings
from voicebot.settings.media import OwnMediaSettings
from voicebot.settings.sip import listen_at
from voicebot.settings.trunks import LOOPBACK
from voicebot.settings.values import options
from voicebot.sip import Access, AgentOptions, ListenAt, SipEndpoint


def sip_endpoint(settings: Settings) -> SipEndpoint:
    """Where we listen, who may call and where we register, as the settings say."""
    sip = settings.sip
    strangers = sip.strangers
    if strangers == "auto":
        strangers = "drop" if settings.trunks or settings.accounts else "allow"
    listen = [listen_at(value, sip.advertised_host) for value in sip.listen]
    return SipEndpoint(
        *(listen or [ListenAt("UDP", sip.host, sip.port, sip.advertised_host)]),
        trunks=[trunk.trunk() for trunk in settings.trunks] or [LOOPBACK],
        accounts=[account.account() for account in settings.accounts],
        access=Access(strangers, settings.rates.rates(), settings.rates.trunk_factor),
        tls=settings.tls.options(),
        options=options(AgentOptions, sip),
    )


def media_preferences(settings: Settings, own: OwnMediaSettings | None = None) -> MediaPreferences:
    """How calls' audio is agreed, on a trunk or account that has its own mind or on all others."""
    own = own or OwnMediaSettings()
    sip, rtp = settings.sip, settings.rtp
    return MediaPreferences(
        codecs=all_named(own.codecs or sip.codecs),
        ours_first=(own.codec_choice or sip.codec_choice) == "ours",
        ptime_ms=own.ptime_ms or rtp.ptime_ms,
        srtp=own.srtp or rtp.srtp,
        inband_dtmf=rtp.inband_dtmf if own.inband_dtmf is None else own.inband_dtmf,
    )


def trunk_media(settings: Settings) -> dict[str, MediaPreferences]:
    """By the names of trunks and accounts."""
    trunks = {own.name: media_preferences(settings, own) for own in settings.trunks}
    return trunks | {own.name: media_preferences(settings, own) for own in settings.accounts}


def codecs_in_use(settings: Settings) -> list[Codec]:
    """All that a call may have, each once, the most preferred first."""
    everywhere = (media_preferences(settings), *trunk_media(settings).values())
    return list(dict.fromkeys(codec for preferences in everywhere for codec in preferences.codecs))
