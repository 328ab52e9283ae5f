"""Each bot that comes with the product, called by voice: offline models on both sides, to the dialog's own end.

The three calls are placed at the same time, since a call is mostly waiting for whoever speaks. What the bots said is in
their records; the callers do not listen to the words, only to when the bot is silent.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from served import ROOT, SAMPLE_DIALOGS, Process, Service, texts

from voicebot.address import Address
from voicebot.caller import CallOptions, CallReport, load_script, place_call
from voicebot.speech import SpeechEndpoint

pytestmark = [pytest.mark.slow, pytest.mark.alone]

SCRIPTS = Path(__file__).parent / "voice_calls"
STARTERS = ROOT / "voicebot" / "authoring" / "starters"


@dataclass
class Done:
    """A call that is over: what the caller has of it, and what the bot."""

    report: CallReport
    record: dict[str, Any]

    def came_to_its_end_and_said(self, words: str) -> None:
        heard = [f"{turn['caller']['final_text']!r} {turn['caller']['keys']}" for turn in self.record["turns"]]
        told = f"{self.report.reason}; the bot heard {heard} and said {texts(self.record)}"
        assert self.report.ok, told
        assert self.report.ended_by == "bot", told
        assert any(words in text for text in texts(self.record)), told


@contextmanager
def ended(process: Process) -> Iterator[Process]:
    try:
        yield process
    finally:
        assert process.end() == 0, process.log()


@contextmanager
def tracking_system(folder: Path) -> Iterator[str]:
    """The one that comes with the parcel bot, started as its author starts it; gives its address."""
    process = subprocess.Popen([sys.executable, "service.py", "0"], cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    """The calls to ``dialogs``, ``clinic`` and ``parcel``."""
    place = tmp_path_factory.mktemp("calls")
    parcel = place / "parcel"
    shutil.copytree(STARTERS / "parcel", parcel)
    bots = {"dialogs": SAMPLE_DIALOGS, "clinic": STARTERS / "clinic", "parcel": parcel}
    with ExitStack() as stack:
        main = parcel / "main.yaml"
        address = stack.enter_context(tracking_system(parcel))
        main.write_text(main.read_text("utf-8").replace("http://127.0.0.1:8095", address), "utf-8")
        speech = stack.enter_context(ended(Process(["voicebot.localspeech"], place / "speech.log")))
        url = f"ws://127.0.0.1:{speech.ready['port']}"
        services: dict[str, Service] = {}
        for name, folder in bots.items():
            service = Service(place / f"service-{name}", {
                "speech__service": "url", "speech__url": url, "bot__dialogs": folder,
            })  # fmt: skip
            services[name] = service
            stack.enter_context(ended(service))

        async def all_of_them() -> list[CallReport]:
            options = CallOptions(speech=SpeechEndpoint(host=url), transcribe=False)
            return await asyncio.gather(
                *(
                    place_call(Address.parse(services[name].uri), load_script(SCRIPTS / f"{name}.yaml"), options)
                    for name in bots
                )
            )

        reports = asyncio.run(all_of_them())
        return {
            name: Done(report, services[name].record(report.call_id))
            for name, report in zip(bots, reports, strict=True)
        }


def test_the_utility_tells_a_balance(calls: dict[str, Done]) -> None:
    calls["dialogs"].came_to_its_end_and_said("Your balance is")


def test_the_clinic_cancels_an_appointment(calls: dict[str, Done]) -> None:
    calls["clinic"].came_to_its_end_and_said("Your appointment is cancelled.")


def test_what_identifies_the_patient_is_not_in_the_record(calls: dict[str, Done]) -> None:
    kept = str(calls["clinic"].record)
    assert "05231985" not in kept and "0117" not in kept and "1985" not in kept


def test_the_parcel_service_changes_a_delivery(calls: dict[str, Done]) -> None:
    calls["parcel"].came_to_its_end_and_said("Done. We will deliver your parcel on Tuesday")
