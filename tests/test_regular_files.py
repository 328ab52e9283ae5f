"""What is not a regular file is not read, and nobody waits for it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from voicebot.regular_files import FileTooLarge, read_regular_file


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


def loop(path: Path) -> None:
    path.symlink_to(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


ANYTHING_ELSE = [pipe, device, folder, loop, unix_socket]


@pytest.mark.parametrize("make", ANYTHING_ELSE, ids=lambda make: make.__name__)
def test_what_is_not_a_regular_file_is_an_error_at_once(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path / "x")
    with pytest.raises(OSError):
        read_regular_file(tmp_path / "x", 100)


def test_a_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"12345")
    assert read_regular_file(tmp_path / "x", 5) == b"12345"
    with pytest.raises(FileTooLarge):
        read_regular_file(tmp_path / "x", 4)
