"""A pound key that follows an answer out of habit is a part of that answer, not a miss of the next question."""

from __future__ import annotations

from pathlib import Path

import pytest
from folder_line import Line, line

LINE = """
    globals: {start_over: {key: "9", goto: number}}
    steps:
      - id: number
        ask: Number?
        digits: {length: 4, END}
        save: number
        confirm: "{number}?"
        on_fail: lost
      - {id: sure, ask: Sure?, yesno: {no: lost}, on_fail: lost}
      - {id: menu, ask: One or two?, choice: {one: {key: "1"}, two: {key: "2"}}, on_fail: lost}
      - {id: day, ask: Which day?, date: true, on_fail: lost}
      - {id: count, ask: How many?, number: true, on_fail: lost}
      - {id: done, hangup: Done.}
      - {id: lost, hangup: Lost.}
"""


def late_keys(caller: Line) -> list[str]:
    """What the call was told of end keys in the last turn."""
    sent = [sent["channelData"]["sessionParams"] for sent in caller.sent if sent.get("name") == "config"]
    return [told["lateEndKey"] for told in sent if "lateEndKey" in told]


async def test_every_answer_may_be_ended_by_a_pound(tmp_path: Path) -> None:
    caller = line(tmp_path, LINE.replace(", END", ""))
    await caller.dial()
    for keys, heard in [
        ("1234", "1234?"), ("1", "Sure?"), ("1", "One or two?"), ("2", "Which day?"), ("12242026", "How many?"),
        ("3#", "Done."),
    ]:  # fmt: skip
        assert await caller.press(keys) == [heard]
        assert late_keys(caller) == (["#"] if heard != "Done." else [])
        if heard != "Done.":
            assert await caller.press("#") == []
            assert await caller.press("#") == []


async def test_the_end_key_is_the_questions_own(tmp_path: Path) -> None:
    caller = line(tmp_path, LINE.replace("END", "end_key: '*'"))
    await caller.dial()
    assert await caller.press("1234") == ["1234?"]
    assert late_keys(caller) == ["*"]
    assert await caller.press("*") == []
    assert await caller.press("1") == ["Sure?"]
    assert await caller.press("*") == ["Sure?"]  # repeats


async def test_a_key_that_chose_nothing_may_have_a_pound_as_well(tmp_path: Path) -> None:
    caller = line(tmp_path, LINE.replace(", END", ""))
    await caller.dial()
    await caller.press("1234")
    assert await caller.press("7") == ["Sorry, I did not get that.", "1234?"]
    assert await caller.press("#") == []


@pytest.mark.parametrize("between", ["words", "silence"])
async def test_only_the_very_next_key_is_a_part_of_the_answer(tmp_path: Path, between: str) -> None:
    caller = line(tmp_path, LINE.replace(", END", ""))
    await caller.dial()
    await caller.press("1234")
    if between == "words":
        assert await caller.say("the weather") == ["Sorry, I did not get that.", "1234?"]
    else:
        assert await caller.silence() == ["Sorry, I did not get that.", "1234?"]
    assert (await caller.press("#"))[0] == "Sorry, I did not get that." or caller.hung_up


async def test_a_pound_that_comes_much_later_is_an_answer(tmp_path: Path) -> None:
    caller = line(tmp_path, LINE.replace(", END", ""))
    await caller.dial()
    key = {"type": "message", "entities": [{"type": "DTMF"}]}
    for text in "1234":
        heard = await caller.activity(**key, text=text, timestamp="2026-12-01T12:00:00Z")
    assert heard == ["1234?"]
    assert await caller.activity(**key, text="#", timestamp="2026-12-01T12:00:04Z") == []
    assert await caller.activity(**key, text="#", timestamp="2026-12-01T12:00:09Z") != []


@pytest.mark.parametrize(
    "second",
    ['choice: {go: {key: "#"}, stay: {key: "2"}}', 'yesno: {}\n        keys: {"#": go}'],
)
async def test_where_a_pound_means_something_it_does(tmp_path: Path, second: str) -> None:
    main = f"""
      steps:
      - id: a
        ask: Yes?
        yesno: {{no: other}}
      - id: b
        ask: And then?
        {second.replace("        keys", "        keys")}
      - {{id: go, hangup: Gone.}}
      - {{id: other, hangup: Other.}}
    """
    caller = line(tmp_path, main)
    await caller.dial()
    assert await caller.press("1") == ["And then?"]
    assert late_keys(caller) == []
    assert await caller.press("#") == ["Gone."]


async def test_a_pound_as_a_command_at_any_time_stays_one(tmp_path: Path) -> None:
    main = """
        globals: {agent: {key: "#", goto: agent}}
        steps:
          - {id: a, ask: Yes?, yesno: {no: other}}
          - {id: b, ask: And then?, yesno: {no: other}}
          - {id: other, hangup: Other.}
          - {id: agent, hangup: Agent.}
    """
    caller = line(tmp_path, main)
    await caller.dial()
    assert await caller.press("1") == ["And then?"]
    assert await caller.press("#") == ["Agent."]
