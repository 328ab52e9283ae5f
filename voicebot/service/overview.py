"""The sections of the operations page (docs/operations.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from voicebot import __version__
from voicebot.records import Losses
from voicebot.service.dialog_versions import DialogsStatus
from voicebot.service.figures import registered_accounts
from voicebot.service.governor import Governor, Load
from voicebot.service.last_hour import LastHour
from voicebot.service.supervisor import ChildProcess
from voicebot.sip import SipEndpoint, TrunkState
from voicebot.web import Panel


def service_panel(unready: Sequence[str], notes: Sequence[str], running: int, most: int) -> Panel:
    """Whether calls are taken, and how many there are. ``notes``: what else is wrong. ``most``: the maximum."""
    facts = [
        ("takes calls", "no" if unready else "yes"),
        ("calls now", f"{running} of {most}"),
        ("version", __version__),
    ]
    return Panel("Service", facts, [*unready, *notes], wrong=bool(unready or notes))


def load_panel(governor: Governor, *, refuses: bool) -> Panel:
    """How near the call process is to its edge. ``refuses``: whether calls are refused there."""
    load, limit = governor.load, governor.limit
    full = refuses and load.calls >= limit
    facts = [
        ("event loop", f"{100 * load.busy:.0f} % busy; a call takes {100 * governor.cost:.2f} %"),
        ("media clock", f"{1000 * load.late_s:.1f} ms late (p99 of the last second)"),
        *_recogniser(load),
        ("calls taken now", f"up to {limit}" if refuses else "however busy it is (sip.refuse_when_busy)"),
    ]
    if signs := governor.signs:
        facts.append(("strained", ", ".join(signs)))
    if full:
        facts.append(("new calls", "get 503: the ones that are up would suffer"))
    return Panel("Load", facts, wrong=full)


def _recogniser(load: Load) -> list[tuple[str, str]]:
    if load.final_wait_s is None:
        return []
    return [("embedded recogniser", f"final results wait up to {1000 * load.final_wait_s:.0f} ms for it")]


def processes_panel(processes: Sequence[ChildProcess]) -> Panel:
    """The processes that this one has started."""
    facts = [(child.name, _state_of(child)) for child in processes]
    return Panel("Processes", [("call process", "this one"), *facts], wrong=not all(c.running for c in processes))


def _state_of(child: ChildProcess) -> str:
    state = "running" if child.running else "is not running: it is being started again"
    again = f", restarted {child.restarts} time{'s' if child.restarts > 1 else ''}" if child.restarts else ""
    return state + again


def speech_panel(service: str, trouble: str) -> Panel:
    """The speech service, and what keeps it from hearing calls."""
    facts = [("service", service), ("answers", "no" if trouble else "yes")]
    return Panel("Speech service", facts, [trouble] if trouble else [], wrong=bool(trouble))


def hour_panel(hour: LastHour) -> Panel:
    """How many calls have ended, and how."""
    ends = hour.ends()
    total = ends.total()
    facts = [("calls that ended", f"{total}, {total / 60:.1f} a minute")]
    return Panel("Last hour", [*facts, *((end, str(count)) for end, count in ends.most_common())])


def dialogs_panel(folder: str, status: DialogsStatus) -> Panel:
    """Which version serves, and why the files saved since then do not."""
    facts = [
        ("folder", folder),
        ("version that serves", f"{status.version}, since {status.since:%Y-%m-%d %H:%M:%S} UTC"),
        *((f"version {version} still has", f"{calls} calls") for version, calls in status.leaving),
    ]
    if status.faults:
        facts.append(("saved files", "have faults and do not serve: correct this and save"))
    return Panel("Dialogs", facts, status.faults, wrong=bool(status.faults))


def records_panel(folder: str, losses: Losses) -> Panel:
    """Whether what is to be kept of calls can be written."""
    facts = [("folder", folder), *((f"lost: {what}s", str(count)) for what, count in losses.counts.items() if count)]
    lines = [f"the last {what} could not be written: {why}" for what, why in losses.now.items()]
    return Panel("Records", facts, lines, wrong=bool(lines))


def lines_panel(endpoint: SipEndpoint) -> Panel:
    """The states of trunks that we check and of accounts that we register."""
    accounts = registered_accounts(endpoint)
    facts = [(f"trunk {name}", _TRUNK[state]) for name, state in endpoint.trunk_states.items()]
    facts += [(f"account {name}", "registered" if there else "not registered") for name, there in accounts.items()]
    facts += [(f"account {name}", "registered by another node") for name in sorted(endpoint.accounts_elsewhere)]
    wrong = TrunkState.DOWN in endpoint.trunk_states.values() or not all(accounts.values())
    return Panel("Lines", facts or [("trunks and accounts", "none to check")], wrong=wrong)


_TRUNK: Final = {TrunkState.UP: "up", TrunkState.DOWN: "does not answer", TrunkState.UNKNOWN: "has not answered yet"}
