"""What is kept of a call so that another process can go on with it: plain JSON, without secrets.

Only a call that is up can be kept. What is missing is what the other side will tell or repeat: transactions on their
way are lost, but for the number of an offer of ours (:meth:`~voicebot.sip.renegotiation.Renegotiation.go_on`), so our
sequence numbers jump (:data:`CSEQ_JUMP`): the other side refuses a number that it has seen, and accepts any higher one.
Connections stay with the process that has them: requests go to the route set, or the target.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from voicebot.sip.call_state import CallPhase, CallState
from voicebot.sip.dialog import SipDialog
from voicebot.sip.header import SipSyntaxError
from voicebot.sip.hop import DEFAULT_PORTS, Hop
from voicebot.sip.line import Line
from voicebot.sip.message import MalformedMessage, SipRequest, parse_message
from voicebot.sip.session_timer import SessionTimer

CSEQ_JUMP = 1000


class NotKept(ValueError):
    """What is read is no call that was kept."""


class Restored(NamedTuple):
    """A call as it was. ``timer``: the session timer's interval, and whether we refresh. ``asked``: the number of an
    offer of ours that waited for its ACK; ``last``: of our last request."""

    state: CallState
    timer: tuple[int, bool]
    asked: int | None
    last: int


def keep(state: CallState, timer: SessionTimer, invite: str, asked: int | None = None) -> dict[str, Any] | None:
    """``invite``: the text of the INVITE; ``asked``: the number of our offer that waits for its ACK. None for a call
    that cannot be kept: it is not up, or a recording session, or reached over a WebSocket only."""
    dialog = state.dialog
    if not state.is_up or dialog is None or state.recording or state.source.by_websocket:
        return None
    return {
        "invite": invite,
        "source": _hop(state.source),
        "peer": _hop(dialog.peer) if dialog.peer is not None else None,
        "outgoing": state.outgoing,
        "trunk": state.trunk,
        "takes_update": state.peer_takes_update,
        "local": dialog.local,
        "remote": dialog.remote,
        "local_tag": dialog.local_tag,
        "remote_tag": dialog.remote_tag,
        "target": dialog.target,
        "routes": list(dialog.routes),
        "local_cseq": dialog.local_cseq,
        "remote_cseq": dialog.remote_cseq,
        "symmetric": dialog.symmetric,
        "direct": dialog.direct,
        "timer": [timer.interval, timer.ours],
        "asked": asked,
    }


def restore(kept: dict[str, Any], contact: str, line: Line | None) -> Restored:
    """The call as it was, with our ``contact`` from now on. Raises :class:`NotKept`."""
    try:
        invite = parse_message(kept["invite"].encode("latin-1"))
        if not isinstance(invite, SipRequest) or invite.method != "INVITE":
            raise NotKept("no INVITE is kept")
        interval, ours = kept["timer"]
        asked, last = kept.get("asked"), int(kept["local_cseq"])
        dialog = SipDialog(
            call_id=invite.call_id,
            local=str(kept["local"]),
            remote=str(kept["remote"]),
            local_tag=str(kept["local_tag"]),
            remote_tag=str(kept["remote_tag"]),
            target=str(kept["target"]),
            routes=[str(route) for route in kept["routes"]],
            local_cseq=last + CSEQ_JUMP,
            remote_cseq=int(kept["remote_cseq"]),
            peer=_hop_of(kept["peer"]) if kept["peer"] is not None else None,
            symmetric=kept["symmetric"],
            direct=bool(kept["direct"]),
        )
        state = CallState(
            invite,
            _hop_of(kept["source"]),
            dialog.local_tag,
            contact,
            outgoing=bool(kept["outgoing"]),
            phase=CallPhase.CONFIRMED,
            trunk=str(kept["trunk"]),
            credentials=line.credentials if line is not None else None,
            dialog=dialog,
            symmetric=dialog.symmetric,
            peer_takes_update=bool(kept["takes_update"]),
        )
        return Restored(state, (int(interval), bool(ours)), None if asked is None else int(asked), last)
    except (KeyError, TypeError, ValueError, AttributeError, MalformedMessage, SipSyntaxError) as error:
        raise NotKept(f"{type(error).__name__}: {error}") from error


def source_of(kept: dict[str, Any]) -> Hop:
    """Where its INVITE came from, or was sent to. Raises :class:`NotKept`."""
    try:
        return _hop_of(kept["source"])
    except (KeyError, TypeError, ValueError) as error:
        raise NotKept(str(error)) from error


def _hop(hop: Hop) -> list[Any]:
    return [hop.host, hop.port, hop.transport]


def _hop_of(kept: list[Any]) -> Hop:
    host, port, transport = kept
    if transport not in DEFAULT_PORTS:
        raise NotKept(f"{transport!r} is no transport")
    return Hop(str(host), int(port), transport)
