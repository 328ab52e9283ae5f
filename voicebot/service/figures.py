"""What the parts of the service count, as figures for `/metrics` (docs/operations.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from voicebot.console import Figure
from voicebot.service.dialog_versions import DialogsStatus
from voicebot.service.supervisor import ChildProcess
from voicebot.sip import SipEndpoint, TrunkState


def refused_figure(refused: Mapping[str, int]) -> Figure:
    """Calls that a front end refused, by reason."""
    return Figure("calls_refused", "Calls refused by us, by reason", dict(refused), "reason")


def process_figure(processes: Iterable[ChildProcess]) -> Figure:
    """How often each had to be started anew."""
    restarts = {child.name.replace(" ", "-"): child.restarts for child in processes}
    return Figure("process_restarts", "Restarts of the processes that we supervise", restarts, "process")


def dialog_figures(status: DialogsStatus) -> list[Figure]:
    """Which version of the dialogs serves, and whether what is in their folder could."""
    leaving = sum(calls for _, calls in status.leaving)
    return [
        Figure(
            "dialogs_version", "The version that serves, from 1 since the start", {"": status.version}, kind="gauge"
        ),
        Figure("dialogs_since", "When it began to (Unix time)", {"": status.since.timestamp()}, kind="gauge"),
        Figure(
            "dialogs_faults", "Faults that keep the saved files from serving", {"": len(status.faults)}, kind="gauge"
        ),
        Figure("dialogs_earlier_calls", "Calls on earlier versions", {"": leaving}, kind="gauge"),
    ]


def registered_accounts(endpoint: SipEndpoint) -> dict[str, bool]:
    """Whether each account that we register is registered now."""
    now = endpoint.loop.time()
    return {name: r.registered(now) for name, r in endpoint.registrations.items() if r.account.register}


def sip_figures(endpoint: SipEndpoint) -> list[Figure]:
    """What the endpoint counts, for `/metrics`."""
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
    places = {"refused": endpoint.admissions.refused, "made-room": endpoint.admissions.given_up}
    repeated = {"in": counters.repeated, "out": counters.retransmitted}
    return [
        Figure("sip_requests", "SIP requests that came", dict(counters.requests_by_method), "method"),
        Figure("sip_rejected", "SIP requests that we refused", rejected, "status"),
        Figure("sip_dropped", "Messages that came to nothing", unheard, "reason"),
        Figure("sip_connections_ended", "Connections for which there was no place", places, "how"),
        Figure("sip_retransmissions", "Messages that came, or were sent, again", repeated, "way"),
        Figure("account_registered", "Whether an account is registered", registered, "account", "gauge"),
        Figure("trunk_up", "Whether a trunk answers our OPTIONS", up, "trunk", "gauge"),
    ]
