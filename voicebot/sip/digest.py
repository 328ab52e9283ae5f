"""Digest authentication: RFC 7616 as used by SIP (RFC 8760), with MD5 for peers that support nothing else.

This is the server's side, and what both sides share. The server can check a nonce without having stored it: it consists
of time, source and a keyed hash. A bounded table has the highest ``nc`` used with each nonce, so that an overheard
Authorization cannot be replayed. Unknown users and wrong passwords take the same path to the same answer. The client's
side is in :mod:`voicebot.sip.credentials`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import Enum, auto

from voicebot.sip.message import SipRequest

ALGORITHMS: Mapping[str, Callable[[bytes], str]] = {
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
}
"""The strongest first: our challenges are in this order, and we answer the strongest of several challenges."""
_SCHEME_RE = re.compile(r"\s*Digest\s+", re.IGNORECASE)
_FIELD_RE = re.compile(r'([A-Za-z0-9_-]{1,32})\s*+=\s*+(?:"((?:[^"\\]|\\.){0,1024})"|([^\s,"]{0,1024}))\s*+(?:,\s*|\Z)')
_MAX_FIELDS = 24


def parse_digest(value: str) -> dict[str, str]:
    """The fields of a ``Digest`` challenge or answer, with names in lower case; empty if it is not one."""
    match = _SCHEME_RE.match(value)
    fields: dict[str, str] = {}
    at = match.end() if match else len(value)
    while at < len(value):
        match = _FIELD_RE.match(value, at)
        if match is None or len(fields) >= _MAX_FIELDS:
            return {}
        quoted = match[2]
        fields[match[1].lower()] = match[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = match.end()
    return fields


def digest_response(fields: Mapping[str, str], method: str, username: str, password: str, body: bytes = b"") -> str:
    """The ``response`` for ``fields`` (realm, nonce, uri, qop, nc, cnonce, algorithm). KeyError: one is missing."""
    algorithm = fields.get("algorithm", "MD5").upper()
    sess = algorithm.endswith("-SESS")
    hashed = ALGORITHMS[algorithm.removesuffix("-SESS")]

    def h(*parts: str) -> str:
        return hashed(":".join(parts).encode("utf-8", "surrogateescape"))

    ha1 = h(username, fields["realm"], password)
    if sess:
        ha1 = h(ha1, fields["nonce"], fields["cnonce"])
    qop = fields.get("qop", "")
    ha2 = h(method, fields["uri"], hashed(body)) if qop == "auth-int" else h(method, fields["uri"])
    if qop:
        return h(ha1, fields["nonce"], fields["nc"], fields["cnonce"], qop, ha2)
    return h(ha1, fields["nonce"], ha2)


def format_digest(fields: Mapping[str, str]) -> str:
    bare = ("algorithm", "qop", "nc", "stale")

    def one(name: str, value: str) -> str:
        return f"{name}={value}" if name in bare else '{}="{}"'.format(name, re.sub(r'(["\\])', r"\\\1", value))

    return "Digest " + ", ".join(one(name, value) for name, value in fields.items())


class Proof(Enum):
    """The result of checking an Authorization."""

    GOOD = auto()
    STALE = auto()
    """The right password, but with an expired or used nonce: challenge again with ``stale=true``."""
    BAD = auto()


class DigestServer:
    """Challenges requests and checks the answers, for one realm. ``password_of`` returns None for an unknown user."""

    def __init__(
        self,
        realm: str,
        password_of: Callable[[str], str | None],
        *,
        nonce_life_s: float = 300.0,
        kept: int = 10_000,
        secret: bytes | None = None,
    ) -> None:
        self.realm = realm
        self._password_of = password_of
        self._life_s = nonce_life_s
        self._kept = kept
        self._secret = secret or secrets.token_bytes(16)
        self._decoy = secrets.token_hex(16)
        self._used: OrderedDict[str, int] = OrderedDict()
        self._oldest = -1.0

    def challenges(self, source: str, now: float, *, stale: bool = False) -> list[str]:
        """Values of WWW-Authenticate, one for each algorithm (RFC 8760 2.4)."""
        fields = {"realm": self.realm, "nonce": self._nonce(source, now), "qop": "auth"}
        if stale:
            fields["stale"] = "true"
        return [format_digest({**fields, "algorithm": algorithm}) for algorithm in ALGORITHMS]

    def check(self, request: SipRequest, source: str, now: float) -> tuple[Proof, str]:
        """Check the request's Authorization. Returns the result and the user (empty unless GOOD)."""
        for value in request.headers.getlist("Authorization")[:4]:
            fields = parse_digest(value)
            if fields.get("realm") == self.realm:
                return self._check(fields, request, source, now)
        return Proof.BAD, ""

    def _check(self, fields: Mapping[str, str], request: SipRequest, source: str, now: float) -> tuple[Proof, str]:
        user = fields.get("username", "")
        password = self._password_of(user)
        try:
            # Without qop there is no nc, and so no protection against replay; our challenge asked for it.
            # The uri may differ from the Request-URI, because proxies rewrite that; the method may not.
            count = int(fields["nc"], 16) if fields["qop"] == "auth" else 0
            wanted = digest_response(fields, request.method, user, password or self._decoy)
        except (KeyError, ValueError):
            return Proof.BAD, ""
        if not hmac.compare_digest(wanted.encode(), fields.get("response", "").lower().encode("utf-8", "replace")):
            return Proof.BAD, ""
        if password is None or count < 1:
            return Proof.BAD, ""
        nonce = fields["nonce"]
        if not self._ours(nonce, source, now) or count <= self._used.get(nonce, 0):
            return Proof.STALE, ""
        self._used[nonce] = count
        while len(self._used) > self._kept:
            # A nonce that leaves the table could be replayed, so it and all older ones become invalid (see `_ours`).
            self._oldest = max(self._oldest, _made_at(self._used.popitem(last=False)[0]))
        return Proof.GOOD, user

    def _nonce(self, source: str, now: float) -> str:
        made = f"{int(now * 1000):012x}{secrets.token_hex(4)}"
        return made + self._sign(made, source)

    def _sign(self, made: str, source: str) -> str:
        return hashlib.blake2b(f"{made}|{source}".encode(), key=self._secret, digest_size=12).hexdigest()

    def _ours(self, nonce: str, source: str, now: float) -> bool:
        if not re.fullmatch(r"[0-9a-f]{44}", nonce):
            return False
        made = _made_at(nonce)
        return (
            self._oldest < made
            and now - self._life_s <= made <= now + 1
            and hmac.compare_digest(self._sign(nonce[:20], source), nonce[20:])
        )


def _made_at(nonce: str) -> float:
    return int(nonce[:12], 16) / 1000
