"""The SDP attributes of DTLS-SRTP (RFC 5763, 8122, 8842), ICE (RFC 8839) and BUNDLE (RFC 9143). Pure.

An attribute is in a media section, or before all of them, and then applies to each media section without its own. We
answer such offers. We offer DTLS-SRTP only for a stream that uses it already.

Roles: an offer usually leaves the choice to us (``actpass``). We then wait for the other side's handshake, which it
starts when it can reach us; we start it only if the other side wants to wait.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final, Literal

PROFILES: Final = ("UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF")
SetupRole = Literal["active", "passive"]

MAX_FINGERPRINTS: Final = 8
MAX_BUNDLED: Final = 16
STRONG_HASHES: Final = ("sha-256", "sha-384", "sha-512")
_FINGERPRINT_RE: Final = re.compile(r"([A-Za-z0-9-]{1,16}) +([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,63})\s*\Z")
_UFRAG_RE: Final = re.compile(r"[A-Za-z0-9+/]{4,256}\s*\Z")
_PASSWORD_RE: Final = re.compile(r"[A-Za-z0-9+/]{22,256}\s*\Z")
_TOKEN_RE: Final = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]{1,64}\s*\Z")
_SETUPS: Final = ("active", "passive", "actpass", "holdconn")


@dataclass(slots=True)
class Handshake:
    """The attributes of one section. ``candidate``: our address, if we describe ourselves and there is ICE."""

    fingerprints: tuple[tuple[str, str], ...] = ()
    """Algorithm and hash of each certificate."""
    setup: str = ""
    ufrag: str = ""
    password: str = field(default="", repr=False)
    mux: bool = False
    mid: str = ""
    bundle: tuple[str, ...] = ()
    """The ``mid`` of each media section that shares one port with the others, in a session's attributes; in those of a
    media section its own, if it is one of them."""
    lite: bool = False
    candidate: tuple[str, int] | None = None

    def take(self, name: str, text: str) -> None:
        """Note an attribute if it is one of these and well-formed; ignore it otherwise."""
        if name == "fingerprint":
            match = _FINGERPRINT_RE.match(text)
            if match is not None and len(self.fingerprints) < MAX_FINGERPRINTS:
                self.fingerprints += ((match[1].lower(), match[2].upper()),)
        elif name == "setup" and text.strip().lower() in _SETUPS:
            self.setup = text.strip().lower()
        elif name == "ice-ufrag" and _UFRAG_RE.match(text):
            self.ufrag = text.strip()
        elif name == "ice-pwd" and _PASSWORD_RE.match(text):
            self.password = text.strip()
        elif name == "ice-lite":
            self.lite = True
        elif name == "rtcp-mux":
            self.mux = True
        elif name == "mid" and _TOKEN_RE.match(text):
            self.mid = text.strip()
        elif name == "group" and not self.bundle:
            kind, *names = text.split()[: MAX_BUNDLED + 1] or [""]
            if kind.upper() == "BUNDLE":
                self.bundle = tuple(name for name in names if _TOKEN_RE.match(name))

    def within(self, session: Handshake) -> Handshake:
        """The attributes of this media section, with the session's ``session`` where it has none."""
        own_ice = self.ufrag and self.password
        return replace(
            self,
            fingerprints=self.fingerprints or session.fingerprints,
            setup=self.setup or session.setup,
            ufrag=self.ufrag if own_ice else session.ufrag,
            password=self.password if own_ice else session.password,
            bundle=(self.mid,) if self.mid in session.bundle else (),
            lite=session.lite,
        )

    def lines(self) -> list[str]:
        """The attribute lines of a media section. ``ice-lite`` and the group are session attributes, not among them."""
        lines = [f"a=mid:{self.mid}"] if self.mid else []
        lines += [f"a=fingerprint:{name} {value}" for name, value in self.fingerprints]
        lines += [f"a=setup:{self.setup}"] if self.setup else []
        if self.ufrag:
            lines += [f"a=ice-ufrag:{self.ufrag}", f"a=ice-pwd:{self.password}"]
        if self.candidate is not None:
            host, port = self.candidate
            # RFC 8445 5.1.2.1: the priority of a host candidate, here the only one of the only component.
            lines += [f"a=candidate:1 1 udp 2130706431 {host} {port} typ host", "a=end-of-candidates"]
        return lines + (["a=rtcp-mux"] if self.mux else [])

    def agreed(self) -> HandshakeAgreement | None:
        """What the other side's attributes allow, the result of :meth:`within`; None if no handshake is possible."""
        strong = tuple(one for one in self.fingerprints if one[0] in STRONG_HASHES)
        if not strong or self.setup == "holdconn":
            return None
        role: SetupRole = "active" if self.setup == "passive" else "passive"
        ice = (self.ufrag, self.password) if self.ufrag and self.password else None
        if ice is not None and self.lite:
            return None  # if both are lite, nobody makes the checks
        return HandshakeAgreement(role, strong, ice, self.mux, self.mid, self.bundle)


@dataclass(frozen=True, slots=True)
class HandshakeAgreement:
    """How the keys of a stream are made. ``role``: ours. ``ice``: the other side's user fragment and password."""

    role: SetupRole
    fingerprints: tuple[tuple[str, str], ...]
    ice: tuple[str, str] | None = field(default=None, repr=False)
    mux: bool = False
    mid: str = ""
    bundle: tuple[str, ...] = ()

    def answer(self, fingerprint: str, ice: tuple[str, str] | None, address: tuple[str, int]) -> Handshake:
        """Our attributes in an answer. ``fingerprint``: the SHA-256 of our certificate; ``ice``: our user fragment and
        password, None without ICE; ``address``: where our media is received."""
        return self._ours(self.role, fingerprint, ice, address)

    def offer_again(self, fingerprint: str, ice: tuple[str, str] | None, address: tuple[str, int]) -> Handshake:
        """Our attributes in a new offer for the same stream, which leaves the roles as they are (RFC 8842 5.5)."""
        return self._ours("actpass", fingerprint, ice, address)

    def _ours(self, setup: str, fingerprint: str, ice: tuple[str, str] | None, address: tuple[str, int]) -> Handshake:
        made = Handshake((("sha-256", fingerprint),), setup, mux=self.mux, mid=self.mid, bundle=self.bundle)
        if self.ice is not None and ice is not None:
            made.ufrag, made.password = ice
            made.lite, made.candidate = True, address
        return made
