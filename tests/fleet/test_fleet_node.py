"""What nodes tell one another of themselves."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from voicebot.fleet import NodeState, differences


def test_a_node_is_told_whole() -> None:
    node = NodeState("calls-1:5071", 12, True, "0.1.0", "abc", "def")
    assert NodeState.decode(node.encode()) == node


@pytest.mark.parametrize("text", ["", "[", "[]", "{}", '{"name": 3}', "null", '"x"'])
def test_what_no_node_has_written_is_none(text: str) -> None:
    assert NodeState.decode(text) is None


def test_a_later_version_may_tell_more_and_other_things() -> None:
    told = {"name": "a", "calls": "many", "draining": 1, "load": 0.4, "settings": "abc"}
    assert NodeState.decode(json.dumps(told)) == NodeState("a", settings="abc")


def test_the_sections_are_named_in_which_nodes_differ() -> None:
    same = NodeState("b", settings="bot:1 calls:2", dialogs="x")
    assert differences([]) == differences([same]) == differences([same, replace(same, name="a", calls=3)]) == []
    others = [same, NodeState("a", settings="bot:1 calls:3 rtp:1", dialogs="x"), NodeState("c", dialogs="x")]
    assert differences(others) == ["the settings of a, b and c differ: [bot], [calls] and [rtp]"]
    assert differences([same, NodeState("c", settings=same.settings)]) == ["the dialogs differ: b has x, c has none"]
