"""A call that another process had set up, and that goes on here (`kept.py` has what is known of it)."""

from __future__ import annotations

from voicebot.sip.acceptance import Acceptance
from voicebot.sip.call import CallOwner, SipCall
from voicebot.sip.dialog import SipDialog
from voicebot.sip.kept import Restored
from voicebot.sip.message import SipRequest
from voicebot.sip.session_timer import SessionTimer
from voicebot.sip.transaction import ServerTransaction
from voicebot.sip.transaction_layer import TransactionLayer
from voicebot.sip.wire import Wire


class _Settled:
    """The INVITE of a call that is up: nothing more can come of it (an :class:`~voicebot.sip.call.InviteSide`)."""

    deadline: float | None = None
    early_dialogs: tuple[SipDialog, ...] = ()

    def timeout(self, now: float) -> None: ...

    def early_dialog(self, tag: str) -> SipDialog | None:
        return None

    def takes_offer(self, tag: str) -> bool:
        return False

    def on_prack(self, request: SipRequest, transaction: ServerTransaction, now: float) -> bool:
        return False

    def hang_up(self, now: float) -> None: ...

    def stop(self, now: float) -> None: ...


class RestoredSipCall(SipCall):
    """A call that is up already."""

    def __init__(
        self, owner: CallOwner, layer: TransactionLayer, restored: Restored, session_expires_s: int, now: float
    ) -> None:
        state = restored.state
        wire = Wire(layer, state, self, emit=self._emit, end=self._end)
        session_timer = SessionTimer(session_expires_s)
        session_timer.go_on(*restored.timer, now)
        super().__init__(owner, state, wire, session_timer, Acceptance(wire, state, session_timer), _Settled())
        self.renegotiation.go_on(restored.asked, restored.last)
        wire.arm()
