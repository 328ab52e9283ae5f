from __future__ import annotations

import contextlib
import re
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.caller.script import Action, load_script, parse_script, said
from voicebot.caller.script_values import ScriptError

WHOLE = """\
language: en-GB
voice: en-GB-SoniaNeural
quiet_s: 0.5
deadline_s: 12
steps:
  - listen:
    expect: "how can (I|we) help"
  - say: "What are your opening hours?"
  - barge_in: {after_s: 0.8, say: "I want to pay my bill"}
    expect: "account number"
  - keys: "0123#"
    deadline_s: 20
  - pause_s: 0.5
  - say: goodbye
    wait: false
  - expect_end: transfer
    target: "5550199"
"""


def test_a_whole_script_is_read() -> None:
    script = parse_script(WHOLE)
    assert (script.language, script.voice, script.quiet_s, script.deadline_s) == (
        "en-GB",
        "en-GB-SoniaNeural",
        0.5,
        12.0,
    )
    listen, hours, over, keys, pause, bye, end = script.steps
    assert listen.action is Action.LISTEN and listen.expect is not None and listen.waits and listen.line == 6
    assert hours.text == "What are your opening hours?" and not hours.waits, "what is talked over is not waited for"
    assert (over.action, over.after_s, over.text) == (Action.BARGE_IN, 0.8, "I want to pay my bill")
    assert (keys.keys, keys.deadline_s, keys.label) == ("0123#", 20.0, "[0123#]")
    assert (pause.action, pause.seconds) == (Action.PAUSE, 0.5)
    assert not bye.waits and bye.deadline_s == 12.0
    assert (end.end, end.target) == ("transfer", re.compile("5550199", re.IGNORECASE))
    assert script.expects_words


def test_what_is_said_over_a_prompt_may_be_no_interruption() -> None:
    text = "- listen:\n- barge_in: {say: stop}\n- barge_in: {say: mhm, interrupts: false}"
    _, over, listens = parse_script(steps(text)).steps
    assert (over.interrupts, listens.interrupts, listens.waits) == (True, False, True)


def steps(text: str) -> str:
    return "steps:\n" + textwrap.indent(textwrap.dedent(text), "  ")


@pytest.mark.parametrize(
    ("text", "line", "problem", "mend"),
    [
        ("", 1, "empty", "steps:"),
        ("steps: [\n", 2, "not YAML", "quotes"),
        ("- say: hello", 1, "a script is not a mapping", "steps"),
        ("language: en-US", 1, "no steps", "steps:"),
        ("steps: hello", 1, "not a list", "`- `"),
        ("stepz:\n  - say: hi", 1, "`stepz` is unknown", "steps"),
        ("quiet_s: soon\nsteps:\n - say: hi", 1, "`quiet_s` is not a time", "seconds"),
        (steps("- say: hi\n- shout: hi"), 3, "`shout` is unknown", "say"),
        (steps("- say: hi\n  keys: '1'"), 2, "several actions (say, keys)", "one of"),
        (steps("- expect: hi"), 2, "no action", "one of"),
        (steps("- say: hi\n- say:"), 3, "`say` is not text", "say: text"),
        (steps("- say: '...'"), 2, "no words", "what to say"),
        (steps("- say: hi\n  say: ho"), 3, "twice", "leave one out"),
        (steps("- keys: 12x"), 2, "not on a keypad", "0-9"),
        (steps("- keys: 0123"), 2, "no quotes", 'keys: "0123"'),
        (steps("- say: hi\n  expect: '('"), 3, "not a regular expression", "escape"),
        (steps("- say: hi\n  wait: maybe"), 3, "neither true nor false", "wait: false"),
        (steps("- say: hi\n  expect: ho\n  wait: false"), 3, "does not wait", "wait: false"),
        (steps("- pause_s: 700"), 2, "not a time", "600"),
        (steps("- pause_s: 1\n  expect: hi"), 3, "does not belong", "leave it out"),
        (steps("- listen: greeting"), 2, "takes no value", "- listen:"),
        (steps("- silence: 5"), 2, "takes no value", "- silence:"),
        (steps("- silence:\n  wait: false"), 3, "does not belong", "leave it out"),
        (steps("- barge_in: {say: hi}"), 2, "no answer to interrupt", "before it"),
        (steps("- say: a\n  expect: b\n- barge_in: {say: hi}"), 2, "interrupted", "step after"),
        (steps("- say: a\n- barge_in: {after_s: 1}"), 3, "one thing to say", "say: text"),
        (steps("- say: a\n- barge_in: {after: 1, say: b}"), 3, "`after` is unknown", "after_s"),
        (steps("- expect_end: hangup\n- say: hi"), 2, "not the last", "end"),
        (steps("- expect_end: bye"), 2, "unknown", "hangup or transfer"),
        (steps("- expect_end: hangup\n  target: x"), 3, "without a transfer", "leave it out"),
        (steps("- wav: nothing.wav"), 2, "no file nothing.wav", "beside the script"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_the_way_to_mend_it(
    text: str, line: int, problem: str, mend: str
) -> None:
    with pytest.raises(ScriptError) as caught:
        parse_script(text, source="call.yaml")
    assert (caught.value.source, caught.value.line) == ("call.yaml", line)
    assert problem in caught.value.problem and mend in caught.value.mend
    assert str(caught.value).startswith(f"call.yaml:{line}: ")


def test_wav_names_are_relative_to_the_script(tmp_path: Path) -> None:
    (tmp_path / "hello.wav").write_bytes(b"")
    (tmp_path / "call.yaml").write_text("steps:\n  - wav: hello.wav\n")
    (step,) = load_script(tmp_path / "call.yaml").steps
    assert step.wav == tmp_path / "hello.wav" and step.label == "hello"


def test_a_file_that_is_not_there_or_not_text_is_a_script_error(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="cannot be read"):
        load_script(tmp_path / "none.yaml")
    (tmp_path / "call.yaml").write_bytes(b"steps:\n  - say: \xff\n")
    with pytest.raises(ScriptError, match=r":2: not UTF-8"):
        load_script(tmp_path / "call.yaml")


@given(st.text(max_size=200))
def test_nothing_but_a_script_error_comes_of_any_text(text: str) -> None:
    with contextlib.suppress(ScriptError):
        parse_script(text)


@given(st.recursive(st.none() | st.text(max_size=5) | st.integers(), lambda x: st.lists(x, max_size=3), max_leaves=5))
def test_nothing_but_a_script_error_comes_of_any_step(value: object) -> None:
    with contextlib.suppress(ScriptError):
        parse_script(f"steps:\n - say: {value!r}\n - keys: {value!r}\n - barge_in: {value!r}\n")


@pytest.mark.parametrize(
    ("heard", "expected", "found"),
    [
        ("How can I help you?", "how can (i|we) help", True),
        ("Your balance is $12.50, due on May 3rd.", "balance is 12 50 due", True),
        ("Your balance is $12.50.", r"\$12\.50", True),
        ("Opening   hours", "opening hours", True),
        ("Goodbye", "account", False),
    ],
)
def test_what_was_said_is_compared_without_case_and_punctuation(heard: str, expected: str, found: bool) -> None:
    assert said(heard, re.compile(expected, re.IGNORECASE)) is found
