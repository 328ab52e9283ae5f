"""Who may see which calls: tokens (JWT, RFC 7519) that we sign ourselves, or a program that has the same secret.

The claims, beside ``aud`` (:data:`AUDIENCE`) and ``exp``:

================  ==================================================================================================
``role``          what it opens
================  ==================================================================================================
``supervisor``    every call
``agent``         the calls in which ``sub`` is an agent: a number or extension in any domain, or an address of one
``call``          the call ``call`` alone: the link to a page
================  ==================================================================================================

A ``call`` beside another role narrows that to the one call. Every token expires. Signatures are compared in constant
time, and no token is logged.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import jwt

from voicebot.address import Address, AddressError
from voicebot.events.parties import Party, Role

AUDIENCE: Final = "voicebot-assist"
LEAST_SECRET: Final = 32
"""Bytes: as many as the signature has (RFC 7518 3.2)."""
MAX_TOKEN: Final = 2_048
LONGEST_LIFE_S: Final = 90 * 86_400
_ALGORITHM: Final = "HS256"
_NEVER: Final = 1e11
_ROLES: Final = ("supervisor", "agent", "call")


class TokenRefused(Exception):
    """The text says whether it has expired or is wrong, and no more."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody with a token. ``agent``: who, if an agent; ``call_id``: the only call that is meant, or empty.
    ``expires_at``: seconds since 1970."""

    supervisor: bool = False
    agent: Address | None = None
    call_id: str = ""
    expires_at: float = float("inf")

    def sees(self, call_id: str, parties: Iterable[Party]) -> bool:
        """Whether the call may be seen in which ``parties`` take part."""
        if self.call_id and self.call_id != call_id:
            return False
        if self.supervisor:
            return True
        return bool(self.call_id) if self.agent is None else is_agent(self.agent, parties)


def is_agent(agent: Address, parties: Iterable[Party]) -> bool:
    """Whether ``agent`` is one of the agents among ``parties``: it is the role that counts, whatever number a caller
    shows."""
    return any(
        party.role is Role.AGENT and party.address is not None and _is_same(agent, party.address) for party in parties
    )


class AccessTokens:
    """Tokens under ``secret``, of at least :data:`LEAST_SECRET` bytes; without one, under one of this process's own,
    with whose end they end."""

    def __init__(self, secret: str = "", clock: Callable[[], float] = time.time) -> None:
        self._secret = secret.encode() or secrets.token_bytes(LEAST_SECRET)
        self._clock = clock
        if len(self._secret) < LEAST_SECRET:
            raise ValueError(
                f"the key of the tokens has less than {LEAST_SECRET} bytes: make one with openssl rand -hex 32"
            )

    def issue(self, visitor: Visitor) -> str:
        """A token with which somebody is ``visitor``."""
        role = "supervisor" if visitor.supervisor else "call" if visitor.agent is None else "agent"
        claims: dict[str, Any] = {"aud": AUDIENCE, "role": role, "exp": int(visitor.expires_at)}
        if visitor.agent is not None:
            claims["sub"] = str(visitor.agent)
        if visitor.call_id:
            claims["call"] = visitor.call_id
        return jwt.encode(claims, self._secret, _ALGORITHM)

    def visitor(self, token: str) -> Visitor:
        """Who presents ``token``. Raises :class:`TokenRefused`."""
        visitor = self._read(token)
        if self.has_expired(visitor):
            raise TokenRefused("the token has expired")
        return visitor

    def has_expired(self, visitor: Visitor) -> bool:
        return self._clock() >= visitor.expires_at

    def left_s(self, visitor: Visitor) -> float:
        """For how long the visitor may still look; 0: no longer."""
        return max(0.0, visitor.expires_at - self._clock())

    def expiry(self, life_s: float) -> float:
        """When what is issued now for ``life_s`` seconds expires."""
        return self._clock() + min(life_s, LONGEST_LIFE_S)

    def _read(self, token: str) -> Visitor:
        try:
            if len(token) > MAX_TOKEN:
                raise ValueError
            options: Any = {"require": ["exp", "aud"], "verify_exp": False}
            claims = jwt.decode(token, self._secret, [_ALGORITHM], audience=AUDIENCE, options=options)
            return _visitor(claims["role"], claims.get("sub", ""), claims.get("call", ""), claims["exp"])
        except Exception as error:  # also what the library does not foresee in the token of a stranger
            raise TokenRefused("the token is not valid") from error


def _visitor(role: str, agent: str, call_id: str, expires_at: float) -> Visitor:
    """Raises ValueError for claims that make no sense together."""
    if role not in _ROLES or not isinstance(call_id, str):
        raise ValueError
    if not isinstance(expires_at, int | float) or not 0 < expires_at < _NEVER:
        raise ValueError
    if role == "call" and not call_id:
        raise ValueError
    return Visitor(role == "supervisor", Address.parse(agent) if role == "agent" else None, call_id, float(expires_at))


def _is_same(agent: Address, address: Address) -> bool:
    """``agent`` without a domain is this user in any."""
    if (agent.number or agent.user) != (address.number or address.user) or not agent.user:
        return False
    return agent.domain is None or (address.domain is not None and agent.domain.host == address.domain.host)


def agent_named(text: str) -> Address | None:
    """The agent with this number, extension or address; None: it is none of these."""
    try:
        return Address.parse(text)
    except AddressError:
        return None
