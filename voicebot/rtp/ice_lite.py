"""ICE-lite (RFC 8445): we have one public address, and only answer connectivity checks. Pure.

The other side makes all the checks. A check with both user fragments that is signed with our password comes from
somebody who knows the session description. Media is sent to the address that such a check nominates. Nobody else gets
an answer, and an answer is at most a few bytes longer than its check, so the port cannot be used to amplify traffic.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import Final, NamedTuple

from voicebot.rtp import stun
from voicebot.rtp.source import SocketAddress

_MAX_VALID: Final = 32


class IceCredentials(NamedTuple):
    """``ice-ufrag`` and ``ice-pwd`` of one side."""

    ufrag: str
    password: str

    def __repr__(self) -> str:
        return f"IceCredentials({self.ufrag!r})"  # the password is a secret


def new_credentials() -> IceCredentials:
    """Random credentials of 48 and 144 bits; RFC 8839 5.4 requires at least 24 and 128."""
    return IceCredentials(secrets.token_hex(6), secrets.token_hex(18))


class IceLite:
    """One stream's checks. ``nominated``: the address that the other side has chosen for media, None before."""

    def __init__(self, local: IceCredentials, remote: IceCredentials) -> None:
        self.local = local
        self.remote = remote
        self.nominated: SocketAddress | None = None
        self.refused = 0
        """Messages that were not answered: malformed, or not from the other side."""
        self._user = f"{local.ufrag}:{remote.ufrag}".encode()
        self._password = local.password.encode()
        self._valid: OrderedDict[SocketAddress, None] = OrderedDict()

    def is_valid(self, source: SocketAddress) -> bool:
        """Whether a check from ``source`` was valid."""
        return source in self._valid

    def receive(self, data: bytes, source: SocketAddress) -> bytes | None:
        """The answer to a check; None if it gets none."""
        try:
            message = stun.parse(data)
        except stun.MalformedStun:
            self.refused += 1
            return None
        known = message.attributes.get(stun.USERNAME) == self._user and message.is_signed_with(self._password)
        if message.kind != stun.BINDING_REQUEST or not known:
            self.refused += 1
            return None
        if stun.ICE_CONTROLLED in message.attributes:
            # 7.3.1.1: the full side must be in control, never the lite one.
            error = stun.error_code(487, "Role Conflict")
            return stun.build(
                stun.BINDING_ERROR, message.transaction, [(stun.ERROR_CODE, error)], password=self._password
            )
        self._valid[source] = None
        self._valid.move_to_end(source)
        if len(self._valid) > _MAX_VALID:
            self._valid.popitem(last=False)
        if stun.USE_CANDIDATE in message.attributes:
            self.nominated = source
        mapped = stun.xor_mapped_address(*source, message.transaction)
        return stun.build(
            stun.BINDING_SUCCESS, message.transaction, [(stun.XOR_MAPPED_ADDRESS, mapped)], password=self._password
        )
