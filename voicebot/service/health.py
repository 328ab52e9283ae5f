"""The state of the whole service, for the console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from voicebot.calls import Calls
from voicebot.fleet import Fleet
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.service.dialog_versions import DialogVersions
from voicebot.service.figures import (
    dialog_figures,
    load_figures,
    losses_figure,
    process_figure,
    ready_figures,
    refused_figure,
    sip_figures,
    state_figure,
)
from voicebot.service.fleet import fleet_figures, fleet_notes, fleet_panel
from voicebot.service.governor import Governor
from voicebot.service.last_hour import LastHour
from voicebot.service.overview import (
    dialogs_panel,
    hour_panel,
    lines_panel,
    load_panel,
    processes_panel,
    records_panel,
    service_panel,
    speech_panel,
)
from voicebot.service.speech import SpeechService
from voicebot.service.supervisor import ChildProcess
from voicebot.service.troubles import Troubles
from voicebot.settings import Settings
from voicebot.web import Figure, Panel


class Further(Protocol):
    """A part of the service without which calls go on."""

    @property
    def processes(self) -> Sequence[ChildProcess]: ...

    def figures(self) -> Sequence[Figure]: ...

    def panel(self) -> Panel: ...


class Health:
    """Asks the parts at each request. ``started`` is set by their owner when all have started. ``troubles``: the latest
    warnings of the log, while it is watched. ``last_hour``: of calls, which its owner tells it of."""

    def __init__(
        self,
        settings: Settings,
        calls: Calls,
        sip: SipFrontEnd,
        dialogs: DialogVersions,
        speech: SpeechService,
        governor: Governor,
        further: Sequence[Further] = (),
        fleet: Fleet | None = None,
    ) -> None:
        self.started = False
        self.troubles = Troubles()
        self.last_hour = LastHour()
        self._settings = settings
        self._calls = calls
        self._sip = sip
        self._dialogs = dialogs
        self._speech = speech
        self._governor = governor
        self._further = further
        self._fleet = fleet

    def unready(self) -> list[str]:
        """What keeps the service from taking calls; empty if nothing does."""
        if not self.started:
            return ["the service is being started"]
        away = [f"{child.name} is not running" for child in self._processes if not child.running]
        if self._speech.trouble:
            away.append(self._speech.trouble)
        return [*away, "the service is being stopped"] if self._sip.draining else away

    def notes(self) -> list[str]:
        """What is wrong, though calls are taken."""
        trouble = self._dialogs.client.trouble if self.started else ""
        notes = [f"state: {trouble}: it is kept in memory until then"] if trouble else []
        return notes + (fleet_notes(self._fleet) if self._fleet is not None else [])

    def panels(self) -> list[Panel]:
        """The sections of the operations page."""
        service = service_panel(self.unready(), self.notes(), len(self._calls), self._settings.sip.max_calls)
        if not self.started:
            return [service]
        dialogs = dialogs_panel(str(self._settings.bot.dialogs), self._dialogs.status)
        records = records_panel(str(self._settings.calls.records), self._calls.services.keeping.losses)
        load = load_panel(self._governor, refuses=self._settings.sip.refuse_when_busy)
        lines = lines_panel(self._sip.endpoint)
        fleet = [fleet_panel(self._fleet, self._settings.fleet.max_calls)] if self._fleet is not None else []
        processes = processes_panel([*self._processes, *(c for part in self._further for c in part.processes)])
        speech = speech_panel(self._settings.speech.service, self._speech.trouble)
        hour, further = hour_panel(self.last_hour), [part.panel() for part in self._further]
        return [service, hour, load, *fleet, lines, speech, processes, dialogs, records, *further]

    def figures(self) -> list[Figure]:
        """The metrics of all parts."""
        always = [
            refused_figure(self._sip.rejected),
            *ready_figures(ready=not self.unready(), draining=self._sip.draining),
        ]
        if not self.started:
            return always
        return [
            *always,
            *load_figures(self._governor, refuses=self._settings.sip.refuse_when_busy),
            process_figure([*self._processes, *(child for part in self._further for child in part.processes)]),
            losses_figure(self._calls.services.keeping.losses),
            *dialog_figures(self._dialogs.status),
            *([state_figure(self._dialogs.client.trouble)] if self._settings.bot.state_url else []),
            *(fleet_figures(self._fleet) if self._fleet is not None else []),
            *sip_figures(self._sip.endpoint),
            *(figure for part in self._further for figure in part.figures()),
        ]

    @property
    def _processes(self) -> Sequence[ChildProcess]:
        """The processes that calls depend on."""
        return [self._dialogs.host, *self._speech.processes]
