"""Our binding among those that a registrar lists (RFC 3261 10.2.4): which one it is, and for how long it holds.

Registrars do not always return the Contact that they were sent: they write the address that they see instead (NAT), add
or drop parameters, and list the bindings of other devices and older ones of ours as well. So ours is, in this order:

1. the one with our ``+sip.instance`` (RFC 5626), which is kept by registrars that know it, whatever becomes of the URI;
2. the one with our user, host and port, and the one at the address where the registrar says that it saw us:
   ``received`` and ``rport`` of our Via (RFC 3581);
3. if there is none of these, any that is no other's by its instance, those with our user first.

Where several remain, the shortest time counts: a refresh may come early, but never too late. A binding with no time
left does not count beside others: a registrar that has a new address for us lists the previous one so.
"""

from __future__ import annotations

import re
import uuid
from contextlib import suppress

from voicebot.sip.header import MAX_LIST, NameAddr, SipSyntaxError, SipUri, Via, split_list
from voicebot.sip.message import SipResponse

LONGEST_S = 10 * 24 * 3600
"""Who is granted more asks again after this time all the same."""
_INSTANCE = "+sip.instance"


def with_instance(contact: str, address: str) -> str:
    """The Contact value of the device that registers ``contact`` for ``address`` (a URI). Its instance is the same
    after each start (RFC 5626 4.1), and of no device that is reached elsewhere."""
    return f'{contact};{_INSTANCE}="<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f"{address} {contact}")}>"'


def granted_s(response: SipResponse, own: str, asked_s: int) -> int:
    """For how many seconds the registrar's 200 grants the binding of ``own``, our Contact value; 0: not at all.

    The time is the one in its Contact, else in the Expires header, else the one that we have asked for.
    """
    otherwise = _seconds(response.headers.get("Expires"), asked_s)
    bindings = [(one, _seconds(_expires(one), otherwise)) for one in _listed(response)]
    alive = [(one, seconds) for one, seconds in bindings if seconds > 0]
    if bindings and not alive:
        return 0
    ours = NameAddr.parse(own)
    ranks = [_rank(one, ours, response.via[0]) for one, _ in alive]
    times = [seconds for (_, seconds), rank in zip(alive, ranks, strict=True) if rank == min(ranks)]
    return min([*times, LONGEST_S] if times else [otherwise, LONGEST_S])


def of_others(response: SipResponse, own: str, address: str) -> list[str]:
    """The bindings in a registrar's 200 that other processes of ours have made for ``address``, as Contact values: they
    have the instance that :func:`with_instance` gives them. ``own``: our Contact value."""
    ours, found = _instance(NameAddr.parse(own)), []
    for one in _listed(response):
        contact = f"<{one.uri}>"
        instance = _instance(one)
        if instance != ours and instance == _instance(NameAddr.parse(with_instance(contact, address))):
            found.append(contact)
    return found


def _rank(contact: NameAddr, ours: NameAddr, via: Via) -> int:
    """How sure it is by the rules above that ``contact`` is ours: 1 is the surest."""
    instance, place, own = _instance(contact), _place(contact), _place(ours)
    seen = via.params.get("received"), via.params.get("rport")
    if instance and instance == _instance(ours):
        return 1
    if place == own or (seen[0] and place[1:] == seen):
        return 2
    if instance:
        return 5
    return 3 if place[0] == own[0] else 4


def _listed(response: SipResponse) -> list[NameAddr]:
    """The bindings that can be read. Those of others may be malformed, and we are registered all the same."""
    values: list[str] = []
    for line in response.headers.getlist("Contact"):
        with suppress(SipSyntaxError):
            values += split_list(line)
    found = []
    for value in values[:MAX_LIST]:
        with suppress(SipSyntaxError):
            found.append(NameAddr.parse(value))
    return found


def _uri(contact: NameAddr) -> SipUri | None:
    try:
        return SipUri.parse(contact.uri.partition("?")[0])
    except SipSyntaxError:
        return None


def _place(contact: NameAddr) -> tuple[str, str, str]:
    """User, host and port of a Contact; empty if it is not a SIP URI."""
    uri = _uri(contact)
    return (uri.user, uri.host.strip("[]").lower(), str(uri.port or 5060)) if uri is not None else ("", "", "")


def _expires(contact: NameAddr) -> str | None:
    """The parameter of the Contact; some write it among those of the URI."""
    uri = _uri(contact)
    return contact.params.get("expires") or (uri.params.get("expires") if uri is not None else None)


def _instance(contact: NameAddr) -> str:
    return (contact.params.get(_INSTANCE) or "").strip('"').lower()


def _seconds(text: str | None, otherwise: int) -> int:
    """A time as registrars write it, quoted or not; ``otherwise`` if it is missing or cannot be read."""
    found = re.fullmatch(r"[0-9]{1,10}", (text or "").strip('" '))
    return int(found[0]) if found else otherwise
