"""STUN binding messages (RFC 8489), as far as connectivity checks need them (RFC 8445 section 7). Pure.

A message has a header of 20 bytes (type, length, magic cookie, transaction id) and attributes, each with a header of 4
bytes and padded to a multiple of 4. MESSAGE-INTEGRITY is an HMAC-SHA1 of the bytes before it, FINGERPRINT a CRC of the
bytes before it; each is computed with the length in the header as if the message ended with this attribute.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import ipaddress
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

BINDING_REQUEST: Final = 0x0001
BINDING_SUCCESS: Final = 0x0101
BINDING_ERROR: Final = 0x0111

USERNAME: Final = 0x0006
MESSAGE_INTEGRITY: Final = 0x0008
ERROR_CODE: Final = 0x0009
XOR_MAPPED_ADDRESS: Final = 0x0020
USE_CANDIDATE: Final = 0x0025
FINGERPRINT: Final = 0x8028
ICE_CONTROLLED: Final = 0x8029

MAX_MESSAGE: Final = 1280
_COOKIE: Final = 0x2112A442
_HEAD: Final = struct.Struct("!HHI12s")
_ATTRIBUTE: Final = struct.Struct("!HH")
_MAX_ATTRIBUTES: Final = 32
_CRC_MASK: Final = 0x5354554E


class MalformedStun(ValueError):
    """Not a valid STUN message."""


@dataclass(frozen=True, slots=True)
class StunMessage:
    """``attributes``: by type, the first of each. ``signed``: the bytes that MESSAGE-INTEGRITY covers, empty without
    it."""

    kind: int
    transaction: bytes
    attributes: dict[int, bytes] = field(default_factory=dict)
    signed: bytes = b""

    def is_signed_with(self, password: bytes) -> bool:
        """Whether MESSAGE-INTEGRITY is there and was made with ``password``."""
        if not self.signed:
            return False
        made = hmac.digest(password, self.signed, hashlib.sha1)
        return hmac.compare_digest(made, self.attributes[MESSAGE_INTEGRITY])


def parse(data: bytes) -> StunMessage:
    """Parse a message. Raises :class:`MalformedStun`, also for a wrong FINGERPRINT."""
    if not _HEAD.size <= len(data) <= MAX_MESSAGE:
        raise MalformedStun("length")
    kind, length, cookie, transaction = _HEAD.unpack_from(data)
    if kind & 0xC000 or cookie != _COOKIE or length != len(data) - _HEAD.size or length % 4:
        raise MalformedStun("head")
    attributes: dict[int, bytes] = {}
    signed = b""
    at = _HEAD.size
    for _ in range(_MAX_ATTRIBUTES):
        if at == len(data):
            return StunMessage(kind, transaction, attributes, signed)
        if at + _ATTRIBUTE.size > len(data):
            raise MalformedStun("attribute")
        name, size = _ATTRIBUTE.unpack_from(data, at)
        value = data[at + _ATTRIBUTE.size : at + _ATTRIBUTE.size + size]
        if len(value) != size:
            raise MalformedStun("attribute")
        if name == FINGERPRINT:
            if value != _fingerprint(data[:at]) or at + 8 != len(data):
                raise MalformedStun("fingerprint")
        elif signed:
            pass  # attributes after MESSAGE-INTEGRITY are not signed, and must be ignored (RFC 8489 14.5)
        elif name == MESSAGE_INTEGRITY:
            if size != 20:
                raise MalformedStun("integrity")
            signed = _with_length(data[:at], 24)
            attributes[name] = value
        else:
            attributes.setdefault(name, value)
        at += _ATTRIBUTE.size + size + -size % 4
    raise MalformedStun("too many attributes")


def build(
    kind: int, transaction: bytes, attributes: Iterable[tuple[int, bytes]], password: bytes | None = None
) -> bytes:
    """A message with ``attributes``, MESSAGE-INTEGRITY if there is a ``password``, and FINGERPRINT."""
    message = _HEAD.pack(kind, 0, _COOKIE, transaction)
    for name, value in attributes:
        message += _ATTRIBUTE.pack(name, len(value)) + value + bytes(-len(value) % 4)
    if password is not None:
        digest = hmac.digest(password, _with_length(message, 24), hashlib.sha1)
        message += _ATTRIBUTE.pack(MESSAGE_INTEGRITY, 20) + digest
    message = _with_length(message, 8)
    return message + _ATTRIBUTE.pack(FINGERPRINT, 4) + _fingerprint(message)


def xor_mapped_address(host: str, port: int, transaction: bytes) -> bytes:
    """The value of XOR-MAPPED-ADDRESS: where a request came from. (The XOR keeps middleboxes from rewriting it.)"""
    address = ipaddress.ip_address(host)
    mask = struct.pack("!I", _COOKIE) + transaction
    hidden = bytes(a ^ b for a, b in zip(address.packed, mask, strict=False))
    return struct.pack("!BBH", 0, 1 if address.version == 4 else 2, port ^ (_COOKIE >> 16)) + hidden


def error_code(code: int, reason: str) -> bytes:
    """The value of ERROR-CODE."""
    return struct.pack("!HBB", 0, code // 100, code % 100) + reason.encode()


def _with_length(message: bytes, more: int) -> bytes:
    """``message`` with the length in its header as if it ended ``more`` bytes later."""
    return message[:2] + struct.pack("!H", len(message) - _HEAD.size + more) + message[4:]


def _fingerprint(before: bytes) -> bytes:
    return struct.pack("!I", binascii.crc32(before) ^ _CRC_MASK)
