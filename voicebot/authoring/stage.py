"""Dialogs that a running service plays for tests by voice: each call plays one of the tests.

A service knows nothing of tests. ``voicebot test --voice`` makes a folder for the service that it starts
(:func:`build_stage`). The folder's ``main.py`` asks this module for the root dialog. That holds, for each test, the
dialogs with the clock, the services and the functions of the test, and begins those of the test that is named in a SIP
header of the call.

What the bot said is read from the call's record, which omits everything that is said while a recording is paused. So
these dialogs leave the recording alone; the tests in text show that they pause it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from voicebot.authoring.compiler import compile_dialogs
from voicebot.authoring.folder import Dialogs
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.stubs import AnySecret, Stubs
from voicebot.authoring.transcripts import DialogTest, read_transcripts
from voicebot.host.loader import DialogsError
from voicebot.host.sdk import Activity, ComponentDialog, DialogContext, TurnContext
from voicebot.telephony_channel import RECORDING_COMMAND

logger = logging.getLogger(__name__)

TEST_HEADER = "X-Voicebot-Test"
"""The test of a call, by its index in what :func:`read_transcripts` returns."""
MAIN = """\
from pathlib import Path

from voicebot.authoring.stage import staged

STAGE = staged(Path({folder!r}))
PROMPTS = STAGE.prompts


def create_dialog(context):
    return STAGE
"""


def build_stage(folder: Path, place: Path) -> None:
    """Make the folder ``place``, which must not exist, to play the tests of the dialogs in ``folder``."""
    place.mkdir()
    (place / "main.py").write_text(MAIN.format(folder=str(folder.resolve())), encoding="utf-8")


def staged(folder: Path) -> Stage:
    """The root dialog of a stage. Raises ``DialogsError``."""
    dialogs, transcripts = load_dialogs(folder), read_transcripts(folder)
    problems = [*([] if dialogs.usable else dialogs.problems), *transcripts.problems]
    if problems or not transcripts.tests:
        raise DialogsError("\n".join(str(problem) for problem in problems) or f"{folder}: no tests here")
    return Stage(dialogs, transcripts.tests)


class Stage(ComponentDialog):
    """Begins the dialogs of the test that the call names, or of the first one (for the warm-up).

    ``prompts``: what is spoken unchanged in every call, in the dialogs' own language.
    """

    def __init__(self, dialogs: Dialogs, tests: Sequence[DialogTest]) -> None:
        super().__init__("stage")
        self.prompts: list[str] = []
        for number, test in enumerate(tests):
            scene = _Scene(_name(number), dialogs, test)
            self.add_dialog(scene)
            self.prompts = scene.prompts
        self.initial_dialog_id = _name(0)
        self._tests = len(tests)

    async def on_begin_dialog(self, inner_dc: DialogContext, options: object) -> Any:
        _leave_recording_alone(inner_dc.context)
        return await inner_dc.begin_dialog(self._wanted(inner_dc.context), options)

    async def on_continue_dialog(self, inner_dc: DialogContext) -> Any:
        _leave_recording_alone(inner_dc.context)
        return await inner_dc.continue_dialog()

    def _wanted(self, context: TurnContext) -> str:
        data = context.activity.channel_data
        headers = data.get("sipHeaders") if isinstance(data, dict) else None
        named = {str(name).lower(): value for name, value in headers.items()} if isinstance(headers, Mapping) else {}
        number = str(named.get(TEST_HEADER.lower(), "0"))
        if not number.isdecimal() or int(number) >= self._tests:
            raise LookupError(f"{TEST_HEADER}: {number}: there is no such test")
        return _name(int(number))


class _Scene(ComponentDialog):
    """The dialogs with the surroundings of one test."""

    def __init__(self, name: str, dialogs: Dialogs, test: DialogTest) -> None:
        super().__init__(name)
        stubs = Stubs(test)
        compiled = compile_dialogs(
            dialogs,
            now=stubs.now,
            fetch=stubs.fetch,
            functions={function: stubs.function(function) for function in test.functions},
            secrets=AnySecret(),
        )
        self.prompts = [text for text, locale, audio in compiled.prompts if not locale and not audio]
        self.add_dialog(compiled.root)
        self.initial_dialog_id = compiled.root.id


def _name(number: int) -> str:
    return f"test-{number}"


def _leave_recording_alone(context: TurnContext) -> None:
    async def without(_: TurnContext, activities: list[Activity], go_on: Any) -> Any:
        activities[:] = [activity for activity in activities if not _commands_recording(activity)]
        return await go_on()

    context.on_send_activities(without)


def _commands_recording(activity: Activity) -> bool:
    return bool(activity.type == "command" and str(activity.name).startswith(RECORDING_COMMAND))
