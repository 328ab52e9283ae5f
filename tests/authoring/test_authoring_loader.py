from __future__ import annotations

from pathlib import Path

import pytest
from folder_line import write

from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.steps import DialogFile

GOOD = """
    steps:
      - id: hello
        say: Hello.
      - id: menu
        ask: Sales or service?
        choice:
          sales: {say: [sales, buy], key: "1", next: bye}
          service: {key: "2"}
      - id: sub
        call: other
        with: {who: "{caller}"}
        save: {done: result}
      - id: bye
        hangup: Goodbye.
"""
OTHER = """
    inputs: [who]
    outputs: [result]
    steps:
      - id: only
        set: {result: "{who}"}
"""


def test_a_good_folder_has_no_problems(tmp_path: Path) -> None:
    folder = write(tmp_path / "d", main=GOOD, other=OTHER, python_helper="X = 1")
    write(folder / "tests", talk="- caller: hello")
    dialogs = load_dialogs(folder)
    assert dialogs.problems == []
    assert dialogs.usable
    assert list(dialogs.dialogs) == ["main", "other"]


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "said", "mend"),
    [
        ("say: Hello.", "sya: Hello.", 4, 5, "nothing says what this step does", "did you mean 'say'?"),
        ("say: Hello.", "say: Hello.\n        sya: x", 5, 5, "'sya' has no meaning here", "did you mean 'say'?"),
        ("say: Hello.", "say: Hello.\n        goto: menu", 5, 5, "a step does one thing", "two steps"),
        ("say: Hello.", "say: Hello {nme}, {", 4, 23, "a { is not closed", ""),
        ("say: Hello.", "say: {name}", 4, 15, "must stand in quotes", "quotes"),
        ("say: Hello.", "say: Hello.\n        barge_in: maybe", 5, 15, "wants true, false, speech or keys", ""),
        ("say: Hello.", "say:", 4, 9, "wants a text", "quotes"),
        ("say: Hello.", "say: Hello.\n        say: Twice.", 5, 5, "stands here twice", "keep one"),
        ("id: menu", "id: hello", 5, 9, "has the id 'hello' already", "another id"),
        ("id: menu", "id: 9to5", 5, 9, "cannot be a name", ""),
        ("id: menu", "id: end", 5, 9, "'end' has a meaning of its own", ""),
        ("next: bye", "next: by", 8, 50, "there is no step 'by'", "did you mean 'bye'?"),
        ('key: "2"', 'key: "1"', 9, 22, "key 1 means 'sales' already", ""),
        ('key: "2"', "key: 12", 9, 22, "is no key", ""),
        ("choice:", "choise:", 7, 5, "'choise' has no meaning here", "did you mean 'choice'?"),
        ("ask: Sales or service?", "ask: x\n        digits: 4\n        number: true", 8, 5, "one kind of answer", ""),
        ("call: other", "call: othr", 11, 11, "there is no dialog 'othr'", "did you mean 'other'?"),
        ("with: {who:", "with: {hwo:", 12, 12, "other has no input 'hwo'", "did you mean 'who'?"),
        ("{done: result}", "{done: reslt}", 13, 18, "other has no output 'reslt'", "did you mean 'result'?"),
        ("hangup: Goodbye.", "if: 1 > \n        then: menu", 15, 12, "a value is missing at the end", "such as"),
        ("hangup: Goodbye.", "hours: office", 15, 12, "no schedule 'office'", "add it under schedules"),
        ("hangup: Goodbye.", "http: {timeout: 3s}", 15, 11, "exactly one of get, post", ""),
        ("hangup: Goodbye.", "http: {get: 'https://x', timeout: soon}", 15, 39, "a time such as 3s", ""),
        ("steps:", "globals: {agent: {key: '0'}}\n    steps:", 2, 11, "where does 'agent' go?", "add goto:"),
        ("steps:", "stepps:", 2, 1, "'stepps' has no meaning here", "did you mean 'steps'?"),
        ("steps:", "schedules: {office: {zone: Moon, week: {mon: closed}}}\n    steps:", 2, 28, "no time zone", ""),
        ("steps:", "constants: {or: 1}\n    steps:", 2, 17, "'or' is a word of the language", ""),
    ],
)
def test_each_fault_is_told_where_it_is(
    tmp_path: Path, old: str, new: str, line: int, column: int, said: str, mend: str
) -> None:
    assert old in GOOD
    dialogs = load_dialogs(write(tmp_path / "d", main=GOOD.replace(old, new, 1), other=OTHER))
    assert not dialogs.usable
    found = [problem for problem in dialogs.problems if said in problem.message]
    assert found, "\n".join(map(str, dialogs.problems))
    assert (found[0].line, found[0].column) == (line, column), str(found[0])
    assert mend in found[0].mend
    assert found[0].file.name == "main.yaml"


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace("Sales or service?", "'{x|loudly}'").replace("next: bye", "next: nowhere").replace("other", "none")
    )
    problems = load_dialogs(write(tmp_path / "d", main=text, other="steps: 3")).problems
    assert [(problem.file.name, problem.line) for problem in problems] == [
        ("main.yaml", 6), ("main.yaml", 8), ("main.yaml", 11), ("other.yaml", 1),
    ]  # fmt: skip


def test_a_folder_without_main_is_told(tmp_path: Path) -> None:
    assert [problem.code for problem in load_dialogs(write(tmp_path / "d", other=OTHER)).problems] == ["no-main"]


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text("steps: []", encoding="utf-8")
    for path, said in ((tmp_path / "nowhere", "no such folder"), (tmp_path / "main.yaml", "this is a file")):
        (told,) = load_dialogs(path).problems
        assert (told.file, told.code) == (path, "no-folder") and said in told.message
    assert not load_dialogs(tmp_path / "nowhere").usable


def test_a_translation_repeats_words_only(tmp_path: Path) -> None:
    german = """
        steps:
          hello: {say: Guten Tag.}
          menu:
            ask: Verkauf oder Service?
            choice: {sales: [Verkauf, kaufen]}
    """
    dialogs = load_dialogs(write(tmp_path / "d", main=GOOD, other=OTHER, main__de=german))
    assert dialogs.problems == []
    menu = dialogs.main.translations["de"].dialog.steps[1]
    assert menu.ask.text == "Verkauf oder Service?"  # type: ignore[attr-defined]
    assert menu.choice["sales"].say == ["Verkauf", "kaufen"]  # type: ignore[attr-defined]
    assert (menu.choice["sales"].next, menu.choice["sales"].key) == ("bye", "1")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("german", "line", "said"),
    [
        ("steps:\n  helo: {say: x}", 2, "main.yaml has no step 'helo'"),
        ("steps:\n  hello: {say: x, next: menu}", 2, "'next' is the same in every language"),
        ("steps:\n  hello: {say: 'x {'}", 2, "a { is not closed"),
        ("stps: {}", 1, "'stps' has no place in a translation"),
        ("steps: [a]", 1, "named by their ids"),
    ],
)
def test_faults_of_a_translation_are_told_in_its_own_file(tmp_path: Path, german: str, line: int, said: str) -> None:
    folder = write(tmp_path / "d", main=GOOD, other=OTHER)
    (folder / "main.de.yaml").write_text(german, encoding="utf-8")
    problem = load_dialogs(folder).problems[0]
    assert said in problem.message
    assert (problem.file.name, problem.line) == ("main.de.yaml", line)


def test_every_word_of_the_format_says_what_it_means() -> None:
    schema = DialogFile.model_json_schema()
    for name, part in schema["$defs"].items():
        for branch in part.get("anyOf", [part]):
            for word, about in branch.get("properties", {}).items():
                assert about.get("description"), f"{name}.{word}"
