"""Each bot that comes with the product, called by voice: offline models on both sides, to the dialog's own end; the
sample by several codecs, by speech and keys and over a prompt (in `make trials`, all but that in wideband).

Several calls are placed at the same time, since a call is mostly waiting for whoever speaks. What the bots said is in
their records; the callers do not listen to the words, only to when the bot is silent.
"""

from __future__ import annotations

import asyncio
import json
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
from waiting import until
from words import stands_in

from voicebot.address import Address
from voicebot.audio.codecs import CODECS
from voicebot.caller import CallOptions, CallReport, load_script, place_call
from voicebot.speech import SpeechEndpoint

pytestmark = [pytest.mark.slow, pytest.mark.alone]

SCRIPTS = Path(__file__).parent / "voice_calls"
CALLS = {"over_a_prompt wideband": ("dialogs", "G722")}
"""Each call's script, and with it the bot and the codec; the longest first."""
MORE_CALLS = {
    "dialogs": ("dialogs", "PCMU"),
    "hotel": ("hotel", "PCMU"),
    "parcel": ("parcel", "PCMU"),
    "clinic": ("clinic", "PCMU"),
    "over_a_prompt": ("dialogs", "PCMA"),
}
"""Those of `make trials`."""
AT_ONCE = 2
"""Calls: two cores, one of them busy with something else, recognise as many in time."""
PROMPTS_S = 120.0
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
    """Those of :data:`CALLS`, over."""
    return held(CALLS, tmp_path_factory.mktemp("calls"))


@pytest.fixture(scope="module")
def more_calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Done]:
    return held(MORE_CALLS, tmp_path_factory.mktemp("more"))


def held(wanted: dict[str, tuple[str, str]], place: Path) -> dict[str, Done]:
    """Calls, over."""
    parcel = place / "parcel"
    shutil.copytree(STARTERS / "parcel", parcel)
    bots = {"dialogs": SAMPLE_DIALOGS, "clinic": STARTERS / "clinic", "parcel": parcel, "hotel": STARTERS / "hotel"}
    with ExitStack() as stack:
        main = parcel / "main.yaml"
        address = stack.enter_context(tracking_system(parcel))
        main.write_text(main.read_text("utf-8").replace("http://127.0.0.1:8095", address), "utf-8")
        speech = stack.enter_context(ended(Process(["voicebot.localspeech"], place / "speech.log")))
        url = f"ws://127.0.0.1:{speech.ready['port']}"
        services: dict[str, Service] = {}

        def start(bot: str) -> None:
            # Prompts are rendered once for each codec: no more of them than the calls need.
            codecs = json.dumps([codec for other, codec in wanted.values() if other == bot])
            settings = {"speech__service": "url", "speech__url": url, "sip__codecs": codecs}
            services[bot] = Service(place / f"service-{bot}", {**settings, "bot__dialogs": bots[bot]})
            stack.enter_context(ended(services[bot]))

        starting, at_once = asyncio.Lock(), asyncio.Semaphore(AT_ONCE)

        async def call(name: str) -> CallReport:
            bot, codec = wanted[name]
            async with at_once:
                async with starting:
                    if bot not in services:
                        await asyncio.to_thread(start, bot)
                        # A caller answers what sounds like the end of a prompt: a busy machine must not mislead it.
                        await until(lambda: "prompts are ready" in services[bot].log(), PROMPTS_S)
                script = load_script(SCRIPTS / f"{name.partition(' ')[0]}.yaml")
                options = CallOptions(speech=SpeechEndpoint(host=url), transcribe=False, codec=CODECS[codec])
                return await place_call(Address.parse(services[bot].uri), script, options)

        async def all_of_them() -> list[CallReport]:
            return await asyncio.gather(*map(call, wanted))

        return {
            name: Done(report, services[wanted[name][0]].record(report.call_id))
            for name, report in zip(wanted, asyncio.run(all_of_them()), strict=True)
        }


@pytest.mark.long
def test_the_utility_tells_a_balance(more_calls: dict[str, Done]) -> None:
    more_calls["dialogs"].came_to_its_end_and_said("Your balance is")


@pytest.mark.long
def test_the_clinic_cancels_an_appointment(more_calls: dict[str, Done]) -> None:
    more_calls["clinic"].came_to_its_end_and_said("Your appointment is cancelled.")


@pytest.mark.long
def test_what_identifies_the_patient_is_not_in_the_record(more_calls: dict[str, Done]) -> None:
    kept = json.dumps(more_calls["clinic"].record)
    assert "reception" in kept or "appointment" in kept
    assert not any(stands_in(kept, word) for word in ("05231985", "0117", "1985"))


@pytest.mark.long
def test_the_parcel_service_changes_a_delivery(more_calls: dict[str, Done]) -> None:
    more_calls["parcel"].came_to_its_end_and_said("Done. We will deliver your parcel on Tuesday")


@pytest.mark.long
def test_the_hotel_books_a_room(more_calls: dict[str, Done]) -> None:
    more_calls["hotel"].came_to_its_end_and_said("Your room is booked.")


def test_the_sample_dialog_reaches_its_end_in_wideband_and_over_a_prompt(calls: dict[str, Done]) -> None:
    reaches_its_end_over_a_prompt(calls["over_a_prompt wideband"], "G722")


@pytest.mark.long
def test_the_sample_dialog_reaches_its_end_in_a_law_and_over_a_prompt(more_calls: dict[str, Done]) -> None:
    reaches_its_end_over_a_prompt(more_calls["over_a_prompt"], "PCMA")


def reaches_its_end_over_a_prompt(call: Done, codec: str) -> None:
    report, record = call.report, call.record
    assert report.ok, report.reason
    assert record["codec"] == report.codec == codec
    assert record["failures"] == [] and record["interruptions"] >= 1
    answers = " ".join(turn["bot"]["text"] for turn in record["turns"])
    for sentence in ("six digit account number", "I have 123456.", "Your balance is $84.37", "Goodbye."):
        assert sentence in answers
