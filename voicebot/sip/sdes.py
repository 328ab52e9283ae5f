"""SDES, RFC 4568: the ``a=crypto`` attribute, which carries SRTP master keys in a session description. Pure.

Each side names the key of what it *sends*: the offer's key is for the offerer's packets, the answer's key for the
answerer's. The answer repeats the tag and suite of the attribute that it chooses.

We support the two most common suites, with one inline key. An MKI is taken from the packets of who announces it; we
send none. A line with session parameters that change the packets must not be used as if it had none (section 6.3.2), so
it is ignored.
"""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from typing import Final

SUITES: Final = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")
"""In the order of our preference."""
KEY_BYTES: Final = 30
"""Master key (16) and master salt (14)."""
MAX_CRYPTO: Final = 16
"""The most attributes that are kept of one media section."""

_MAX_MKI: Final = 128
_CRYPTO_RE: Final = re.compile(
    r"(\d{1,9})\s+([A-Za-z0-9_]{1,64})\s+inline:([A-Za-z0-9+/]{40})={0,2}(\S*)", re.IGNORECASE | re.ASCII
)
_LIFETIME_RE: Final = re.compile(r"(?:2\^)?\d{1,16}\Z")
_MKI_RE: Final = re.compile(r"(\d{1,40}):(\d{1,3})\Z")
_HARMLESS_RE: Final = re.compile(r"-\S+\Z|WSH=\d+\Z|KDR=0\Z", re.IGNORECASE | re.ASCII)
"""Session parameters that change no packet, and those that may be ignored (section 6.3.7)."""


@dataclass(frozen=True, slots=True)
class Crypto:
    """One usable ``a=crypto``. Its text and its key are secrets: ``repr`` shows neither."""

    tag: int
    suite: str
    key: bytes
    mki: bytes = b""
    """The master key identifier in each packet; empty if there is none."""

    def __repr__(self) -> str:
        return f"Crypto(tag={self.tag}, suite={self.suite!r})"

    def __str__(self) -> str:
        return f"{self.tag} {self.suite} inline:{base64.b64encode(self.key).decode()}"

    @classmethod
    def parse(cls, text: str) -> Crypto | None:
        """Parse what follows ``a=crypto:``. None if it is malformed, or needs something that we do not support."""
        match = _CRYPTO_RE.match(text)
        if match is None or match[2].upper() not in SUITES:
            return None
        if not all(_HARMLESS_RE.match(parameter) for parameter in text[match.end() :].split()):
            return None
        mki = _mki(match[4])
        return cls(int(match[1]), match[2].upper(), base64.b64decode(match[3]), mki) if mki is not None else None


def _mki(parameters: str) -> bytes | None:
    """The MKI in what follows a key: ``|lifetime|number:length``, with or without each; None for anything else."""
    before, *given = parameters.split("|")
    if before:
        return None
    if given and (_LIFETIME_RE.match(given[0]) or not given[0]):
        given = given[1:]
    if not given:
        return b""
    match = _MKI_RE.match(given[0])
    if match is None or len(given) > 1 or not 0 < int(match[2]) <= _MAX_MKI:
        return None
    number, length = int(match[1]), int(match[2])
    return number.to_bytes(length, "big") if number < 256**length else None


class LocalKeys:
    """Our keys for one call: one for each suite, made when first needed, and the same in every description."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}

    def offer(self) -> list[Crypto]:
        """The attributes for an offer, one for each suite."""
        return [self._crypto(tag, suite) for tag, suite in enumerate(SUITES, 1)]

    def matching(self, theirs: Crypto) -> Crypto:
        """Our attribute with the tag and suite that the other side chose or offered, and our own key."""
        return self._crypto(theirs.tag, theirs.suite)

    def _crypto(self, tag: int, suite: str) -> Crypto:
        return Crypto(tag, suite, self._keys.setdefault(suite, secrets.token_bytes(KEY_BYTES)))
