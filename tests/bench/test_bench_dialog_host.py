"""The bench of the dialog host: which turns wait for somebody else, and are told apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.dialog_host import Conversation, Load, waiting_steps
from voicebot.authoring.loader import load_dialogs
from voicebot.events import BotDone, StepReached

SAMPLE = Path(__file__).parents[2] / "dialogs"


def test_the_steps_that_wait_are_those_that_call_python_or_a_web_service(tmp_path: Path) -> None:
    assert waiting_steps(load_dialogs(SAMPLE)) == {"account.look-up", "outage.look-up"}
    (tmp_path / "main.yaml").write_text(
        "steps:\n"
        "  - {id: other, call: more}\n"
        "  - {id: bill, http: {get: https://crm.example/bills}}\n"
        "  - {id: bye, hangup: Bye.}\n"
    )
    (tmp_path / "more.yaml").write_text("steps:\n  - {id: word, say: Well.}\n")
    assert waiting_steps(load_dialogs(tmp_path)) == {"main.bill"}


class Client:
    """Answers each request at once; ``paths``: the steps that run for it."""

    def __init__(self, *paths: tuple[str, ...]) -> None:
        self._paths = iter(paths)

    def conversation(self, call: Any, on_event: Any) -> Any:
        self._on_event = on_event
        return self

    def send(self, request: int, activity: dict[str, Any]) -> None:
        path = next(self._paths)
        self._on_event(StepReached(0.0, request, path[-1], path, "", None, {}))
        self._on_event(BotDone(0.0, request))


async def test_turns_with_a_lookup_are_not_among_the_others() -> None:
    client: Any = Client(("main.menu",), ("main.menu",), ("account.look-up", "main.menu"), ("main.menu",))
    load = Load(client, 1, {"account.look-up"})
    await load.begin()
    conversation = load._free.pop()
    assert isinstance(conversation, Conversation)
    for _ in range(3):
        await load._turn(conversation)
    assert (len(load.turns), len(load.lookups)) == (2, 1)
