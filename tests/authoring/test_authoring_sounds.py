"""Audio files beside the dialogs: found, checked, played instead of speech."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import wave
from pathlib import Path

import pytest
from folder_line import Line, write

from voicebot.authoring.hosting import load_folder
from voicebot.authoring.loader import load_dialogs


def wav(seconds: float = 0.1, rate: int = 16000) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(bytes(2 * int(seconds * rate)))
    return file.getvalue()


MAIN = """\
globals:
  agent: {goto: bye, message: {text: Sure., audio: sure.wav}}
steps:
  - id: hello
    say:
      text: Welcome to our line.
      audio: sounds/Hello there.wav
  - {id: sub, call: shop/order}
  - id: bye
    hangup: {text: Goodbye., audio: "https://cdn.example/bye.wav"}
"""
ORDER = (
    'steps: [{id: q, ask: {text: Order?, audio: order.wav}, yesno: true, retry: {text: "{1 + 1}?", audio: order.wav}}]'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write(tmp_path / "d", main=MAIN)
    for name in ("sounds/Hello there.wav", "sure.wav", "shop/order.wav"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(wav())
    (folder / "shop" / "order.yaml").write_text(ORDER)
    return folder


def played(line: Line) -> list[str]:
    return [
        (sent.get("channelData") or {}).get("activityParams", {}).get("playUrlUrl", "")
        for sent in line.sent
        if sent["type"] == "message"
    ]


async def test_files_are_played_and_their_texts_are_there_to_be_spoken(folder: Path) -> None:
    line = Line(folder)
    assert await line.dial() == ["Welcome to our line.", "Order?"]
    assert played(line) == [(folder / "sounds/Hello there.wav").as_uri(), (folder / "shop/order.wav").as_uri()]
    assert await line.silence() == ["2?"]
    assert await line.say("agent") == ["Sure.", "Goodbye."]
    assert played(line) == [(folder / "sure.wav").as_uri(), "https://cdn.example/bye.wav"]


async def test_whoever_wants_it_slower_hears_the_text(folder: Path) -> None:
    line = Line(folder)
    await line.dial()
    assert "Order?" in (await line.say("slower please"))[0]
    assert played(line) == [""]


async def test_a_translated_text_is_not_played_in_the_other_language(folder: Path) -> None:
    (folder / "main.de.yaml").write_text("steps: {hello: {say: Willkommen.}, bye: {hangup: {text: Tschüss.}}}")
    line = Line(folder, locale="de-DE")
    assert (await line.dial())[0] == "Willkommen."
    assert played(line)[0] == ""
    (folder / "main.de.yaml").write_text("steps: {hello: {say: {text: Willkommen., audio: sure.wav}}}")
    line = Line(folder, locale="de-DE")
    await line.dial()
    assert played(line)[0] == (folder / "sure.wav").as_uri()


def test_the_host_tells_which_files_to_have_ready(folder: Path) -> None:
    told = {prompt.text: prompt.audio for prompt in load_folder(folder).prompts}
    assert told["Welcome to our line."] == (folder / "sounds/Hello there.wav").as_uri()
    assert told["Sure."] == (folder / "sure.wav").as_uri()
    assert told["Goodbye."] == "", "what is fetched is fetched when it is played"


@pytest.mark.parametrize(
    ("audio", "content", "code", "mend"),
    [
        ("lost.wav", None, "audio", "put it into d/"),
        ("text.wav", b"hello", "audio", "save it as WAV"),
        ("mp3.wav", b"RIFF\x30\0\0\0WAVEfmt \x10\0\0\0" + struct.pack("<HHIIHH", 85, 1, 8000, 1, 1, 0), "audio",
         "save it as WAV"),
        ("empty.wav", b"", "audio", "save it as WAV"),
        ("long.wav", wav(121, 8000), "audio", "nobody listens"),
        ("../outside.wav", wav(), "audio", "beside the dialogs"),
        ("hello.mp3", wav(), "bad-name", ""),
        ("/etc/hello.wav", None, "bad-name", ""),
        ("file:///etc/hello.wav", None, "bad-name", ""),
        ("{name}.wav", None, "bad-name", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_played_is_told(tmp_path: Path, audio: str, content: bytes | None, code: str, mend: str) -> None:
    folder = write(tmp_path / "d", main=f'steps:\n  - id: a\n    say: {{text: Hi., audio: "{audio}"}}\n')
    if content is not None:
        (folder / audio).write_bytes(content)
    (problem,) = load_dialogs(folder).problems
    assert (problem.line, problem.code) == (3, code), problem
    assert mend in problem.mend


def test_a_host_whose_dialogs_have_no_audio_loads_nothing_that_computes_with_samples() -> None:
    code = (
        "import sys; from pathlib import Path; import voicebot.host.running; "
        "from voicebot.host.loader import load_dialogs; load_dialogs(Path(sys.argv[1])); "
        "print([name for name in sys.modules if name.split('.')[0] == 'numpy' or name.startswith('voicebot.audio')])"
    )
    dialogs = Path(__file__).parents[2] / "dialogs"
    done = subprocess.run([sys.executable, "-c", code, str(dialogs)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
