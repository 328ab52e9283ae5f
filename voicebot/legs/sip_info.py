"""Reads who calls whom from an INVITE, as text that is safe for JSON and logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from voicebot.address import Domain
from voicebot.audio.codecs import Codec
from voicebot.legs import LegInfo
from voicebot.sip import CallHandle, Line, NameAddr, OutgoingCall, SipRequest, SipSyntaxError, SipUri
from voicebot.sip.hop import bracketed

_PASSED_ON_HEADERS = (
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
"""Headers of the INVITE that are passed on to the bot, in addition to all that begin with ``X-``."""
_MAX_HEADERS = 32


def leg_info(call: CallHandle, codec: Codec, lines: Mapping[str, Line]) -> LegInfo:
    """The facts of ``call``. ``lines``: for outgoing calls, by the names of trunks and accounts."""
    line = lines.get(call.trunk)
    info = request_info(call.request, codec, remote_address=call.remote_address.host, trunk=call.trunk)
    if line is not None:
        info = replace(info, domain=line.domain)
    if not isinstance(call, OutgoingCall):
        return info
    uri = call.request.uri
    return replace(info, callee_uri=_clean(uri), domain=_domain(uri, call.remote_address.host))


def request_info(request: SipRequest, codec: Codec, *, remote_address: str, trunk: str) -> LegInfo:
    """The facts of an INVITE that came from ``remote_address`` through ``trunk``. The domain for numbers is not taken
    from it: a caller can write anything into From."""
    sender, recipient = request.sender, request.recipient
    return LegInfo(
        call_id=_clean(request.call_id),
        caller=_user(sender.uri),
        callee=_user(request.uri) or _user(recipient.uri),
        audio=codec.audio,
        codec=codec.name,
        caller_uri=_clean(sender.uri),
        callee_uri=_clean(recipient.uri),
        domain=Domain(bracketed(remote_address)) if trunk else None,
        display_name=_clean(sender.display),
        remote_address=remote_address,
        trunk=trunk,
        headers=_headers(request),
    )


def _headers(request: SipRequest) -> dict[str, str]:
    names = [n for n in request.headers.keys() if n in _PASSED_ON_HEADERS or n.lower().startswith("x-")]  # noqa: SIM118
    return {_clean(name): _clean(request.headers[name]) for name in names[:_MAX_HEADERS]}


def _user(uri: str) -> str:
    """The user part or number; of a URI with another scheme or a malformed one, what follows the scheme."""
    try:
        return _clean(SipUri.parse(NameAddr.parse(f"<{uri.partition('?')[0]}>").uri).user)
    except SipSyntaxError:
        return _clean(uri.partition(":")[2])


def _domain(uri: str, remote_address: str) -> Domain:
    """The domain of ``uri``; the remote address if it is a tel URI or malformed."""
    try:
        parsed = SipUri.parse(uri.partition("?")[0])
    except SipSyntaxError:
        return Domain(bracketed(remote_address))
    return Domain(parsed.host.lower(), parsed.port) if parsed.host else Domain(bracketed(remote_address))


def _clean(text: str) -> str:
    """Replace control characters, and the lone surrogates that stand for bytes that are not UTF-8."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
