"""What a call tells of its trace: to its bot and in the log. And which spans a call of ours leaves."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextvars import Context
from dataclasses import replace

import pytest
from call_world import Bot, Line, World
from waiting import until

from voicebot.bots import CallFacts
from voicebot.bots.conversation import OnEvent
from voicebot.calls import Calls
from voicebot.log import configure_logging
from voicebot.trace_context import CallTrace
from voicebot.traces import spans_of

pytestmark = pytest.mark.virtual_time


@pytest.fixture
def root() -> Iterator[None]:
    """The root logger is everybody's: it is left as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


async def test_lines_of_two_calls_at_once_have_the_ids_of_their_own(
    root: None, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(json_lines=True)
    bots: list[Bot] = []

    def conversation(facts: CallFacts, on_event: OnEvent) -> Bot:
        logging.getLogger("a.part").info("a conversation for %s", facts.id)
        bots.append(Bot(facts, on_event))
        return bots[-1]

    world = await World().greeted()
    traced = replace(world.services, conversation=conversation, trace=lambda call, part: CallTrace(call, part=part))
    calls, lines = Calls(traced), [Line(call_id="one"), Line(call_id="two")]
    sessions = [calls.accept(line) for line in lines]
    await until(lambda: len(bots) == 2)
    Context().run(logging.getLogger("a.part").info, "of no call")
    for line in lines:
        await line.hang_up()
    await calls.drain(5.0)
    await world.line.hang_up()
    await world.over()

    told = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    parts = [line for line in told if line["logger"] == "a.part"]
    ids = [session.id for session in sessions]
    assert [(line.get("call"), line.get("trace_id"), line.get("call_id")) for line in parts] == [
        (ids[0], ids[0], "one"), (ids[1], ids[1], "two"), (None, None, None),
    ]  # fmt: skip
    assert all(line["message"].endswith(line["call"]) for line in parts[:2])
    assert [bot.facts.trace for bot in bots] == [CallTrace(name) for name in ids]
    assert not [line for line in told if line.get("call") == world.session.id and "trace_id" in line]


async def test_the_spans_of_a_call_say_what_each_step_took() -> None:
    world = await World().greeted()
    world.line.pull(60)
    await world.caller_says("my bill please")
    world.says("Which account?")
    await world.settle()
    world.line.pull(60)
    world.line.end("caller")
    record = await world.over()
    names = [span.name for span in spans_of(record)]
    assert names[:3] == ["call", "INVITE", "turn"]
    assert [names.count(name) for name in ("turn", "recognition", "bot", "synthesis", "playout")] == [2, 1, 2, 2, 2]
    assert not [span for span in spans_of(record) if span.failed or span.end_ns < span.start_ns]
