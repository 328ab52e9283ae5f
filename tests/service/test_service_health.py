"""Whether the service takes calls, and what it tells of itself, over doubles of its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from voicebot.calls import Keeping
from voicebot.legs.sip_front_end import REFUSALS
from voicebot.service.dialog_versions import DialogsStatus
from voicebot.service.governor import Governor, Load
from voicebot.service.health import Health
from voicebot.settings import load_settings
from voicebot.sip import ListenAt, SipEndpoint

SERVING = DialogsStatus(2, "abc", datetime(2026, 11, 28, tzinfo=UTC), (), ())


@dataclass
class Child:
    name: str
    running: bool = True
    restarts: int = 0


@dataclass
class Client:
    trouble: str = ""


@dataclass
class Dialogs:
    client: Client = field(default_factory=Client)
    host: Child = field(default_factory=lambda: Child("dialog host"))
    status: DialogsStatus = field(default_factory=lambda: SERVING)


@dataclass
class Speech:
    process: Child | None = field(default_factory=lambda: Child("speech service"))
    client: Child = field(default_factory=lambda: Child("speech client"))
    trouble: str = ""

    @property
    def processes(self) -> list[Child]:
        return [child for child in (self.process, self.client) if child is not None]


class FrontEnd:
    def __init__(self) -> None:
        self.draining = False
        self.rejected = Counter({"limit": 3})
        self.endpoint = SipEndpoint(ListenAt("UDP", "127.0.0.1", 0))


class RunningCalls(list[object]):
    """One call."""

    def __init__(self) -> None:
        super().__init__([object()])
        self.services = SimpleNamespace(keeping=Keeping(None, recording=False, log_words=False))


class Service:
    """A service that has been started; its parts may be changed."""

    def __init__(self) -> None:
        self.calls = RunningCalls()
        self.front_end = FrontEnd()
        self.dialogs = Dialogs()
        self.speech = Speech()
        self.governor = Governor(100, 20)
        parts: tuple[Any, ...] = (self.calls, self.front_end, self.dialogs, self.speech, self.governor)
        self.health = Health(load_settings(), *parts)
        self.health.started = True

    def figures(self) -> dict[str, dict[str, float]]:
        return {figure.name: dict(figure.values) for figure in self.health.figures()}

    def facts(self, title: str) -> dict[str, str]:
        (panel,) = (panel for panel in self.health.panels() if panel.title == title)
        return dict(cast("list[tuple[str, str]]", panel.facts))


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    made = Service()
    await made.front_end.endpoint.start()
    yield made
    await made.front_end.endpoint.close()


async def test_a_service_with_all_its_parts_is_ready(service: Service) -> None:
    assert service.health.unready() == []
    assert [panel.title for panel in service.health.panels()] == [
        *("Service", "Last hour", "Load", "Lines", "Speech service", "Processes", "Dialogs", "Records")
    ]
    assert service.facts("Service")["takes calls"] == "yes"
    assert service.facts("Service")["calls now"].startswith("1 of ")


async def test_before_the_start_nothing_is_said_of_parts_that_are_not_there_yet(service: Service) -> None:
    service.health.started = False
    assert service.health.unready() == ["the service is being started"]
    assert [panel.title for panel in service.health.panels()] == ["Service"]
    assert service.figures() == {
        "calls_refused": dict.fromkeys(REFUSALS, 0) | {"limit": 3},
        "ready": {"": 0},
        "draining": {"": 0},
    }


async def test_each_process_that_is_away_is_named(service: Service) -> None:
    service.dialogs.host.running = False
    assert service.health.unready() == ["dialog host is not running"]
    assert service.speech.process is not None
    service.speech.process.running = False
    service.speech.client.running = False
    away = ["dialog host is not running", "speech service is not running", "speech client is not running"]
    assert service.health.unready() == away


async def test_servers_of_others_that_are_away_are_named(service: Service) -> None:
    service.speech.trouble = "the speech service is away: no answer in 3 s"
    assert service.health.unready() == ["the speech service is away: no answer in 3 s"]


async def test_without_the_state_server_calls_are_taken_and_it_is_told(service: Service) -> None:
    service.dialogs.client.trouble = "redis://127.0.0.1:6379/0 does not answer within 1 s"
    assert service.health.unready() == []
    (note,) = service.health.notes()
    assert note.startswith("state: redis://127.0.0.1:6379/0 does not answer within 1 s")
    (panel,) = (panel for panel in service.health.panels() if panel.title == "Service")
    assert panel.wrong and note in panel.lines
    service.dialogs.client.trouble = ""
    assert service.health.notes() == []


async def test_a_speech_service_of_others_is_no_process_of_ours(service: Service) -> None:
    service.speech.process = None
    assert service.health.unready() == []
    assert service.figures()["process_restarts"] == {"dialog-host": 0, "speech-client": 0}


async def test_a_service_that_is_being_stopped_says_so(service: Service) -> None:
    service.front_end.draining = True
    assert service.health.unready() == ["the service is being stopped"]
    assert service.facts("Service")["takes calls"] == "no"


@pytest.mark.parametrize(
    ("draining", "trouble", "ready"),
    [(False, "", 1), (True, "", 0), (False, "the speech service is away", 0)],
    ids=["serving", "draining", "in trouble"],
)
async def test_figures_tell_a_service_that_ends_from_one_in_trouble(
    service: Service, draining: bool, trouble: str, ready: int
) -> None:
    service.front_end.draining, service.speech.trouble = draining, trouble
    figures = service.figures()
    assert (figures["ready"], figures["draining"]) == ({"": ready}, {"": draining})


async def test_figures_are_those_of_all_parts(service: Service) -> None:
    service.dialogs.host.restarts = 2
    figures = service.figures()
    assert figures["process_restarts"] == {"dialog-host": 2, "speech-service": 0, "speech-client": 0}
    assert figures["dialogs_version"] == {"": 2}
    assert "sip_requests" in figures


async def test_at_its_edge_the_service_says_that_calls_are_refused_and_why(service: Service) -> None:
    service.governor.observe(Load(30, late_s=0.001, busy=0.3))
    assert service.facts("Load")["calls taken now"] == "up to 83"
    assert "new calls" not in service.facts("Load")
    for _ in range(3):
        service.governor.observe(Load(60, late_s=0.021, busy=0.97))
    facts = service.facts("Load")
    assert facts["media clock"].startswith("21.0 ms late") and facts["event loop"].startswith("97 % busy")
    assert facts["new calls"].startswith("get 503")
    figures = service.figures()
    assert figures["calls_limit"] == {"": 57}
    assert (figures["loop_busy_ratio"], figures["clock_late_seconds"]) == ({"": 0.97}, {"": 0.021})
    assert facts["strained"] == "media clock, event loop"
    strained = {"media-clock": 1, "event-loop": 1, "audio-for-recognisers": 0, "recogniser": 0}
    assert figures["strained"] == strained


async def test_waiting_for_the_embedded_recogniser_is_told_where_there_is_one(service: Service) -> None:
    service.governor.observe(Load(6, late_s=0.001, busy=0.3))
    assert "embedded recogniser" not in service.facts("Load")
    assert "recogniser_wait_seconds" not in service.figures()
    service.governor.observe(Load(6, late_s=0.001, busy=0.3, final_wait_s=0.44))
    assert service.facts("Load")["embedded recogniser"] == "final results wait up to 440 ms for it"
    assert service.facts("Load")["strained"] == "recogniser"
    assert service.figures()["recogniser_wait_seconds"] == {"": 0.44}


async def test_what_the_disk_did_not_take_is_told_until_it_takes_something_again(service: Service) -> None:
    losses = service.calls.services.keeping.losses
    with pytest.raises(OSError, match="No space"), losses.watch("record"):
        raise OSError(28, "No space left on device")
    assert service.figures()["calls_not_kept"] == {"record": 1, "recording": 0}
    (panel,) = (panel for panel in service.health.panels() if panel.title == "Records")
    assert panel.wrong
    assert "No space left" in str(panel.lines)
    with losses.watch("record"):
        pass
    (panel,) = (panel for panel in service.health.panels() if panel.title == "Records")
    assert not panel.wrong
    assert service.facts("Records")["lost: records"] == "1"
    assert service.health.unready() == [], "calls go on"
