from __future__ import annotations

import ast
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from voicebot.private_files import keep_private, make_folder, sweep_drafts, touch, whole_file
from voicebot.records import write_record

PACKAGE = Path(__file__).parent.parent / "voicebot"

OPEN_TO_OTHERS = {
    "authoring/stage.py": "a program of ours in a folder that is the tester's alone; it holds a path",
    "commands/graph.py": "the picture of a dialog, for whom its author likes",
    "commands/new.py": "a dialog of the author's, for whom he likes",
    "commands/voice_test.py": "settings of a test, in a folder that is the tester's alone",
    "localspeech/model_making.py": "models, which other users may share",
    "localspeech/prepare.py": "models, which other users may share",
    "service/dialog_folder.py": "copies of dialogs in the run's own folder, which is private",
    "sip/tls.py": "in a folder of mode 0700, in a file that is made with mode 0600 before",
    "speech/apology_rendering.py": "recordings that are shipped with the program",
    "private_files.py": "the one way",
}
"""What writes files by itself, and why it may."""
WRITES = {"write_text", "write_bytes", "mkdir", "makedirs", "mkstemp", "NamedTemporaryFile", "copyfile", "copytree"}


@pytest.fixture(autouse=True)
def permissive() -> Iterator[None]:
    """The worst umask that there is."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_private_while_it_is_written_and_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "records" / "deep" / "call.json"
    with whole_file(path) as file:
        file.write(b"half")
        file.flush()
        assert not path.exists()
        (draft,) = path.parent.iterdir()
        assert mode(draft) == 0o600
        assert mode(path.parent) == mode(path.parent.parent) == 0o700
    assert (path.read_bytes(), mode(path)) == (b"half", 0o600)
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o750)
    make_folder(folder)
    assert mode(folder) == 0o750


def test_what_fails_in_between_leaves_what_was_there_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "call.json"
    path.write_bytes(b"before")
    with pytest.raises(OSError, match="No space"), whole_file(path) as file:
        file.write(b"half")
        raise OSError(28, "No space left on device")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_two_that_write_the_same_file_do_not_spoil_each_others_draft(tmp_path: Path) -> None:
    path = tmp_path / "prompt.ulaw"
    with whole_file(path) as one, whole_file(path) as other:
        one.write(b"one")
        other.write(b"other")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_drafts_that_nobody_writes_any_more_are_swept_and_no_others(tmp_path: Path) -> None:
    for name in (".dead.wav.part", ".dead.json.x81.part"):
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / "call.json").write_bytes(b"{}")
    with whole_file(tmp_path / "call.wav") as file:
        file.write(b"being written")
        assert sweep_drafts(tmp_path) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["call.json", "call.wav"]
    assert sweep_drafts(tmp_path / "nowhere") == 0


def test_a_file_for_a_library_is_private_before_it_opens_it(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"content")
    old.chmod(0o644)
    for path in (old, new):
        touch(path)
        assert mode(path) == 0o600
    assert old.read_bytes() == b"content"


def test_a_process_may_keep_all_private(tmp_path: Path) -> None:
    keep_private()
    (tmp_path / "file").write_text("")
    assert mode(tmp_path / "file") == 0o600


def test_a_record_is_its_owners_alone(tmp_path: Path) -> None:
    path = write_record({"id": "0a1b", "call_id": "a/b", "caller": "half \ud83d"}, tmp_path / "records")
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700


def test_nothing_in_the_package_makes_files_in_another_way() -> None:
    """But for what is listed with its reason: open() for writing, and what makes files or folders by name."""
    others = []
    for file in PACKAGE.rglob("*.py"):
        name = str(file.relative_to(PACKAGE))
        if name in OPEN_TO_OTHERS or "/starters/" in name:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and _makes_a_file(node):
                others.append(f"{name}:{node.lineno}")
    assert others == []


def _makes_a_file(call: ast.Call) -> bool:
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if called in WRITES:
        return True
    texts = [a.value for a in (*call.args, *(k.value for k in call.keywords)) if isinstance(a, ast.Constant)]
    plain = called in ("open", "fdopen") or (
        isinstance(call.func, ast.Attribute) and ast.unparse(call.func) == "wave.open"
    )
    writing = any(isinstance(text, str) and text.strip("bt+") in ("w", "a", "x") for text in texts)
    first = call.args[0] if call.args else None
    return plain and writing and not (isinstance(first, ast.Name) and first.id == "file")  # wave.open(file) has a file
