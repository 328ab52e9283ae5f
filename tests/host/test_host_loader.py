from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from voicebot.host.loader import DialogsError, load_dialogs
from voicebot.host_wire import FixedPrompt

GOOD = """
    from botbuilder.dialogs import Dialog
    from .texts import HELLO
    PROMPTS = [HELLO, HELLO, ("Guten Tag.", "de-DE"), {"text": "Hi", "locale": "en-GB"}]
    class Root(Dialog):
        async def begin_dialog(self, dc, options=None):
            return Dialog.end_of_turn
    def create_dialog(context):
        assert context.file("data/x.json") == context.path / "data" / "x.json"
        return Root("root")
"""


def test_a_folder_is_loaded_from_its_path_with_its_own_modules(folder_of: Callable[..., Path]) -> None:
    loaded = load_dialogs(folder_of(main=GOOD, texts="HELLO = 'Hello.'"))
    assert loaded.root.id == "root"
    assert loaded.prompts == (FixedPrompt("Hello."), FixedPrompt("Guten Tag.", "de-DE"), FixedPrompt("Hi", "en-GB"))


def test_two_loads_do_not_share_modules(folder_of: Callable[..., Path]) -> None:
    folder = folder_of(main=GOOD, texts="HELLO = 'Hello.'")
    first, second = load_dialogs(folder), load_dialogs(folder)
    assert first.package != second.package
    assert type(first.root) is not type(second.root)


def test_a_package_without_main_is_a_folder_of_dialogs_too(folder_of: Callable[..., Path]) -> None:
    assert load_dialogs(folder_of(__init__=GOOD, texts="HELLO = 'Hello.'")).root.id == "root"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = (", r"main\.py:1: SyntaxError"),
        ("import json\n\nx = 1 / 0\n", r"main\.py:3: ZeroDivisionError"),
        ("import no_such_module\n", r"main\.py:1: ModuleNotFoundError: .*no_such_module"),
        ("x = 1\n", r"main\.py: no function create_dialog"),
        ("def create_dialog(context):\n    raise ValueError('no tariff')\n", r"main\.py:2: ValueError: no tariff"),
        ("def create_dialog(context):\n    return 3\n", r"main\.py: create_dialog returned int, not a dialog"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(folder_of: Callable[..., Path], source: str, message: str) -> None:
    with pytest.raises(DialogsError, match=message):
        load_dialogs(folder_of(main=source))


@pytest.mark.parametrize(("prompts", "message"), [("'Hello'", "not a list"), ("[3]", r"PROMPTS\[0\]")])
def test_prompts_that_are_no_texts_are_refused(folder_of: Callable[..., Path], prompts: str, message: str) -> None:
    source = GOOD.replace('[HELLO, HELLO, ("Guten Tag.", "de-DE"), {"text": "Hi", "locale": "en-GB"}]', prompts)
    with pytest.raises(DialogsError, match=message):
        load_dialogs(folder_of(main=source, texts="HELLO = 'Hello.'"))


def test_an_absent_or_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(DialogsError, match="no such folder"):
        load_dialogs(tmp_path / "nowhere")
    with pytest.raises(DialogsError, match=r"neither main\.py"):
        load_dialogs(tmp_path)
