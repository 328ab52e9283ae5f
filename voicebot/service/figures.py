"""The metrics of the parts of the service, for `/metrics` (docs/operations.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from voicebot.legs.sip_front_end import REFUSALS
from voicebot.records import Losses
from voicebot.service.dialog_versions import DialogsStatus
from voicebot.service.governor import EDGES, Governor
from voicebot.service.supervisor import ChildProcess
from voicebot.sip import SipEndpoint, TrunkState
from voicebot.web import Figure


def refused_figure(refused: Mapping[str, int]) -> Figure:
    """Calls that the SIP front end refused, by reason."""
    counts = {reason: refused.get(reason, 0) for reason in REFUSALS}
    return Figure("calls_refused", "Inbound calls that we refused", counts, "reason")


def ready_figures(*, ready: bool, draining: bool) -> list[Figure]:
    """Whether calls are taken; and if not, whether that is meant so."""
    return [
        Figure("ready", "1 while calls are taken", {"": float(ready)}, kind="gauge"),
        Figure("draining", "1 while the service ends with its last call", {"": float(draining)}, kind="gauge"),
    ]


def load_figures(governor: Governor, *, refuses: bool) -> list[Figure]:
    """How near the call process is to its edge, and how many calls it takes. ``refuses``: whether it refuses any."""
    load = governor.load
    figures = [
        Figure("loop_busy_ratio", "Share of the last second in which the event loop was busy", {"": load.busy}),
        Figure("clock_late_seconds", "Lateness of the media clock in the last second, p99", {"": load.late_s}),
        Figure("recogniser_backlog_seconds", "Audio of a call that waits for its recogniser", {"": load.unsent_s}),
    ]
    if load.final_wait_s is not None:
        waits = {"": load.final_wait_s}
        figures.append(Figure("recogniser_wait_seconds", "Longest wait of a result for the recogniser", waits))
    signs = {edge.sign.replace(" ", "-"): float(edge.sign in governor.signs) for edge in EDGES}
    figures.append(Figure("strained", "1: by this sign the calls are too many", signs, "sign"))
    if refuses:
        figures.append(Figure("calls_limit", "How many calls may be up now", {"": governor.limit}))
    return [replace(figure, kind="gauge") for figure in figures]


def process_figure(processes: Iterable[ChildProcess]) -> Figure:
    """How often each was restarted."""
    restarts = {child.name.replace(" ", "-"): child.restarts for child in processes}
    return Figure("process_restarts", "Restarts of supervised processes", restarts, "process")


def dialog_figures(status: DialogsStatus) -> list[Figure]:
    """Which version of the dialogs serves, and whether the saved files could."""
    leaving = sum(calls for _, calls in status.leaving)
    since = status.since.timestamp()
    return [
        Figure("dialogs_version", "Version of the dialogs that serves, from 1", {"": status.version}, "", "gauge"),
        Figure("dialogs_since", "Unix time since which this version serves", {"": since}, "", "gauge"),
        Figure("dialogs_faults", "Faults in the saved files", {"": len(status.faults)}, "", "gauge"),
        Figure("dialogs_earlier_calls", "Running calls with earlier versions", {"": leaving}, "", "gauge"),
    ]  # fmt: skip


def registered_accounts(endpoint: SipEndpoint) -> dict[str, bool]:
    """Whether each account with registration is registered now."""
    now = endpoint.loop.time()
    return {name: r.registered(now) for name, r in endpoint.registrations.items() if r.account.register}


def sip_figures(endpoint: SipEndpoint) -> list[Figure]:
    """The metrics of the SIP endpoint."""
    counters = endpoint.counters
    unheard = {
        "stranger": counters.strangers,
        "malformed": counters.malformed,
        "nobody's": counters.dropped,
        "send-error": counters.send_errors,
        "unresolved": counters.unresolved,
    }
    registered = {name: float(there) for name, there in registered_accounts(endpoint).items()}
    up = {name: float(s is TrunkState.UP) for name, s in endpoint.trunk_states.items() if s is not TrunkState.UNKNOWN}
    rejected = {str(status): count for status, count in counters.rejected_by_status.items()}
    admissions = endpoint.admissions
    places = {"refused": admissions.refused, "made-room": admissions.given_up, "too-often": admissions.too_often}
    repeated = {"in": counters.repeated, "out": counters.retransmitted}
    return [
        Figure("sip_requests", "Received SIP requests", dict(counters.requests_by_method), "method"),
        Figure("sip_rejected", "SIP requests that we answered with an error", rejected, "status"),
        Figure("sip_dropped", "SIP messages that were dropped, or could not be sent", unheard, "reason"),
        Figure("sip_connections_ended", "SIP connections that found no place, or made room for others", places, "how"),
        Figure("sip_retransmissions", "Retransmissions of SIP messages, received and sent", repeated, "direction"),
        Figure("account_registered", "1 while the account is registered", registered, "account", "gauge"),
        Figure("trunk_up", "1 while the trunk answers our OPTIONS", up, "trunk", "gauge"),
    ]


def state_figure(trouble: str) -> Figure:
    """Whether the server that keeps the state of conversations is used."""
    return Figure("state_server_up", "1 while the state server is used", {"": float(not trouble)}, kind="gauge")


def losses_figure(losses: Losses) -> Figure:
    """Records and recordings that the disk did not take."""
    return Figure("calls_not_kept", "Records and recordings that could not be written", dict(losses.counts), "what")
