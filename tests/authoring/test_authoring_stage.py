"""The dialogs as a service plays them for tests by voice: each call is held as the test says that it names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from folder_line import write

from voicebot.authoring.stage import TEST_HEADER, build_stage
from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.loader import DialogsError, load_dialogs
from voicebot.host.sdk import activity_from_json
from voicebot.host.storage import SqliteStorage

MAIN = """
    steps:
      - id: look-up
        http: {get: "https://shop.example/price"}
        save: order
        on_error: sorry
      - id: today
        call: prices.offer
        save: offer
      - id: pin
        ask: It is {now|time}, it costs {order.price}, or {offer}. Your pin?
        digits: {length: 2}
        sensitive: true
        save: pin
      - id: thanks
        say: Thank you for {pin|digits}.
      - id: bye
        hangup: Goodbye.
      - id: sorry
        hangup: No prices today.
"""
TESTS = """\
now: 2026-12-01 12:00
functions: {prices.offer: {gives: 3}}
http: [{url: "https://shop.example/*", gives: {price: 5}}]
tests:
  - test: As it is
    talk: [bot: "*"]
  - test: Later, and cheaper
    now: 2026-12-01 15:30
    functions: {prices.offer: {gives: 2}}
    talk: [bot: "*"]
  - test: Without the service
    http: [{url: "https://shop.example/*", status: 503}]
    talk: [bot: "*"]
"""


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Any]:
    """Places calls to the stage: ``await call(conversation, header, *said)`` gives all that was sent."""
    folder = write(tmp_path / "d", main=MAIN, python_prices="def offer():\n    raise RuntimeError('the real one')\n")
    (folder / "tests").mkdir()
    (folder / "tests" / "line.yaml").write_text(TESTS, encoding="utf-8")
    build_stage(folder, tmp_path / "stage")
    storage = SqliteStorage(None)
    bot, adapter = DialogBot(load_dialogs(tmp_path / "stage").root, storage), TelephonyAdapter()
    sent: list[dict[str, Any]] = []

    async def deliver(turn: int, conversation: str, activity: dict[str, Any]) -> None:
        sent.append(activity)

    async def place(conversation: str, headers: dict[str, str] | None, *said: str) -> list[dict[str, Any]]:
        sent.clear()
        begin: dict[str, Any] = {"type": "conversationUpdate", "membersAdded": [{"id": "caller"}]}
        if headers is not None:
            begin["channelData"] = {"sipHeaders": headers}
        for number, content in enumerate([begin, *({"type": "message", "text": text} for text in said)], 1):
            envelope = {
                "id": f"{conversation}|{number}", "channelId": "telephony", "serviceUrl": "urn:test",
                "locale": "en-US", "from": {"id": "caller"}, "recipient": {"id": "bot"},
                "conversation": {"id": conversation},
            }  # fmt: skip
            await adapter.process(activity_from_json(envelope | content), bot.on_turn, number, deliver)
        return list(sent)

    yield place
    await storage.close()


def texts(sent: list[dict[str, Any]]) -> list[str]:
    return [activity["text"] for activity in sent if activity["type"] == "message"]


async def test_each_call_has_the_clock_the_services_and_the_functions_of_its_test(call: Any) -> None:
    first = await call("a", {TEST_HEADER: "0"})
    later = await call("b", {TEST_HEADER.lower(): "1"})
    without = await call("c", {TEST_HEADER: "2"})
    assert "12:00" in texts(first)[0] and "costs 5, or 3." in texts(first)[0]
    assert "3:30" in texts(later)[0] and "costs 5, or 2." in texts(later)[0]
    assert texts(without) == ["No prices today."]


async def test_a_call_goes_on_in_its_test_and_ends_as_the_dialog_does(call: Any) -> None:
    sent = await call("a", {TEST_HEADER: "1"}, "four two")
    assert texts(sent)[1:] == ["Thank you for 42.", "Goodbye."]
    assert sent[-1]["type"] == "endOfConversation"


async def test_the_recording_is_left_alone_so_that_the_record_keeps_the_words(call: Any) -> None:
    sent = await call("a", {TEST_HEADER: "0"}, "four two")
    assert not [activity for activity in sent if activity["type"] == "command"]


async def test_nobody_in_particular_gets_the_first_test(call: Any) -> None:
    assert "12:00" in texts(await call("warm-up", None))[0]


@pytest.mark.parametrize("number", ["3", "-1", "one"])
async def test_a_test_that_there_is_not_is_refused(call: Any, number: str) -> None:
    with pytest.raises(LookupError, match="no such test"):
        await call("a", {TEST_HEADER: number})


def test_the_prompts_are_known_before_the_first_call(tmp_path: Path) -> None:
    folder = write(tmp_path / "d", main="steps:\n  - id: a\n    say: Hello.\n  - id: b\n    hangup: Bye.\n")
    (folder / "tests").mkdir()
    (folder / "tests" / "line.yaml").write_text("tests:\n  - {test: One, talk: [bot: [Hello., Bye.]]}\n")
    build_stage(folder, tmp_path / "stage")
    assert {prompt.text for prompt in load_dialogs(tmp_path / "stage").prompts} >= {"Hello.", "Bye."}


def test_faulty_dialogs_make_no_stage(tmp_path: Path) -> None:
    folder = write(tmp_path / "d", main="steps:\n  - id: a\n    goto: b\n")
    build_stage(folder, tmp_path / "stage")
    with pytest.raises(DialogsError, match=r"main\.yaml:3"):
        load_dialogs(tmp_path / "stage")
