"""SDES, RFC 4568: the ``a=crypto`` attribute, which carries SRTP master keys in a session description. Pure.

Each side names the key of what it *sends*: the offer's key is for the offerer's packets, the answer's key for the
answerer's. The answer repeats the tag and suite of the attribute that it chooses.

We support the two most common suites, with one inline key, no MKI and no session parameters. A line with more must not
be used as if it had less (section 6.3.2), so it is ignored.
"""

from __future__ import annotations

import base64
import binascii
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

_CRYPTO_RE: Final = re.compile(
    r"(\d{1,9}) +([A-Za-z0-9_]{1,64}) +inline:([A-Za-z0-9+/]{40}={0,2})(?:\|(2\^)?\d{1,16})?\s*\Z"
)


@dataclass(frozen=True, slots=True)
class Crypto:
    """One usable ``a=crypto``. Its text and its key are secrets: ``repr`` shows neither."""

    tag: int
    suite: str
    key: bytes

    def __repr__(self) -> str:
        return f"Crypto(tag={self.tag}, suite={self.suite!r})"

    def __str__(self) -> str:
        return f"{self.tag} {self.suite} inline:{base64.b64encode(self.key).decode()}"

    @classmethod
    def parse(cls, text: str) -> Crypto | None:
        """Parse what follows ``a=crypto:``. None if it is malformed, or needs something that we do not support."""
        match = _CRYPTO_RE.match(text)
        if match is None or match[2] not in SUITES:
            return None
        try:
            key = base64.b64decode(match[3], validate=True)
        except binascii.Error:
            return None
        return cls(int(match[1]), match[2], key) if len(key) == KEY_BYTES else None


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
