"""The client, the real dialog host and the sample dialog: killed in mid-call, and blocked by a dialog."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from callers import Numbered

from voicebot.bots import CallFacts, DialogHostClient, activities
from voicebot.events import BotDone, BotFailed, BotMessage, BotRecovered, Event

DIALOGS = Path(__file__).parents[2] / "dialogs"


class Host:
    def __init__(self, dialogs: Path, folder: Path) -> None:
        self.socket = folder / "h.sock"
        self._command = [sys.executable, "-m", "voicebot.host", "--exit-with-parent", "--dialogs", str(dialogs),
                         "--socket", str(self.socket), "--state", str(folder / "state.sqlite")]  # fmt: skip
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        assert self._process.stdout is not None
        assert await asyncio.wait_for(self._process.stdout.readline(), 60)

    async def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            await self._process.communicate()
            self._process = None


class Call:
    def __init__(self, client: DialogHostClient) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        call = CallFacts("call-1", "+15550100", "+15550199")
        self.conversation = Numbered(client.conversation(call, self._events.put_nowait))

    async def until(self, *kinds: type[Event]) -> tuple[list[str], Event]:
        """What is spoken until an event of ``kinds``, and that event."""
        said = []
        while True:
            event = await asyncio.wait_for(self._events.get(), 30)
            if isinstance(event, kinds):
                return said, event
            if isinstance(event, BotMessage):
                said.append(event.speak)

    async def ask(self, activity: dict[str, object]) -> list[str]:
        self.conversation.send(activity)
        return (await self.until(BotDone))[0]


@pytest.fixture
async def sample(tmp_path: Path) -> AsyncIterator[Host]:
    host = Host(DIALOGS, tmp_path)
    await host.start()
    yield host
    await host.kill()


async def test_a_host_that_is_killed_in_mid_call_goes_on_where_it_was(sample: Host) -> None:
    client = DialogHostClient(sample.socket)
    await client.start()
    call = Call(client)
    await call.ask(activities.conversation_update())
    await call.ask(activities.user_message("I want to pay my bill"))
    for key in "1234":
        assert await call.ask(activities.key_message(key)) == []
    await sample.kill()
    call.conversation.send(activities.key_message("5"))
    await call.until(BotFailed)

    await sample.start()
    await call.until(BotRecovered)
    assert "account number" in (await call.ask(activities.resume()))[0]
    await call.ask(activities.key_message("5"))
    assert "one two three, four five six" in (await call.ask(activities.key_message("6")))[0]
    await call.conversation.close("caller")
    await client.close()


async def test_the_prompts_are_offered_word_for_word_as_they_are_said(sample: Host) -> None:
    client = DialogHostClient(sample.socket)
    await client.start()
    prompts = {prompt.text for prompt in await client.prompts()}
    call = Call(client)
    said = await call.ask(activities.conversation_update())
    assert len(said) == 2
    assert set(said) <= prompts
    await client.close()


async def test_a_dialog_that_blocks_is_seen_by_a_ping(tmp_path: Path) -> None:
    source = """
        import time
        from botbuilder.dialogs import Dialog
        class Root(Dialog):
            async def begin_dialog(self, dc, options=None):
                if not dc.context.activity.channel_data.get("dryRun"):
                    await dc.context.send_activity("I am about to block.")
                    time.sleep(3600)
                return Dialog.end_of_turn
        def create_dialog(context):
            return Root("root")
    """
    folder = tmp_path / "blocking"
    folder.mkdir()
    (folder / "main.py").write_text(textwrap.dedent(source))
    host = Host(folder, tmp_path)
    await host.start()
    client = DialogHostClient(host.socket, turn_timeout_s=2)
    await client.start()
    assert await client.ping(5.0)
    call = Call(client)
    call.conversation.begin()
    said, failed = await call.until(BotFailed)
    assert said == ["I am about to block."], "what was sent before the dialog blocked has been passed on"
    assert isinstance(failed, BotFailed)
    assert "no answer" in failed.reason
    assert not await client.ping(0.2)
    await host.kill()
    await client.close()


async def test_a_trial_tells_what_the_dialogs_then_say(sample: Host) -> None:
    client = DialogHostClient(sample.socket)
    await client.start()
    call = Call(client)
    await call.ask(activities.conversation_update())
    answer = activities.user_message("I want to pay my bill")
    tried = [[e.speak for e in await call.conversation.trial(answer) if isinstance(e, BotMessage)] for _ in range(3)]
    assert tried == [await call.ask(answer)] * 3
    await call.conversation.close("caller")
    await client.close()
