"""The calls of one user agent: found by dialog, or by INVITE for a CANCEL, and limited in number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from voicebot.sip.answering import IncomingSipCall
from voicebot.sip.call import CallOutput, SipCall
from voicebot.sip.dialog import SipDialog
from voicebot.sip.hop import Hop
from voicebot.sip.message import SipRequest
from voicebot.sip.refer import Replaces
from voicebot.sip.transaction import ServerTransaction


@dataclass(frozen=True, slots=True)
class SipLimits:
    """The most that one user agent holds at once."""

    transactions: int = 20_000
    calls: int = 2_000
    retry_after_s: int = 5
    """The Retry-After of a 503."""
    calls_of: Mapping[str, int] = field(default_factory=dict)
    """The most calls at once, incoming and outgoing, by the name of the trunk."""


class CallTable:
    """The owner of the calls (:class:`~voicebot.sip.call.CallOwner`). ``emit`` gets their events."""

    def __init__(self, limits: SipLimits, emit: Callable[[CallOutput], None]) -> None:
        self.emit = emit
        self._limits = limits
        self._calls: set[SipCall] = set()
        self._by_dialog: dict[tuple[str, str, str], SipCall] = {}
        self._by_invite: dict[ServerTransaction, IncomingSipCall] = {}
        self._ids: Counter[str] = Counter()
        """The number of dialogs with each Call-ID. Callers choose it, so that two calls may have the same one."""

    @property
    def all(self) -> frozenset[SipCall]:
        """Calls that are not over, with those whose BYE is still unanswered."""
        return frozenset(self._calls)

    def has_room(self, trunk: str) -> bool:
        """Whether ``trunk`` may have one more call."""
        return len(self._calls) < self._limits.calls and not self.is_full(trunk)

    def is_full(self, trunk: str) -> bool:
        """Whether ``trunk`` has reached its limit of calls."""
        limit = self._limits.calls_of.get(trunk)
        if limit is None:
            return False
        return sum(call.trunk == trunk and not call.is_over for call in self._calls) >= limit

    def add(self, call: SipCall) -> None:
        self._calls.add(call)
        if isinstance(call, IncomingSipCall):
            self._by_invite[call.invite_transaction] = call
        if call.dialog is not None:
            self.adopt(call, call.dialog)

    def adopt(self, call: SipCall, dialog: SipDialog) -> None:
        """Pass requests within ``dialog``, which may be an early one, to ``call``."""
        self._ids[dialog.call_id] += dialog.key not in self._by_dialog
        self._by_dialog[dialog.key] = call

    def release(self, call: SipCall) -> None:
        """Forget the call: it is over, and nothing more will come for it."""
        self._calls.discard(call)
        if isinstance(call, IncomingSipCall):
            self._by_invite.pop(call.invite_transaction, None)
        for dialog in call.dialogs:
            if self._by_dialog.get(dialog.key) is call:
                del self._by_dialog[dialog.key]
                self._ids[dialog.call_id] -= 1
                if not self._ids[dialog.call_id]:
                    del self._ids[dialog.call_id]

    def call_of(self, request: SipRequest) -> SipCall | None:
        """The call whose dialog ``request`` is in."""
        return self._by_dialog.get((request.call_id, request.recipient.tag, request.sender.tag))

    def invited_by(self, transaction: ServerTransaction) -> IncomingSipCall | None:
        """The incoming call of this INVITE transaction."""
        return self._by_invite.get(transaction)

    def runs(self, call_id: str) -> bool:
        """Whether a call has this Call-ID."""
        return call_id in self._ids

    def replaced_by(self, replaces: Replaces, trunk: str, source: Hop) -> SipCall | None:
        """The call that a Replaces header names, in an INVITE through ``trunk`` from ``source``.

        None if there is no such call, if it is not up, or if the sender may not take it over (RFC 3891 sections 3, 5).
        Only the same trunk may, or without a trunk the same host; and a call over TLS (or WSS) only over TLS.
        """
        call = self._by_dialog.get(replaces.key)
        if call is None or not call.is_up or call.trunk != trunk:
            return None
        theirs = bool(trunk) or call.source.host == source.host
        return call if theirs and (source.secure or not call.source.secure) else None
