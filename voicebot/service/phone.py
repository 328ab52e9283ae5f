"""The phone in the console's page, made from the settings."""

from __future__ import annotations

from functools import partial

from voicebot.console import PhoneApi
from voicebot.own_trunks import PAGE_TRUNK
from voicebot.settings import Settings
from voicebot.sip import SipEndpoint


def phone_api(settings: Settings, endpoint: SipEndpoint) -> PhoneApi | None:
    """Its calls come to ``endpoint``. None if there is none."""
    console = settings.console
    if not console.phone_calls:
        return None
    return PhoneApi(
        partial(endpoint.websocket, trunk=PAGE_TRUNK),
        console.secret,
        private=console.is_private,
        calls=console.phone_calls,
    )
