"""ICE-lite (RFC 8445): we have one address, everybody can reach it, and we only answer checks. Pure.

The other side makes all the checks. A check that names both user fragments and is signed with our password comes from
the side that the signalling spoke with; media goes to the address that it nominates. Nobody else gets an answer, and an
answer is at most a few bytes longer than its check, so the port is of no use for reflecting traffic.
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
    """48 and 144 bits; at least 24 and 128 are asked for (RFC 8839 5.4)."""
    return IceCredentials(secrets.token_hex(6), secrets.token_hex(18))


class IceLite:
    """One stream's checks. ``nominated``: where the other side wants to be sent to, None before it has said so."""

    def __init__(self, local: IceCredentials, remote: IceCredentials) -> None:
        self.local = local
        self.remote = remote
        self.nominated: SocketAddress | None = None
        self.refused = 0
        """Messages that were not answered: malformed, or not from the one that we speak with."""
        self._user = f"{local.ufrag}:{remote.ufrag}".encode()
        self._password = local.password.encode()
        self._valid: OrderedDict[SocketAddress, None] = OrderedDict()

    def is_valid(self, source: SocketAddress) -> bool:
        """Whether a check from ``source`` was good."""
        return source in self._valid

    def receive(self, data: bytes, source: SocketAddress) -> bytes | None:
        """The answer to a check; None: there is none."""
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
            # 7.3.1.1: one of the two must be in control, and it cannot be the lite one.
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
