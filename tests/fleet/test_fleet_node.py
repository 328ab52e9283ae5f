"""What nodes tell one another of themselves."""

from __future__ import annotations

import json

import pytest

from voicebot.fleet import NodeState


def test_a_node_is_told_whole() -> None:
    node = NodeState("calls-1:5071", 12, True, "0.1.0", "abc", "def")
    assert NodeState.decode(node.encode()) == node


@pytest.mark.parametrize("text", ["", "[", "[]", "{}", '{"name": 3}', "null", '"x"'])
def test_what_no_node_has_written_is_none(text: str) -> None:
    assert NodeState.decode(text) is None


def test_a_later_version_may_tell_more_and_other_things() -> None:
    told = {"name": "a", "calls": "many", "draining": 1, "load": 0.4, "settings": "abc"}
    assert NodeState.decode(json.dumps(told)) == NodeState("a", settings="abc")
