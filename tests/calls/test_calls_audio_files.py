"""The dialogs' own audio files, as calls play them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from test_calls_remote_audio import wav

from voicebot.audio import PCMA, PCMU
from voicebot.calls.audio_files import AudioFiles, is_local
from voicebot.speech import SpeechUnavailable


async def test_a_file_is_converted_once_and_again_when_it_was_changed(tmp_path: Path) -> None:
    path = tmp_path / "two words.wav"
    path.write_bytes(wav(16000))
    files = AudioFiles()
    audio = await files.audio(path.as_uri(), PCMU)
    assert abs(len(audio) - 4000) <= 8
    assert await files.audio(path.as_uri(), PCMU) is audio
    assert await files.audio(path.as_uri(), PCMA) != audio
    path.write_bytes(wav(8000, channels=2))
    os.utime(path, (1, 1))
    assert await files.audio(path.as_uri(), PCMU) is not audio


async def test_what_is_not_there_is_told_and_warming_goes_on(tmp_path: Path) -> None:
    good = tmp_path / "good.wav"
    good.write_bytes(wav())
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    files = AudioFiles()
    lost = (tmp_path / "lost.wav").as_uri()
    await files.warm([lost, (tmp_path / "bad.wav").as_uri(), good.as_uri()], [PCMU, PCMA])
    with pytest.raises(SpeechUnavailable, match=r"lost\.wav"):
        await files.audio(lost, PCMU)
    with pytest.raises(SpeechUnavailable, match="not a WAV file"):
        await files.audio((tmp_path / "bad.wav").as_uri(), PCMU)
    assert await files.audio(good.as_uri(), PCMA)


async def test_memory_is_bounded(tmp_path: Path) -> None:
    files = AudioFiles(memory=10_000)
    first = None
    for number in range(4):
        path = tmp_path / f"{number}.wav"
        path.write_bytes(wav())
        audio = await files.audio(path.as_uri(), PCMU)
        first = first or (path, audio)
    assert first is not None
    assert await files.audio(first[0].as_uri(), PCMU) is not first[1]


def test_only_files_of_this_machine_are_local() -> None:
    assert is_local("file:///x.wav")
    assert not is_local("file://host/x.wav")
    assert not is_local("https://x/file:///x.wav")


async def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(SpeechUnavailable, match="not a regular file"):
        await AudioFiles().audio((tmp_path / "pipe.wav").as_uri(), PCMU)
