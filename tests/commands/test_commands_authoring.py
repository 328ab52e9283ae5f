"""The commands of dialog authors, as they are typed."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
from typer.testing import CliRunner

from voicebot.cli import app

DIALOGS = Path(__file__).parents[2] / "dialogs"
FAULTY = "steps:\n  - id: a\n    say: Hi {nme}.\n  - id: b\n    goto: c\n"
TALK = "tests:\n  - test: Greeting\n    talk:\n      - bot: Hello.\n"


def run(*arguments: str, typed: str | None = None) -> tuple[int, str]:
    done = CliRunner().invoke(app, arguments, input=typed)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def folder(tmp_path: Path, main: str, tests: str = "") -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "main.yaml").write_text(main, encoding="utf-8")
    if tests:
        (tmp_path / "tests" / "talk.yaml").write_text(tests, encoding="utf-8")
    return tmp_path


def test_the_sample_has_nothing_to_mend() -> None:
    assert run("check", str(DIALOGS)) == (0, "nothing to mend\n")
    assert run("check", "--json", str(DIALOGS)) == (0, "[]\n")


def test_check_tells_place_severity_and_mend(tmp_path: Path) -> None:
    status, output = run("check", str(folder(tmp_path, FAULTY)))
    lines = output.splitlines()
    file = tmp_path / "main.yaml"
    assert status == 1
    assert lines[0].startswith(f"{file}:3:14: warning: 'nme' is set nowhere; ")
    assert lines[1].startswith(f"{file}:5:11: error: there is no step 'c'; ")
    assert lines[-1] == "1 error, 1 warning"


def test_check_for_machines_and_for_github(tmp_path: Path) -> None:
    where = str(folder(tmp_path, FAULTY))
    found = json.loads(run("check", "--json", where)[1])
    assert [(one["line"], one["severity"], one["code"]) for one in found] == [
        (3, "warning", "unset"),
        (5, "error", "unknown-step"),
    ]
    assert run("check", "--github", where)[1].splitlines()[1].startswith(f"::error file={tmp_path}/main.yaml,line=5,")


def test_warnings_alone_may_be_let_pass(tmp_path: Path) -> None:
    where = str(folder(tmp_path, "steps:\n  - id: a\n    say: Hi {nme}.\n"))
    assert run("check", where)[0] == 1
    assert run("check", "--errors-only", where)[0] == 0


@pytest.mark.parametrize("command", ["check", "test", "chat"])
def test_without_dialogs_the_status_is_2(tmp_path: Path, command: str) -> None:
    assert run(command, str(tmp_path / "nowhere"))[0] == 2


def test_the_samples_own_tests_pass_and_visit_every_step() -> None:
    status, output = run("test", str(DIALOGS), "--min-coverage", "100")
    assert status == 0, output
    assert "100 % of 33 steps visited" in output


def test_a_test_that_fails_is_told_with_its_line(tmp_path: Path) -> None:
    main = "steps:\n  - id: a\n    say: Hi.\n"
    status, output = run("test", str(folder(tmp_path, main, TALK)))
    assert status == 1
    assert output.startswith(f"{tmp_path}/tests/talk.yaml:4: Greeting\n  expected: Hello.\n  heard:    Hi.\n")


def test_too_few_steps_visited_is_a_failure_when_it_is_asked_for(tmp_path: Path) -> None:
    main = "steps:\n  - {id: a, say: Hello., next: end}\n  - {id: b, say: Never.}\n"
    where = str(folder(tmp_path, main, TALK))
    assert run("test", where)[0] == 0
    status, output = run("test", where, "--min-coverage", "60")
    assert status == 1
    assert f"{tmp_path}/main.yaml:3: no test visits 'b'" in output


def test_tests_for_machines(tmp_path: Path) -> None:
    where = str(folder(tmp_path, "steps: [{id: a, say: Hello.}]\n", TALK))
    told = json.loads(run("test", "--json", where)[1])
    assert [(test["name"], test["failure"]) for test in told["tests"]] == [("Greeting", None)]
    assert told["steps"] == {"total": 1, "unvisited": []}


ASKING = """\
steps:
  - id: q
    ask: How many?
    number: true
    retry: A number, please.
    save: n
  - id: bye
    hangup: "{n} it is."
"""


def test_a_chat_through_a_pipe(tmp_path: Path) -> None:
    typed = "/silence\n/what\n/state\nforty two\nnobody hears this\n"
    status, output = run("chat", str(folder(tmp_path, ASKING)), typed=typed)
    lines = output.splitlines()
    assert status == 0
    assert lines[:2] == ["bot: How many?", "bot: A number, please."]
    assert lines[2].startswith("/dtmf KEYS")
    assert '"step": "q"' in output
    assert lines[-2:] == ["bot: 42 it is.", "[the call is over]"]


def test_a_chat_shows_what_is_neither_said_nor_heard(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: german, language: de}
          - {id: pin, ask: PIN?, digits: 4, save: pin, sensitive: true}
          - {id: people, queue: {to: "+1", longest: 0}}
          - {id: bye, hangup: "{error.status}"}
    """
    dialogs = folder(tmp_path, textwrap.dedent(main))
    (dialogs / "main.de.yaml").write_text("steps: {pin: {ask: Ihre PIN?}}")
    lines = run("chat", str(dialogs), typed="/dtmf 1234\n/busy\n")[1].splitlines()
    assert lines == [
        "bot: Ihre PIN?", "[the call continues in de-DE]", "[the recording is paused]",
        "[transfer to +1: /completed or /failed?]", "[the recording is running]", "bot: 486", "[the call is over]",
    ]  # fmt: skip


def test_a_chat_tells_of_calls_that_the_bot_places_and_may_be_one_itself(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: which, if: direction == "outbound", then: told, else: call}
          - {id: call, dial: {to: "+1425", wait_for: ended}, save: went, on_fail: bye}
          - {id: bye, hangup: "{went} {error.status}"}
          - {id: told, hangup: "Order {context.order}."}
    """
    dialogs = folder(tmp_path, textwrap.dedent(main))
    placed = "[a call to +1425: /answered, /busy or /no-answer? Later /ended]"
    for typed, said in (("/busy", "busy 486"), ("/no-answer", "no_answer 480"), ("/answered\n/ended", "ended ")):
        lines = run("chat", str(dialogs), typed=typed + "\n")[1].splitlines()
        assert lines == ["bot: One moment, please.", placed, f"bot: {said}", "[the call is over]"]
    assert "bot: Order 7." in run("chat", str(dialogs), "--context", "order=7", typed="")[1]
    assert run("chat", str(dialogs), "--context", "order", typed="")[0] == 2


@pytest.mark.parametrize(("typed", "last"), [("/dtmf 7#\n", "[the call is over]"), ("/quit\n", "bot: How many?"),
                                             ("", "bot: How many?"), ("/dtmf x\n/quit\n", None)])  # fmt: skip
def test_keys_and_ways_to_end_a_chat(tmp_path: Path, typed: str, last: str | None) -> None:
    output = run("chat", str(folder(tmp_path, ASKING)), typed=typed)[1].splitlines()
    assert output[-1] == last or (last is None and output[-1].startswith("/dtmf KEYS"))


def test_the_schema_is_printed() -> None:
    status, output = run("schema")
    assert status == 0
    assert json.loads(output)["properties"]["steps"]["type"] == "array"
    assert run("schema", "--reference")[1].startswith("# The words of a dialog file\n")


def test_the_picture_of_the_sample(tmp_path: Path) -> None:
    out = tmp_path / "pictures" / "flow.svg"
    status, output = run("graph", str(DIALOGS), "-o", str(out))
    assert (status, output) == (0, f"{out}: open it in a browser\n")
    assert out.read_text(encoding="utf-8").startswith("<svg ")
    assert run("graph", str(folder(tmp_path, FAULTY)))[0] == 2


@pytest.mark.parametrize("starter", ["clinic", "hotel", "parcel"])
def test_a_new_folder_is_right_and_tested_from_the_first_moment(tmp_path: Path, starter: str) -> None:
    where = tmp_path / "mine"
    status, output = run("new", str(where), "--from", starter)
    assert status == 0, output
    assert (where / "README.md").is_file()
    assert not [*where.rglob("__pycache__")]
    assert run("check", str(where)) == (0, "nothing to mend\n")
    status, output = run("test", str(where), "--min-coverage", "100")
    assert status == 0, output


def test_new_overwrites_nothing_and_knows_its_starters(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    status, output = run("new", str(tmp_path))
    assert status == 2 and "not overwritten" in output
    assert [file.name for file in tmp_path.iterdir()] == ["note.txt"]
    assert run("new", str(tmp_path / "a"), "--from", "clinik") == (
        2,
        "--from clinik: there is no such starter; did you mean 'clinic'?\n",
    )
    listed = run("new", "--list")[1].splitlines()
    assert [line.split()[0] for line in listed] == ["clinic", "hotel", "parcel"]
    assert all(len(line.split()) > 2 for line in listed)
