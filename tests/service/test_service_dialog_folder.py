"""What of a folder of dialogs is followed, when a change has settled, and what a copy holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from no_descriptors import no_descriptors_left

from voicebot.service import dialog_folder
from voicebot.service.dialog_folder import ChangeDebouncer, FolderTooLarge, copy_folder, signature

A = {"main.yaml": (1, 10, 1)}
B = {"main.yaml": (2, 11, 2)}
C = {"main.yaml": (3, 12, 3)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "dialogs"
    for name in ("main.yaml", "shop/order.yaml", "crm.py", "_help.py", "audio/beep.wav", "data/accounts.json",
                 "tests/line.yaml", ".main.yaml.swp", "main.yaml~", "#main.yaml#", "__pycache__/crm.pyc",
                 ".git/config"):  # fmt: skip
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return folder


def test_an_unchanged_folder_is_not_tried() -> None:
    changes = ChangeDebouncer(A, settle_s=0.4)
    assert not any(changes.settled(A, now) for now in (0.0, 1.0, 2.0))


def test_a_change_is_tried_once_when_it_has_settled() -> None:
    changes = ChangeDebouncer(A, settle_s=0.4)
    seen = [(1.0, A), (1.2, B), (1.5, B), (1.7, B), (2.1, B), (9.0, B)]
    assert [now for now, folder in seen if changes.settled(folder, now)] == [1.7]


def test_an_editor_that_saves_in_steps_is_waited_for() -> None:
    changes = ChangeDebouncer(A, settle_s=0.4)
    seen = [(1.0, B), (1.3, {}), (1.6, C), (1.9, C), (2.1, C)]
    assert [now for now, folder in seen if changes.settled(folder, now)] == [2.1]


def test_what_is_changed_and_changed_back_before_it_has_settled_is_not_tried() -> None:
    changes = ChangeDebouncer(A, settle_s=0.4)
    assert not any(changes.settled(folder, now) for now, folder in [(1.0, B), (1.3, A), (9.0, A)])


def test_a_change_during_a_try_is_tried_as_well() -> None:
    changes = ChangeDebouncer(A, settle_s=0.4)
    seen = [(1.0, B), (1.5, B), (5.0, C), (5.5, C)]  # between 1.5 and 5.0 a host was started
    assert [now for now, folder in seen if changes.settled(folder, now)] == [1.5, 5.5]


def test_what_editors_leave_behind_tests_and_data_are_not_followed(folder: Path) -> None:
    assert sorted(signature(folder)) == ["_help.py", "audio/beep.wav", "crm.py", "main.yaml", "shop/order.yaml"]


def test_every_way_of_saving_is_a_change(folder: Path) -> None:
    before = signature(folder)
    main = folder / "main.yaml"
    main.write_text("other")
    in_place = signature(folder)
    beside = folder / "main.new"
    beside.write_text("other")
    beside.rename(main)
    renamed = signature(folder)
    main.unlink()
    assert len({str(sorted(one.items())) for one in (before, in_place, renamed, signature(folder))}) == 4


def test_a_copy_holds_what_is_followed_and_leads_to_the_data(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    digest = copy_folder(folder, copy)
    assert signature(copy).keys() == signature(folder).keys()
    (folder / "data" / "accounts.json").write_text("changed")
    assert (copy / "data" / "accounts.json").read_text() == "changed", "data is one for all versions"
    assert copy_folder(folder, tmp_path / "again") == digest
    (folder / "crm.py").write_text("changed")
    assert copy_folder(folder, tmp_path / "changed") != digest
    assert (copy / "crm.py").read_text() == "crm.py"


def test_links_to_files_are_followed(folder: Path, tmp_path: Path) -> None:
    """As in a mounted ConfigMap, whose files are links into a hidden folder that is replaced."""
    hidden = folder / "..data"
    hidden.mkdir()
    (hidden / "extra.yaml").write_text("one")
    (folder / "extra.yaml").symlink_to("..data/extra.yaml")
    (folder / "nowhere.yaml").symlink_to("..data/nowhere.yaml")
    before = signature(folder)
    assert "extra.yaml" in before and "nowhere.yaml" not in before
    (hidden / "extra.yaml").write_text("other")
    assert signature(folder) != before
    copy_folder(folder, tmp_path / "copy")
    assert (tmp_path / "copy" / "extra.yaml").read_text() == "other"


def test_a_folder_that_is_too_large_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialog_folder, "MAX_FILES", 4)
    with pytest.raises(FolderTooLarge, match="more than 4 files"):
        signature(folder)


def test_a_look_without_descriptors_is_no_look_and_no_change(folder: Path, tmp_path: Path) -> None:
    before = signature(folder)
    with no_descriptors_left(), pytest.raises(OSError, match="Too many open files"):
        signature(folder)
    assert signature(folder) == before
    assert signature(tmp_path / "gone") == {}, "a folder that is not there is seen as such"


def test_what_could_not_be_tried_is_tried_again_later_and_at_once_when_it_changes() -> None:
    changes = ChangeDebouncer(A, settle_s=0.4)
    seen = [(1.0, B), (1.5, B)]
    assert [now for now, look in seen if changes.settled(look, now)] == [1.5]
    changes.again(6.5)
    assert [now for now in (2.0, 6.0, 6.8, 7.0, 9.0) if changes.settled(B, now)] == [7.0]
    changes.again(20.0)
    assert [now for now, look in [(10.0, C), (10.5, C), (30.0, C)] if changes.settled(look, now)] == [10.5]


def test_pipes_and_devices_are_neither_followed_nor_copied(folder: Path, tmp_path: Path) -> None:
    before = signature(folder)
    os.mkfifo(folder / "pipe.yaml")
    (folder / "zeros.yaml").symlink_to("/dev/zero")
    assert signature(folder) == before
    copy_folder(folder, tmp_path / "copy")
    assert not (tmp_path / "copy" / "pipe.yaml").exists()
    assert not (tmp_path / "copy" / "zeros.yaml").exists()
