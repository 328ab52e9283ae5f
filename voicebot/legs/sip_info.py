"""Reads who calls whom from an INVITE, as text that is safe for JSON and logs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from voicebot.address import Address, Domain
from voicebot.audio.codecs import Codec
from voicebot.legs import LegInfo
from voicebot.sip import CallHandle, Line, NameAddr, SipRequest, SipSyntaxError, SipUri
from voicebot.sip.hop import bracketed

_PASSED_ON_HEADERS = (
    "Diversion",
    "History-Info",
    "P-Asserted-Identity",
    "P-Called-Party-ID",
    "P-Charge-Info",
    "P-Preferred-Identity",
    "Privacy",
    "Reason",
    "Referred-By",
    "Remote-Party-ID",
    "Subject",
    "User-Agent",
    "User-to-User",
)
"""Headers of the INVITE that are passed on to the bot, in addition to all that begin with ``X-``."""
_MAX_HEADERS = 32
_NUMBER_PARAMETERS = frozenset(
    {"cic", "cpc", "enumdi", "ext", "isub", "isub-encoding", "isup-oli", "noa", "npdi", "oli", "phone-context", "postd"}
    | {"rn", "rn-context", "tgrp", "trunk-context", "verstat"}
)
"""Parameters of telephone numbers (RFC 3966, RFC 4694, RFC 4904, 3GPP TS 24.229). What is called or calls is the number
before them, also in the user part of a SIP URI (RFC 3261 19.1.6)."""
_COUNTRY = re.compile(r"\+[1-9][0-9]{0,2}")
_NATIONAL = re.compile(r"0?[1-9][0-9]{5,13}")
"""Shorter ones are extensions; two zeros begin an international number."""
_TRUNK_PREFIXES = {"+1": "1", "+7": "8", "+36": "06", "+39": ""}
"""What is dialled before a national number, by country; elsewhere 0, or nothing (ITU-T E.164)."""
_ANONYMOUS = "anonymous"
_NOBODY = frozenset({_ANONYMOUS, "restricted", "unavailable"})


def leg_info(call: CallHandle, codec: Codec, lines: Mapping[str, Line]) -> LegInfo:
    """The facts of ``call``. ``lines``: for outgoing calls, by the names of trunks and accounts."""
    line = lines.get(call.trunk)
    info = request_info(call.request, codec, remote_address=call.remote_address.host, trunk=call.trunk)
    if line is not None:
        info = replace(info, domain=line.domain)
    if not call.outgoing:
        return info
    uri = call.request.uri
    return replace(info, callee_uri=printable(uri), domain=_domain(uri, call.remote_address.host))


def request_info(request: SipRequest, codec: Codec, *, remote_address: str, trunk: str) -> LegInfo:
    """The facts of an INVITE that came from ``remote_address`` through ``trunk``. The domain for numbers is not taken
    from it: a caller can write anything into From."""
    sender, recipient = request.sender, request.recipient
    return LegInfo(
        call_id=printable(request.call_id),
        caller=_ANONYMOUS if _is_withheld(sender.uri) else _user(sender.uri),
        callee=called(request),
        audio=codec.audio,
        codec=codec.name,
        caller_uri=printable(sender.uri),
        callee_uri=printable(recipient.uri),
        domain=Domain(bracketed(remote_address)) if trunk else None,
        display_name=printable(sender.display),
        remote_address=remote_address,
        trunk=trunk,
        headers=passed_on(request),
    )


def called(request: SipRequest) -> str:
    """The number or user that an INVITE is for."""
    return _user(request.uri) or _user(request.recipient.uri)


def passed_on(request: SipRequest) -> dict[str, str]:
    """The headers of an INVITE that are passed on, by name. All values of a header are one text, in their order and
    separated by commas (RFC 3261 7.3.1): a call that was diverted twice has two values of Diversion."""
    others = [name for name in request.headers.keys() if name.lower().startswith("x-")]  # noqa: SIM118
    values = {name: request.headers.getlist(name) for name in (*_PASSED_ON_HEADERS, *others)}
    present = [(name, lines) for name, lines in values.items() if lines]
    return {printable(name): printable(", ".join(lines)) for name, lines in present[:_MAX_HEADERS]}


def _user(uri: str) -> str:
    """The number without visual separators and parameters, or the user part; of a URI with another scheme or a
    malformed one, what follows the scheme."""
    try:
        parsed = SipUri.parse(NameAddr.parse(f"<{uri.partition('?')[0]}>").uri)
    except SipSyntaxError:
        return printable(uri.partition(":")[2])
    user, semicolon, text = parsed.user.partition(";")
    parameters = parsed.params if parsed.scheme == "tel" else Address(user, None, semicolon + text).parameter_values()
    if number := Address(user).number:
        return _global(number, parameters.get("phone-context") or "")
    is_subscriber = parsed.params.get("user") == "phone" or parameters.keys() & _NUMBER_PARAMETERS
    return printable(user if is_subscriber else parsed.user)


def _global(number: str, context: str) -> str:
    """A local number in the ``context`` of a country (``+49``) as a global one. In any other context, of a domain or of
    a place, it stays what it is: what would have to be put before it is not known (RFC 3966 5.1.5)."""
    if not (_COUNTRY.fullmatch(context) and _NATIONAL.fullmatch(number)):
        return number
    return context + number.removeprefix(_TRUNK_PREFIXES.get(context, "0"))


def _is_withheld(uri: str) -> bool:
    """Whether a From names nobody (RFC 3323 4.1.1.3; 3GPP TS 24.229: ``sip:unavailable@unknown.invalid``). Networks
    write that in several ways, and all such callers must be one and the same to a bot: nobody that it knows."""
    try:
        parsed = SipUri.parse(uri.partition("?")[0])
    except SipSyntaxError:
        return False
    user = parsed.user.partition(";")[0]
    return user.lower() in _NOBODY or (parsed.host.lower().endswith(".invalid") and not Address(user).number)


def _domain(uri: str, remote_address: str) -> Domain:
    """The domain of ``uri``; the remote address if it is a tel URI or malformed."""
    try:
        parsed = SipUri.parse(uri.partition("?")[0])
    except SipSyntaxError:
        return Domain(bracketed(remote_address))
    return Domain(parsed.host.lower(), parsed.port or None) if parsed.host else Domain(bracketed(remote_address))


def printable(text: str) -> str:
    """Replace control characters, and the lone surrogates that stand for bytes that are not UTF-8."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
