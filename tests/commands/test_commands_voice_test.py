"""``voicebot test --voice`` as it is typed, as far as it goes without a call; the call itself is in endtoend."""

from __future__ import annotations

import json
from pathlib import Path

from test_commands_authoring import folder, run

MAIN = "steps:\n  - id: a\n    ask: Hello?\n    text: {}\n    save: b\n  - id: c\n    hangup: Bye.\n"
TALK = """\
tests:
  - test: A wrong greeting
    talk:
      - bot: Good evening.
  - test: A noise
    talk:
      - noise: true
"""


def test_what_fails_in_text_is_not_said_aloud_and_what_cannot_be_said_is_skipped_with_the_reason(
    tmp_path: Path,
) -> None:
    where = folder(tmp_path, MAIN, TALK)
    status, output = run("test", str(where), "--voice")
    file = where / "tests" / "talk.yaml"
    assert (status, output.splitlines()) == (
        1,
        [
            "failed    0.0 s  A wrong greeting",
            f"  {file}:4: in text already:",
            "  expected: Good evening.",
            "  heard:    Hello?",
            "skipped           A noise: talk.yaml:7: noise that is recognised as no words cannot be produced reliably",
            "0 of 2 tests passed by voice, 1 skipped",
        ],
    )


def test_the_outcomes_for_machines(tmp_path: Path) -> None:
    status, output = run("test", str(folder(tmp_path, MAIN, TALK)), "--voice", "--json")
    told = json.loads(output)
    assert (status, told["passed"], told["failed"], told["skipped"]) == (1, 0, 1, 1)
    wrong, noise = told["tests"]
    assert (wrong["name"], wrong["outcome"], wrong["failure"]["line"]) == ("A wrong greeting", "failed", 4)
    assert wrong["failure"]["in_text"] and wrong["understood"] == []
    assert (noise["outcome"], noise["failure"]) == ("skipped", None)
    assert noise["skipped"] == "talk.yaml:7: noise that is recognised as no words cannot be produced reliably"


def test_tests_are_chosen_by_their_names(tmp_path: Path) -> None:
    where = str(folder(tmp_path, MAIN, TALK))
    status, output = run("test", where, "--voice", "--only", "noise")
    assert (status, output.splitlines()[-1]) == (0, "0 of 1 tests passed by voice, 1 skipped")
    status, output = run("test", where, "--voice", "--only", "nothing")
    assert status == 2 and "no tests here with 'nothing' in their name" in output


def test_what_is_about_text_is_refused_with_voice_and_the_other_way_round(tmp_path: Path) -> None:
    where = str(folder(tmp_path, MAIN, TALK))
    assert run("test", where, "--voice", "--min-coverage", "100")[0] == 2
    assert run("test", where, "--voice", "--paths")[0] == 2
    assert run("test", where, "--only", "noise")[0] == 2


def test_faults_are_told_before_anything_is_started(tmp_path: Path) -> None:
    status, output = run("test", str(folder(tmp_path, "steps:\n  - id: a\n    goto: c\n", TALK)), "--voice")
    assert status == 2 and "main.yaml:3" in output
