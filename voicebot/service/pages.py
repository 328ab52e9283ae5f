"""The console's pages about calls of bots, made from the settings: the phone, and the calls that run."""

from __future__ import annotations

from functools import partial

from voicebot.calls import Calls
from voicebot.own_trunks import PAGE_TRUNK
from voicebot.settings import Settings
from voicebot.sip import SipEndpoint
from voicebot.web import LiveApi, OperatorGate, PhoneApi


def phone_api(settings: Settings, endpoint: SipEndpoint) -> PhoneApi | None:
    """Its calls come to ``endpoint``. None if there is none."""
    console = settings.console
    if not console.phone_calls:
        return None
    websocket = partial(endpoint.websocket, trunk=PAGE_TRUNK)
    return PhoneApi(websocket, _gate(settings), calls=console.phone_calls)


def live_api(settings: Settings, calls: Calls) -> LiveApi:
    """What is not kept of calls is not told of them either."""
    return LiveApi(calls, _gate(settings), words=settings.calls.records is not None)


def _gate(settings: Settings) -> OperatorGate:
    """Without a token, who sits at this machine is let in as long as nobody else can call: with a trunk or an account,
    programs of this machine are strangers here as they are in SIP, and what real callers say is not for every user."""
    alone = not (settings.trunks or settings.accounts)
    return OperatorGate(settings.console.secret, private=alone and settings.console.is_private)
