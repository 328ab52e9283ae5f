"""Transfer of a call, requested by either side: REFER and the NOTIFYs with its outcome (RFC 3515), blind or attended.

A REFER makes a subscription within the dialog. We support one transfer at a time in each direction. Many telephones
hang up as soon as they have accepted the REFER, without reporting the outcome: that counts as success, because the call
with us is over either way. Some end the subscription with their first NOTIFY, "100 Trying", because they do not want to
report: then only a BYE can still tell that it went well, until the time is up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from voicebot.sip.body import is_understood, part_in
from voicebot.sip.call_state import CallState
from voicebot.sip.dialog import SipDialog
from voicebot.sip.header import NameAddr, SipSyntaxError, parse_params
from voicebot.sip.message import SipRequest, SipResponse, put_headers, response_to
from voicebot.sip.outputs import ReferProgress, ReferReceived
from voicebot.sip.transaction import ServerTransaction
from voicebot.sip.wire import Wire

_SIPFRAG = "message/sipfrag"
_FRAGMENT_RE = re.compile(r"SIP/2\.0 ([1-6][0-9][0-9]) ?([^\r\n]{0,200})")


@dataclass(slots=True)
class _Asked:
    """Our REFER and the subscription that it made."""

    give_up_at: float
    taken: bool = False
    status: int = 0
    reason: str = ""


class Referral:
    """The transfers of one call. A command that does not fit the state has no effect."""

    def __init__(self, wire: Wire, state: CallState) -> None:
        self._wire = wire
        self._state = state
        self._asked: _Asked | None = None
        self._pending: ServerTransaction | None = None
        self._subscription = 0
        """The CSeq of the REFER that we accepted, which is the id of its subscription; 0 if there is none."""

    @property
    def deadline(self) -> float | None:
        return self._asked.give_up_at if self._asked is not None else None

    def timeout(self, now: float) -> None:
        if self._asked is not None and self._asked.give_up_at <= now:
            self._done(self._asked.status, "no outcome in time", accepted=False)

    def stop(self, now: float, *, by_bye: bool) -> None:
        """The call is over: end the transfers of both sides. ``by_bye``: the other side hung up."""
        self.refuse(now, 487)
        asked = self._asked
        if asked is not None:
            well = asked.taken and by_bye
            self._done(asked.status, "the other side hung up" if well else "the call ended", accepted=well)

    # --- our REFER

    def ask(
        self,
        target: str,
        now: float,
        *,
        timeout_s: float = 30.0,
        headers: Mapping[str, str] | None = None,
        replaces: SipDialog | None = None,
    ) -> bool:
        """Ask the other side to call ``target`` (a URI). :class:`ReferProgress` reports the outcome.

        ``headers`` are put into the REFER, for servers that copy them, and into the URI, from which the other side puts
        them into its INVITE (RFC 3261 19.1.5, RFC 7433 4.1). ``replaces``: our dialog with the target, which the new
        call is to replace (RFC 3891).

        False if it cannot be sent now: the call is not up, or a transfer is in progress.
        """
        dialog = self._state.dialog
        if not self._state.is_up or dialog is None or self._asked is not None:
            return False
        request = dialog.request("REFER")
        wanted = dict(headers or {})
        put_headers(request, wanted)
        if replaces is not None:
            ids = f"{replaces.call_id};to-tag={replaces.remote_tag};from-tag={replaces.local_tag}"
            wanted["Replaces"] = ids
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in wanted.items())
        request.headers.set("Refer-To", f"<{target}?{query}>" if query else f"<{target}>")
        request.headers.set("Referred-By", f"<{NameAddr.parse(dialog.local).uri}>")
        request.headers.set("Contact", self._state.contact)
        self._asked = _Asked(now + timeout_s)
        self._wire.arm()
        self._wire.request_in(dialog, request, self._on_response, now)
        return True

    def _on_response(self, response: SipResponse | None, now: float) -> None:
        asked = self._asked
        if asked is None or (response is not None and response.status < 200):
            return
        if response is None:
            self._done(408, "Request Timeout", accepted=False)
        elif response.status >= 300:
            self._done(response.status, response.reason, accepted=False)
        elif not asked.taken:
            asked.taken = True
            self._wire.emit(ReferProgress(response.status, response.reason, accepted=True, final=False))

    def on_notify(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        event = (request.headers.get("Event") or "").partition(";")[0].strip().lower()
        asked = self._asked
        if event != "refer":
            self._wire.refuse(transaction, 489, now, headers={"Allow-Events": "refer"})
            return
        if asked is None:
            self._wire.refuse(transaction, 481, now)
            return
        if not is_understood(request, (_SIPFRAG,)):
            self._wire.refuse(transaction, 415, now, headers={"Accept": _SIPFRAG})
            return
        self._wire.respond(transaction, response_to(request, 200), now)
        asked.taken = True  # a NOTIFY may overtake the 202
        part = part_in(request, (_SIPFRAG,))
        fragment = part.content if part is not None and part.content is not None else b""
        told = _FRAGMENT_RE.match(fragment.decode("utf-8", "replace").lstrip())
        if told is not None:
            asked.status, asked.reason = int(told[1]), told[2]
        ended = (request.headers.get("Subscription-State") or "").strip().lower().startswith("terminated")
        if asked.status >= 200 or (ended and told is None):
            self._done(asked.status, asked.reason, accepted=200 <= asked.status < 300)
        else:
            self._wire.emit(ReferProgress(asked.status, asked.reason, accepted=True, final=False))

    def _done(self, status: int, reason: str, *, accepted: bool) -> None:
        self._asked = None
        self._wire.emit(ReferProgress(status, reason, accepted, final=True))

    # --- their REFER

    def on_refer(self, request: SipRequest, transaction: ServerTransaction, now: float) -> None:
        if not self._state.is_up or self._pending is not None or self._subscription:
            self._wire.refuse(transaction, 491, now)
            return
        try:
            target = NameAddr.parse(request.headers.get("Refer-To") or "").uri
        except SipSyntaxError:
            self._wire.refuse(transaction, 400, now)
            return
        self._pending = transaction
        self._wire.emit(ReferReceived(target, request.headers.get("Referred-By") or ""))

    def accept(self, now: float) -> None:
        """Send 202, and at once the NOTIFY "100 Trying" that RFC 3515 2.4.4 requires."""
        pending, self._pending = self._pending, None
        if pending is not None:
            self._subscription = pending.request.cseq[0]
            self._wire.respond(pending, self._state.response(pending.request, 202), now)
            self.notify(100, now)

    def refuse(self, now: float, status: int = 603) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            self._wire.respond(pending, response_to(pending.request, status), now)

    def notify(self, status: int, now: float, reason: str = "") -> None:
        """Report the target's ``status`` to the other side. A final one ends the subscription."""
        dialog = self._state.dialog
        if not self._state.is_up or dialog is None or not self._subscription:
            return
        final = status >= 200
        request = dialog.request("NOTIFY")
        request.headers.set("Contact", self._state.contact)
        request.headers.set("Event", f"refer;id={self._subscription}")
        request.headers.set("Subscription-State", "terminated;reason=noresource" if final else "active;expires=60")
        request.headers.set("Content-Type", f"{_SIPFRAG};version=2.0")
        request.body = f"SIP/2.0 {status} {reason or SipResponse(status).reason}\r\n".encode()
        if final:
            self._subscription = 0
        self._wire.request_in(dialog, request, lambda _response, _now: None, now)


class Replaces(NamedTuple):
    """A Replaces header (RFC 3891). ``key``: the :attr:`SipDialog.key` that it names: its to-tag is our tag.

    ``early_only``: a call that is up is not to be replaced.
    """

    key: tuple[str, str, str]
    early_only: bool = False

    @classmethod
    def of(cls, request: SipRequest) -> Replaces | None:
        """The one in ``request``; None if it has none. A malformed one names no dialog."""
        value = request.headers.get("Replaces")
        if value is None:
            return None
        call_id, _, rest = value.partition(";")
        try:
            params = parse_params(";" + rest)
        except SipSyntaxError:
            return cls(("", "", ""))
        key = call_id.strip(), params.get("to-tag") or "", params.get("from-tag") or ""
        return cls(key, "early-only" in params)
