"""The Microsoft 365 Agents SDK: the tests that run dialogs once more on it, and what differs from botbuilder is mended.

By hand: ``VOICEBOT_SDK=microsoft-agents python -m pytest tests/dialogs tests/authoring tests/host``.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import textwrap
from pathlib import Path

import pytest
from test_host_process import Run, run  # noqa: F401

from voicebot.host import sdk
from voicebot.host.sdk import SDK
from voicebot.host.sdk_choice import MICROSOFT_AGENTS, SDK_ENV

pytest.importorskip("microsoft_agents.hosting.dialogs", reason="needs: pip install 'voicebot[microsoft-agents]'")
pytestmark = pytest.mark.skipif(SDK == MICROSOFT_AGENTS, reason="runs on it already")
TESTS = Path(__file__).parents[1]
ENVIRONMENT = {**os.environ, SDK_ENV: MICROSOFT_AGENTS}
ROOMS = ("dialogs", "authoring", "host")
ON_THE_SDK = re.compile(
    r"^from (?:folder_line|phone_line) import .*\b(?:line|Line|PhoneLine)\b"
    r"|^(?:from|import) (?:host_peer|test_host_process|botbuilder|voicebot\.authoring\.(?:rehearsal|stage)"
    r"|voicebot\.host\.(?:adapter|bot|codec|loader|sdk|server))\b",
    re.MULTILINE,
)
"""What a file of tests imports that runs on the SDK. The others (of parsers, checks, pictures) know nothing of it."""
NOT_ON_IT = {
    "test_authoring_any_caller.py",  # many callers, for the dialogs' sake
    "test_host_blob_storage.py",  # of bytes
    "test_host_redis_storage.py",
    "test_host_sdk_botbuilder_turn.py",  # of the other SDK
    "test_host_storage.py",
}


def chosen(file: Path) -> bool:
    return file.name not in NOT_ON_IT and ON_THE_SDK.search(file.read_text("utf-8")) is not None


def test_what_runs_on_the_sdk_is_chosen() -> None:
    files = [file for room in ROOMS for file in (TESTS / room).rglob("test_*.py")]
    names = {file.name for file in files if chosen(file)}
    assert names >= {
        "test_authoring_flow.py", "test_authoring_questions.py", "test_authoring_step_dial.py",
        "test_authoring_stage.py", "test_dialogs_service_line.py", "test_host_bot.py", "test_host_codec.py",
        "test_host_server.py", "test_host_state.py", "test_host_process.py",
    }  # fmt: skip
    assert len(names) < len(files) / 2


@pytest.mark.slow
@pytest.mark.long
async def test_the_tests_of_dialogs_pass_on_it_as_well() -> None:
    others = [f"--ignore={file}" for room in ROOMS for file in (TESTS / room).rglob("test_*.py") if not chosen(file)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *others, *(TESTS / room for room in ROOMS),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=ENVIRONMENT, cwd=TESTS.parent,
    )  # fmt: skip
    try:
        told, _ = await asyncio.wait_for(process.communicate(), 1200)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, told.decode()[-6000:]


async def under_it(source: str) -> str:
    """Run ``source`` in a process of its own on the Agents SDK; gives what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(source), stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE, env=ENVIRONMENT, cwd=TESTS.parent,
    )  # fmt: skip
    told, log = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, log.decode()
    return told.decode()


async def test_dialogs_find_it_under_the_names_of_botbuilder() -> None:
    told = await under_it("""
        import voicebot.host.sdk
        from botbuilder.core import BotAdapter, MessageFactory, TurnContext
        from botbuilder.dialogs import WaterfallDialog
        from botbuilder.dialogs.choices import Choice
        from botbuilder.dialogs.prompts import TextPrompt
        from botbuilder.schema import Activity
        import botbuilder.dialogs.prompts as prompts
        print(WaterfallDialog.__module__.partition(".")[0], prompts.TextPrompt is TextPrompt)
        try:
            import botbuilder.integration.aiohttp
        except ModuleNotFoundError as error:
            print(error)
        """)
    assert told.splitlines() == ["microsoft_agents True", "No module named 'botbuilder.integration'"]


async def test_it_offers_all_that_the_other_does() -> None:
    told = await under_it("""
        from voicebot.host import sdk
        print(sdk.SDK, sorted(name for name, thing in vars(sdk).items() if not name.startswith("_") and thing))
        """)
    ours = sorted(name for name, thing in vars(sdk).items() if not name.startswith("_") and thing)
    assert told.strip() == f"microsoft-agents {ours}"


async def test_absent_and_empty_fields_are_no_fault() -> None:
    told = await under_it("""
        from voicebot.host.sdk import Activity, activity_from_json, activity_to_json
        print(activity_to_json(Activity(type="message", text="a", speak=None, locale=None)))
        caller = activity_from_json({"type": "message", "text": "", "name": "", "from": {"id": "", "name": None}})
        print(caller.from_property.id, repr(caller.text), caller.name)
        data = {"type": "event", "value": {"a": None, "b": ""}, "channelData": {"x": [None, ""]}}
        print(activity_to_json(activity_from_json(data)) == data)
        for bad in ({"type": 7}, {}, [], {"type": "message", "from": 5}, {"type": "message", "entities": [{}]}):
            try:
                activity_from_json(bad)
                print("taken", bad)
            except ValueError as error:
                assert "not " in str(error)
        """)
    assert told.splitlines() == ["{'type': 'message', 'text': 'a'}", "None '' None", "True"]


async def test_overlapping_calls_keep_their_state_apart() -> None:
    told = await under_it("""
        import asyncio
        from voicebot.host.adapter import TelephonyAdapter
        from voicebot.host.bot import DialogBot
        from voicebot.host.sdk import Dialog, activity_from_json
        from voicebot.host.storage import SqliteStorage

        class Name(Dialog):
            async def begin_dialog(self, dc, options=None):
                dc.active_dialog.state["name"] = dc.context.activity.text
                return Dialog.end_of_turn
            async def continue_dialog(self, dc):
                before = dc.active_dialog.state["name"]
                await asyncio.sleep(0)  # others may go on
                await dc.context.send_activity(f"{dc.context.activity.conversation.id}:{before}")
                return Dialog.end_of_turn

        async def main():
            said, adapter, bot = [], TelephonyAdapter(), DialogBot(Name("name"), SqliteStorage(None))
            async def deliver(turn, conversation, activity):
                said.append(activity["text"])
            async def call(number):
                for text in (f"caller{number}", "a", "b"):
                    await adapter.process(activity_from_json({
                        "type": "message", "text": text, "channelId": "telephony", "serviceUrl": "urn:test",
                        "conversation": {"id": f"c{number}"}, "from": {"id": "u"}, "recipient": {"id": "b"},
                    }), bot.on_turn, 1, deliver)
            await asyncio.gather(*map(call, range(20)))
            assert len(said) == 40
            print(all(text.replace("c", "caller", 1).startswith(text.rpartition(":")[2] + ":") for text in said))
        asyncio.run(main())
        """)
    assert told.strip() == "True"


async def test_it_has_no_messages_endpoint_and_says_so(run: Run, echo_folder: Path, tmp_path: Path) -> None:  # noqa: F811
    options = ("--dialogs", echo_folder, "--socket", tmp_path / "h.sock", "--sdk", MICROSOFT_AGENTS, "--http-port", 0)
    host = await run(*options)
    _, log = await asyncio.wait_for(host.communicate(), 60)
    assert host.returncode == 2
    assert b"botbuilder only" in log
