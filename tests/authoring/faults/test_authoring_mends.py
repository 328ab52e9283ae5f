"""What authors write who are no programmers: each fault has its place and a mend that can be followed as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from voicebot.authoring.checks import check_dialogs
from voicebot.authoring.hosting import load_folder
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.problems import Problem
from voicebot.authoring.transcripts import read_transcripts
from voicebot.host.loader import DialogsError

BYE = "  - {id: b, hangup: x}\n"
NINES = "9" * 30


def ask(words: str) -> str:
    return f"steps:\n  - {{id: a, ask: x, {words}, on_fail: b}}\n{BYE}"


def step(words: str) -> str:
    return f"steps:\n  - {{id: a, {words}}}\n{BYE}"


MENDS = [
    # words in the wrong place, and words that need others below them
    (step("http: {get: 'https://x.example'}, wait: One., on_error: b"), "2:47", "http: {wait: ...}"),
    (step("transfer: '+4912', announce: One."), "2:32", "transfer: {announce: ...}"),
    (ask("yesno: true, save: y, confirm: {text: x, help: y}"), "2:43", "beside confirm:"),
    (ask("text: {max: 3}"), "2:28", "write text: true"),
    (ask("name: {min: 3}"), "2:28", "write name: true"),
    (ask("name: who"), "2:27", "write name: true, and save: who"),
    (ask("number: nights"), "2:29", "write number: true, and save: nights; or number: {min: ...}"),
    (ask("choice: [yes, no]"), "2:29", "write choice: {sales: , service: }"),
    (ask("choice: {}"), "2:29", "add the options"),
    (ask("options: rooms"), "2:30", 'write options: {from: rooms, say: "{type}"}'),
    (ask("languages: [en-US]"), "2:32", 'write languages: {en-US: {key: "1"}'),
    (ask("yesno: true, xyzzy: 1"), "2:34", "known are id, note, next, ask, choice"),
    (step("http: 'https://x', on_error: b"), "2:19", 'write http: {get: "https://shop.example/orders"}'),
    (step("http: {wait: x}, on_error: b"), "2:19", 'such as http: {get: "https://shop.example/orders"}'),
    (step("set: [x]"), "2:18", "write set: {attempts:"),
    (step("call: f.g, with: [x], on_error: b"), "2:30", "write with: {number:"),
    (step("say: [a, b]"), "2:18", "a step for each"),
    (f"globals: {{agent: person}}\nsteps:\n{BYE}", "1:18", "write agent: {goto: agent}"),
    (f"globals: {{address: Lake Street}}\nsteps:\n{BYE}", "1:20", "write address: {say: [...], message: ...}"),
    ("steps:\n  a: {say: x}\n", "2:3", "each with a dash"),
    ("Hello\n", "1:1", "each with a dash"),
    # names, keys and values
    (step("say: x").replace("id: a", "id: my step"), "2:10", "such as my-step"),
    (step("say: x").replace("id: a", "id: 1"), "2:10", "such as n1"),
    (ask("text: true, save: my-name"), "2:39", "such as my_name"),
    (f"constants: {{my name: x}}\nsteps:\n{BYE}", "1:22", "such as my_name"),
    (ask("choice: {u: {key: 12}}"), "2:39", 'in quotes: "1"'),
    (ask("languages: {english: }"), "2:42", "such as en-US"),
    (f"locale: english\nsteps:\n{BYE}", "1:9", "such as en-US"),
    (ask("text: true, no_input_after: soon"), "2:49", "such as no_input_after: 3s"),
    (ask("text: true, tries: many"), "2:40", "such as tries: 3"),
    (ask("text: true, tries: 0"), "2:40", "such as tries: 1"),
    (ask("number: {min: 10, max: 1}"), "2:30", "the smaller of the two"),
    (step("say: x, barge_in: maybe"), "2:31", "such as barge_in: true"),
    (step("say: {text: x, audio: a.mp3}"), "2:35", "save it as WAV"),
    (step("transfer: nobody at all"), "2:23", 'such as to: "+15550100"'),
    # conditions and gaps
    (step("if: '{x} == 1', then: b"), "2:18", "such as bill.amount > 0"),
    (step("if: len(x, then: b"), "2:22", "such as bill.amount > 0"),
    (step("if: lenn(x), then: b"), "2:17", "did you mean 'len'?"),
    (step("say: 'Hi {caller|digts}'"), "2:30", "did you mean 'digits'?"),
    (step("say: '{caller|money:EURO}'"), "2:20", "such as money:EUR"),
    (step("say: '{today|date:brief}'"), "2:20", "date:short"),
    (step("say: 'Hi {caller'"), "2:22", "such as {name}"),
    # what is no YAML, or means something else in it
    ("steps:\n  - id: b\n    hangup: {caller} hi\n", "3:22", "in quotes"),
    ("steps:\n  - id: b\n    hangup: @home\n", "3:13", "in quotes"),
    ("steps:\n  - id: b\n    hangup: !home x\n", "3:13", "in quotes"),
    ("steps:\n  - id: b\n     hangup: x\n", "3:12", "begin it where the one above begins"),
    ("steps: []\n---\nsteps: []\n", "2:1", "leave it out"),
    # depth and size
    ("steps: " + 200 * "[" + 200 * "]", "1:71", "in quotes"),
    ("- " * 500 + "x", "1:129", "in quotes"),
    ("".join("  " * depth + "a:\n" for depth in range(100)), "65:129", "in quotes"),
    ("constants: {x: " + 30 * "{a: " + "1" + 30 * "}" + f"}}\nsteps:\n{BYE}", "1:108", "within each other"),
    (step(f"set: {{x: {NINES}}}"), "2:22", "in quotes if it is a text"),
    (step(f"if: caller > {NINES}, then: b"), "2:26", "in quotes if it is a text"),
    (ask(f"text: true, tries: {NINES}"), "2:40", "such as tries: 10"),
    (ask(f"text: true, tries: {NINES * 200}"), "2:40", "such as tries: 20"),
    (ask(f"text: true, no_input_after: {NINES}"), "2:49", "such as no_input_after: 3s"),
    (ask("number: {max: 1e999}"), "2:35", "such as max: 20"),
    (ask(f"number: {{max: {NINES * 20}}}"), "2:35", "such as max: 20"),
]  # fmt: skip


def problems(folder: Path, **files: str) -> list[Problem]:
    for name, text in files.items():
        (folder / f"{name.replace('__', '.')}.yaml").write_text(text, encoding="utf-8")
    return check_dialogs(load_dialogs(folder))


@pytest.mark.parametrize(("text", "place", "mend"), MENDS)
def test_a_mistake_has_its_place_and_a_mend(tmp_path: Path, text: str, place: str, mend: str) -> None:
    found = problems(tmp_path, main=text)
    assert any(f"{one.line}:{one.column}" == place and mend in one.mend for one in found), found
    for one in found:
        assert one.mend.strip(), one
        assert not re.search(r"\bNone\b|\bTrue\b|\bFalse\b|known are *$|the guide|\[\]", f"{one.message} {one.mend}"), (
            one
        )


TRANSLATIONS = [
    ("http: {get: 'https://x', wait: One.}, on_error: b", "a: {wait: Uno.}", "3:7", "http: {wait: ...}"),
    ("transfer: {to: '+4912', announce: One.}, on_fail: b", "a: {announce: Uno.}", "3:7", "transfer: {announce: ...}"),
    ("say: x", "a: {say: y, next: b}", "3:15", "leave it out here"),
    ("say: x", "a: y", "3:6", "write a: {say: ...}"),
    ("say: x", "c: {say: y}", "3:3", "leave it out"),
    ("ask: x, choice: {u: , v: }, on_fail: b", "a: {ask: y, choice: {w: [q]}}", "3:24", "leave it out"),
    ("ask: x, choice: {use: , v: }, on_fail: b", "a: {ask: y, choice: {ues: [q]}}", "3:24", "did you mean 'use'?"),
]


@pytest.mark.parametrize(("words", "translation", "place", "mend"), TRANSLATIONS)
def test_a_mistake_in_a_translation_has_its_place_and_a_mend(
    tmp_path: Path, words: str, translation: str, place: str, mend: str
) -> None:
    german = f"voice: v\nsteps:\n  {translation}\n  b: {{hangup: y}}\n"
    found = [one for one in problems(tmp_path, main=step(words), main__de=german) if one.file.name == "main.de.yaml"]
    assert any(f"{one.line}:{one.column}" == place and mend in one.mend for one in found), found
    assert all(one.mend.strip() for one in found), found


def test_words_of_the_main_file_have_no_place_in_a_translation(tmp_path: Path) -> None:
    found = problems(tmp_path, main=step("say: x"), main__de="voice: v\nlocale: de-DE\nfoo: 1\nsteps: {}\n")
    assert [one.mend for one in found if one.code == "unknown-word"] == [
        "it is said once, in the file that is translated",
        "known are voice, options, defaults, globals, steps",
    ]


def test_a_language_that_is_not_understood_is_told_and_nothing_is_raised(tmp_path: Path) -> None:
    told = "what callers say in 'it-IT' is not understood"
    (found,) = problems(tmp_path, main=f"locale: it-IT\nsteps:\n{BYE}")
    assert (found.line, found.column, found.message) == (1, 9, told)
    with pytest.raises(DialogsError, match="is not understood"):
        load_folder(tmp_path)
    (found,) = problems(tmp_path, main=f"steps:\n{BYE}", main__it="voice: v\nsteps: {b: {hangup: Ciao.}}\n")
    assert (found.file.name, found.line) == ("main.it.yaml", 1)
    assert not load_dialogs(tmp_path).usable


@pytest.mark.parametrize(
    "text", ["tests: " + 200 * "[", f"tests: [{{test: a, talk: [{{caller: {NINES * 300}}}]}}]", "- "]
)
def test_tests_that_are_deep_or_huge_raise_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "t.yaml").write_text(text, encoding="utf-8")
    read_transcripts(tmp_path)
