"""The fleet as one of its nodes shows it, and when nodes count as the same."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from voicebot.fleet import Fleet, NodeState
from voicebot.service.fleet import fleet_figures, fleet_notes, fleet_panel, node_name, settings_digest
from voicebot.settings import Settings, SettingsError, load_settings

URL = '[fleet]\nurl = "redis://127.0.0.1:6379/0"\n'


def seen(*nodes: NodeState, trouble: str = "") -> Fleet:
    return cast(Fleet, SimpleNamespace(nodes=list(nodes), trouble=trouble, moved={"taken": 2, "given-up": 0}))


def figures(fleet: Fleet) -> dict[str, Any]:
    return {figure.name: dict(figure.values) for figure in fleet_figures(fleet)}


def of(folder: Path, text: str) -> Settings:
    (file := folder / "voicebot.toml").write_text(text)
    return load_settings(file)


def test_nodes_are_shown_with_their_calls_and_whether_they_drain() -> None:
    fleet = seen(NodeState("b", 3, True, "0.1.0", "s", "d"), NodeState("a", 4, False, "0.1.0", "s", "d"))
    panel = fleet_panel(fleet, 50)
    assert list(panel.facts) == [
        ("calls of all nodes", "7 of 50"),
        ("a", "4 calls, version 0.1.0"),
        ("b", "3 calls, version 0.1.0, draining"),
    ]
    assert not panel.wrong and not panel.lines
    assert figures(fleet) == {
        "fleet_up": {"": 1},
        "fleet_nodes": {"serving": 1, "draining": 1},
        "fleet_calls": {"": 7},
        "fleet_calls_moved": {"taken": 2, "given-up": 0},
        "fleet_settings": {"": 1},
        "fleet_dialogs": {"": 1},
    }


def test_nodes_that_differ_are_named() -> None:
    fleet = seen(NodeState("a", settings="bot:1", dialogs="x"), NodeState("b", settings="bot:2", dialogs="y"))
    assert figures(fleet)["fleet_settings"] == {"": 2} == figures(fleet)["fleet_dialogs"]
    panel = fleet_panel(fleet, 0)
    assert panel.wrong and list(panel.lines) == fleet_notes(fleet)
    assert panel.lines[0] == "fleet: the settings of a and b differ: [bot]"
    assert panel.lines[1] == "fleet: the dialogs differ: a has x, b has y"


def test_without_redis_a_note_says_what_holds() -> None:
    fleet = seen(trouble="redis://127.0.0.1:6379/0 does not answer within 1 s")
    (note,) = fleet_notes(fleet)
    assert note.endswith("each node goes by its own limits") and fleet_panel(fleet, 0).wrong
    assert figures(fleet)["fleet_up"] == {"": 0}


def test_nodes_on_other_ports_do_the_same_and_with_other_bots_they_do_not(tmp_path: Path) -> None:
    first = settings_digest(of(tmp_path, "[sip]\nport = 5071\n[rtp]\nport_low = 21000\nport_high = 21999\n"))
    assert first == settings_digest(of(tmp_path, "[sip]\nport = 5072\n[console]\nport = 3982\n"))
    other = settings_digest(of(tmp_path, '[calls]\nfallback_transfer = "+15550100"\n'))
    changed = set(other.split()) - set(first.split())
    assert [part.partition(":")[0] for part in changed] == ["calls"]


def test_a_node_has_a_name_by_itself(tmp_path: Path) -> None:
    assert node_name(of(tmp_path, ""), 5071).endswith(":5071")
    assert node_name(of(tmp_path, '[fleet]\nnode = "calls-1"\n'), 5071) == "calls-1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[fleet]\nurl = "http://127.0.0.1"\n', "must begin with redis://"),
        ('[fleet]\nurl = "redis://bot:hush@127.0.0.1"\n', "VOICEBOT_STATE_PASSWORD"),
        ("[fleet]\nmax_calls = 5\n", "max_calls without url"),
        ('[[trunks]]\nname = "sbc"\naddresses = ["192.0.2.1"]\nfleet_calls = 5\n', "fleet_calls without fleet.url"),
    ],
)
def test_settings_that_cannot_hold_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        of(tmp_path, text)


def test_trunks_have_limits_of_their_own(tmp_path: Path) -> None:
    trunk = '[[trunks]]\nname = "sbc"\naddresses = ["192.0.2.1"]\nfleet_calls = 5\n[[trunks]]\nname = "b"\n'
    settings = of(tmp_path, URL + "max_calls = 9\n" + trunk + 'addresses = ["192.0.2.2"]\n')
    limits = settings.fleet.limits(settings.trunks)
    assert (limits.calls, limits.of("sbc"), limits.of("b")) == (9, 5, 0)
