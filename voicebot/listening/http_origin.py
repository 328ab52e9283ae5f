"""Which requests a server takes that trusts whoever reaches it: none that a web page had a browser send.

A page that anybody in the house looks at can have the browser connect to this machine. It reaches us in two ways, both
of which the request itself shows:

* DNS rebinding: a name of the page's own, resolved to 127.0.0.1. ``Host`` has that name. Ours are addresses, which
  nobody can rebind, ``localhost``, and names that the settings say.
* a request across sites: ``Origin`` names the page. Without asking us first, a browser sends only bodies of the types
  that forms have, so a body must be JSON.

Pages of other sites may be named that are meant to ask (``origins``).

A server that is reached from elsewhere by a name that it does not know, and has its own proof of who asks (a token),
takes any ``Host``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from voicebot.loopback import is_loopback


class HttpRefusal(NamedTuple):
    """What a request is refused with: the HTTP status, the error's code, and why."""

    status: int
    code: str
    why: str


def own_names(listens_at: str, *names: str) -> frozenset[str] | None:
    """The names that a server at the address ``listens_at`` answers to, beside ``names``; None: to any, as it is not on
    loopback."""
    return frozenset(name.lower() for name in names if name) if is_loopback(listens_at) else None


def refusal_of(
    headers: Mapping[str, str],
    *,
    names: Collection[str] | None,
    origins: Collection[str] = (),
    authority: str = "",
    has_body: bool = False,
) -> HttpRefusal | None:
    """Why a request is not taken; None: it is.

    ``headers``: by any case of their names. ``names``: those that the server answers to; None: to any. ``origins``: in
    small letters, as browsers write them (``https://crm.example.com``). ``authority``: of a request line that has one,
    which then counts as well (RFC 9112 3.2.2).
    """
    host, origin = headers.get("Host"), headers.get("Origin")
    for shown in (host, authority):
        if shown and names is not None and not _is_ours(shown, names):
            return HttpRefusal(
                421, "MisdirectedRequest", f"this server does not answer to the name in Host: {shown[:100]}"
            )
    if origin is not None and origin.lower() not in origins and (host is None or not _is_same(origin, host)):
        return HttpRefusal(403, "Forbidden", "requests of other sites' pages are not taken")
    if has_body and not _is_json(headers.get("Content-Type", "")):
        return HttpRefusal(415, "UnsupportedMediaType", "send JSON, as application/json")
    if has_body and headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        return HttpRefusal(415, "UnsupportedMediaType", "send the body as it is, not compressed")
    return None


def _is_ours(authority: str, names: Collection[str]) -> bool:
    name = _host_of(f"//{authority}")
    if name in ("localhost", *names):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_same(origin: str, host: str) -> bool:
    scheme, _, authority = origin.partition("://")
    return scheme in ("http", "https") and authority.lower() == host.lower()


def _host_of(url: str) -> str:
    """The host in ``url``, in small letters and without brackets; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
