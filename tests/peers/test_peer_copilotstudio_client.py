"""Microsoft's Copilot Studio client for Python against the double that our own client is tested with."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from copilot_studio_double import TOKEN, CopilotStudioDouble
from own_environment import interpreter

pytestmark = pytest.mark.peer

AGENTS_SDK = Path(__file__).parent / "bot_agents_sdk" / "requirements.txt"
SCRIPT = """
import asyncio, json, sys
from microsoft_agents.copilotstudio.client import ConnectionSettings, CopilotClient

async def main():
    client = CopilotClient(ConnectionSettings("", "", direct_connect_url=sys.argv[1]), sys.argv[2])
    async for activity in client.start_conversation():
        print(json.dumps(["start", activity.type, activity.text]), flush=True)
    for question in sys.argv[3:]:
        async for activity in client.ask_question(question):
            print(json.dumps([question, activity.type, activity.text or activity.name]), flush=True)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """An environment of its own in the user's cache: its dependencies are not ours. The client is a part of the SDK."""
    return interpreter("bot_agents_sdk", AGENTS_SDK.read_text())


async def test_it_starts_asks_and_sees_the_answer_stream(python: Path) -> None:
    async with CopilotStudioDouble() as service:
        process = await asyncio.create_subprocess_exec(
            str(python),
            "-c",
            SCRIPT,
            service.direct_url,
            TOKEN,
            "my bill",
            "human",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0, err.decode()
        saw = [json.loads(line) for line in out.splitlines()]
        assert saw[0] == ["start", "message", "Hello, this is Contoso."]
        assert ["my bill", "typing", "Let me see."] in saw
        assert ["my bill", "message", "Let me see. You said my bill."] in saw
        assert saw[-1] == ["human", "event", "handoff.initiate"]
