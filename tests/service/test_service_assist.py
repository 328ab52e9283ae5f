"""Calls between people in the service: the bot's records, figures and the page of operations."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, cast

import pytest
from assist_world import RecordedCallDouble
from free_port import free_port
from pydantic import SecretStr
from waiting import until

from voicebot.assist.roster import Roster
from voicebot.calls import Calls, Keeping
from voicebot.service.assist import RECORD_S, Assistance, BotRecords
from voicebot.service.supervisor import NotReady
from voicebot.settings import Settings
from voicebot.settings.assist import AssistSettings
from voicebot.settings.language import LanguageSettings

CALL = "0123456789abcdef0123456789abcdef"


class BotCalls:
    """``runs``: whether the call is still running."""

    def __init__(self, folder: Path | None = None) -> None:
        self.runs = False
        self.services = self
        self.keeping = Keeping(folder, recording=False, log_words=False)

    def find(self, call: str) -> object | None:
        return self if self.runs and call == CALL else None


class Speech:
    def recognizer(self, *_args: Any) -> Any:
        raise AssertionError("nobody speaks")


def nobody(*_args: Any) -> Any:
    raise AssertionError("there is no bot")


def assistance(tmp_path: Path, **assist: Any) -> Assistance:
    settings = Settings(assist=AssistSettings(**assist), language=LanguageSettings(service="off"))
    return Assistance(settings, cast(Any, Speech()), cast(Calls, BotCalls(tmp_path)), Roster(), nobody)


async def test_the_record_of_a_bots_call_is_read_as_soon_as_it_is_there(tmp_path: Path) -> None:
    records = BotRecords(cast(Calls, BotCalls()), tmp_path)
    reading = asyncio.create_task(records(CALL))
    await asyncio.sleep(0)
    written = tmp_path / "half"
    written.write_text(json.dumps({"id": CALL}))
    written.rename(tmp_path / f"{CALL}.json")  # as records are: there in whole, or not at all
    assert await reading == {"id": CALL}


@pytest.mark.virtual_time
async def test_it_is_waited_for_as_long_as_the_call_runs_and_a_little_longer(tmp_path: Path) -> None:
    calls = BotCalls()
    calls.runs = True
    records, loop = BotRecords(cast(Calls, calls), tmp_path), asyncio.get_running_loop()
    reading = asyncio.create_task(records(CALL))
    await asyncio.sleep(5 * RECORD_S)
    assert not reading.done()
    calls.runs = False
    ended = loop.time()
    assert await reading is None
    assert RECORD_S - 1.0 <= loop.time() - ended <= RECORD_S + 1.0


@pytest.mark.parametrize("content", ["", "{", "[]", "7"])
async def test_what_is_no_record_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / f"{CALL}.json").write_text(content)
    assert await BotRecords(cast(Calls, BotCalls()), tmp_path)(CALL) is None
    assert await BotRecords(cast(Calls, BotCalls()), None)(CALL) is None


async def test_faults_in_the_folder_stop_the_start_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("rules:\n  - rul: x\n")
    part = assistance(tmp_path, folder=tmp_path)
    with pytest.raises(NotReady, match=r"rules\.yaml:2"):
        await part.start()
    await part.close()


async def test_a_call_is_counted_and_kept_and_seen(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("rules:\n  - rule: Leaves\n    caller says: cancel\n    show: Ask why.\n")
    part = assistance(tmp_path, folder=tmp_path, withhold=("card-numbers", "phone-numbers"))
    await part.start()
    client = RecordedCallDouble()
    part.accept(client)
    (call,) = part.calls.running()
    assert part.calls.roster.running() == [call]
    facts = dict(part.panel().facts)
    assert facts["calls now"] == "1, with 2 parties and 0 recognisers"
    assert facts["folder"] == "1 rules, 0 articles"
    assert facts["withheld"] == "card-numbers, phone-numbers"
    client.end()
    await until(lambda: not len(part.calls))
    figures = {figure.name: figure.values for figure in part.figures()}
    assert figures["assist_calls"]["client"] == sum(figures["assist_calls"].values()) == 1
    assert figures["assist_now"] == {"calls": 0, "parties": 0, "recognisers": 0}
    record = json.loads((tmp_path / f"{call.id}.json").read_text())
    assert (record["kind"], record["call_id"], record["end"]["reason"]) == ("assist", "call-1@sbc", "client")
    await part.close()


async def test_a_language_service_that_is_away_is_shown(tmp_path: Path) -> None:
    language = LanguageSettings(service="azure", endpoint=f"http://127.0.0.1:{free_port()}", key=SecretStr("k"))
    settings = Settings(assist=AssistSettings(folder=None), language=language)
    part = Assistance(settings, cast(Any, Speech()), cast(Calls, BotCalls(tmp_path)), Roster(), nobody)
    await part.start()
    panel = part.panel()
    assert panel.wrong
    assert "language service" in panel.lines[0]
    await part.close()
