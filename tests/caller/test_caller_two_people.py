"""Scripts of calls between two people."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicebot.caller.script_values import ScriptError
from voicebot.caller.two_people import Line, Person, Wait, load_two_people, parse_two_people
from voicebot.commands.assist_demo import SCRIPT

HEAD = 'caller: {name: Ada, number: "+15550101", pitch: 1.2}\nagent: {name: Bo, number: "7001"}\nsteps:\n'


def test_a_script_says_who_they_are_and_what_they_say(tmp_path: Path) -> None:
    (tmp_path / "hello.wav").touch()
    (file := tmp_path / "call.yaml").write_text(
        "language: de-DE\nexpect: [sentiment]\n"
        + HEAD
        + "  - agent: hello\n  - caller: {wav: hello.wav}\n  - pause_s: 1.5\n"
        "  - until: paused\n  - caller: four one\n    secret: 41-11 1\n    unheard: true\n"
    )
    script = load_two_people(file)
    assert (script.language, script.expect) == ("de-DE", ("sentiment",))
    assert script.caller == Person("Ada", "+15550101", pitch=1.2) and script.agent == Person("Bo", "7001")
    assert script.steps == (
        Line("agent", 6, "hello"),
        Line("caller", 7, wav=tmp_path / "hello.wav"),
        Wait(8, 1.5),
        Wait(9, until="paused"),
        Line("caller", 10, "four one", secret="41111", unheard=True),
    )


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "empty"),
        ("steps:\n  - agent: hello\n", 1, "no `caller`"),
        ("caller: {name: Ada}\nagent: {name: Bo, number: 1}\nsteps: []\n", 1, "has no number"),
        ("caller: {name: Ada, number: 'sip:a@b.example'}\n", 1, "is no number"),
        ("caller: {name: Ada, number: 'a b'}\n", 1, "is no number"),
        ("caller: {name: Ada, number: 1, pitch: 3}\n", 1, "`pitch`"),
        ("expect: [praise]\n" + HEAD + "  - agent: hello\n", 1, "`praise` cannot be expected"),
        ("expect: sentiment\n" + HEAD + "  - agent: hello\n", 1, "not a list"),
        (HEAD + "  - says: hello\n", 4, "`says` is unknown"),
        (HEAD + "  - caller: hello\n    agent: hello\n", 4, "several actions"),
        (HEAD + "  - caller: {text: hello}\n", 4, "`text` is unknown"),
        (HEAD + "  - caller: {}\n", 4, "says nothing"),
        (HEAD + "  - caller: {wav: none.wav}\n", 4, "no file none.wav"),
        (HEAD + "  - caller: '...'\n", 4, "no words"),
        (HEAD + "  - until: noon\n", 4, "`until: noon` is unknown"),
        (HEAD + "  - pause_s: 1\n    secret: 1234\n", 5, "does not belong to `pause_s`"),
        (HEAD + "  - agent: hello\n    secret: abc\n", 5, "`secret` is no number"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(ScriptError, match=problem) as told:
        parse_two_people(text)
    assert told.value.line == line


def test_the_script_of_the_demo_can_be_read() -> None:
    script = load_two_people(SCRIPT)
    assert {line.who for line in script.lines} == {"caller", "agent"}
    assert any(line.secret and not line.unheard for line in script.lines) and any(line.unheard for line in script.lines)
