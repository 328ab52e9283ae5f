"""A test's talk as a caller's script: what is said, pressed and waited for, and what cannot be done with a voice."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicebot.authoring.transcripts import DialogTest, read_transcripts
from voicebot.caller import Action
from voicebot.commands.voice_script import NotByVoice, VoiceScript, spoken, voice_script

ENGLISH = frozenset({"en-US"})


def transcript(folder: Path, *talk: str) -> DialogTest:
    (folder / "tests").mkdir()
    lines = "".join(f"      - {entry}\n" for entry in talk)
    (folder / "tests" / "line.yaml").write_text(f"tests:\n  - test: One\n    talk:\n{lines}", encoding="utf-8")
    read = read_transcripts(folder)
    assert not read.problems, read.problems
    return read.tests[0]


def made(folder: Path, *talk: str) -> VoiceScript:
    return voice_script(transcript(folder, *talk), ENGLISH)


def test_the_caller_listens_says_presses_and_keeps_silent(tmp_path: Path) -> None:
    voice = made(
        tmp_path, "bot: Hello.", "caller: My bill", "bot: Your number?", 'keys: "12#"', "silence: true",
        "caller: 204 815", "bot: Bye.", "hangup: true",
    )  # fmt: skip
    assert [(step.action, step.line, step.text, step.keys) for step in voice.script.steps] == [
        (Action.LISTEN, 0, "", ""),
        (Action.SAY, 5, "My bill.", ""),
        (Action.KEYS, 7, "", "12#"),
        (Action.SILENCE, 8, "", ""),
        (Action.SAY, 9, "two, zero, four, eight, one, five.", ""),
        (Action.EXPECT_END, 11, "", ""),
    ]
    assert voice.script.steps[-1].end == "hangup"
    assert voice.acts == (1, 3, 4, 5)


def test_a_talk_that_does_not_say_how_the_call_ends_leaves_that_to_the_caller(tmp_path: Path) -> None:
    assert made(tmp_path, "caller: billing", "hangup: false").script.steps[-1].action is Action.SAY


@pytest.mark.parametrize("last", [(), ("transferred: completed",), ("transferred: completed", "hangup: true")])
def test_who_is_handed_on_is_gone(tmp_path: Path, last: tuple[str, ...]) -> None:
    voice = made(tmp_path, "caller: agent", 'transfer: "+1*"', *last)
    assert voice.script.steps[-1].end == "transfer"
    assert voice.transfer_status == 200


@pytest.mark.parametrize(("state", "status"), [("failed", 503), ("busy", 486), ("no-answer", 480)])
def test_after_a_transfer_that_fails_the_bot_is_let_speak(tmp_path: Path, state: str, status: int) -> None:
    voice = made(tmp_path, "caller: agent", 'transfer: "+1*"', f"transferred: {state}", "bot: Sorry.", "caller: bye")
    assert [step.action for step in voice.script.steps] == [
        Action.LISTEN,
        Action.SAY,
        Action.PAUSE,
        Action.SAY,
    ]
    assert voice.acts == (0, 4) and voice.transfer_status == status


@pytest.mark.parametrize(
    ("talk", "line", "reason"),
    [
        (("caller: hi", "noise: true"), 5, "noise"),
        (("caller: hi", "dialled: busy"), 5, "cannot place calls"),
        (("transferred: completed", "caller: hi"), 5, "nobody is on the line"),
        (("transferred: busy", "keys: '1'", "transferred: failed"), 6, "the same result"),
        (("caller: agent", "transfer: '*'", "caller: hi"), 6, "write `transferred:`"),
        (("caller: '...'",), 4, "no words"),
        (("keys: 1x",), 4, "keys of a telephone"),
    ],
)
def test_what_cannot_be_done_by_voice_is_told_with_its_line(
    tmp_path: Path, talk: tuple[str, ...], line: int, reason: str
) -> None:
    with pytest.raises(NotByVoice, match=reason) as caught:
        made(tmp_path, *talk)
    assert caught.value.line == line


def test_calls_in_other_languages_are_not_held_offline(tmp_path: Path) -> None:
    test = transcript(tmp_path, "caller: hola")
    with pytest.raises(NotByVoice, match="English only, not es-ES"):
        voice_script(test, ENGLISH | {"es-ES"})


def test_entries_are_told_apart_by_their_lines(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    text = "tests:\n  - {test: One, talk: [{caller: a}, {caller: b}]}\n"
    (tmp_path / "tests" / "line.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(NotByVoice, match="share a line"):
        voice_script(read_transcripts(tmp_path).tests[0], ENGLISH)


def test_words_are_written_as_a_voice_reads_them_best() -> None:
    assert spoken("0117") == "zero, one, one, seven."
    assert spoken("12-34") == "one, two, three, four."
    assert spoken("May 23rd 1985") == "May 23rd 1985."
    assert spoken("Is it?") == "Is it?"
