"""Faults around a call that is listened to, in the real service: its lines come all the same, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from free_port import free_port
from language_faults import KEY, FaultyLanguage
from served import Service, SpeechDouble
from waiting import until

from bench.people import TOKEN, Viewer, agent, conversation

pytestmark = [pytest.mark.slow, pytest.mark.long]

SAYINGS = ["my parcel never came and I am angry", "I am sorry I will send another one", "thank you that is great"]
LINES = 2
"""That are waited for with each fault."""
TALK_S = 600.0
EXPIRY_S = 90.0
"""After so long a client that has vanished is known to have: a refresh of its session is not answered for 32 s."""
CUT_OFF = {"drop_after_s": 6, "drop_first_n": 3, "faults_on": "recognition"}
"""The speech service: of its first recognisers."""
THROTTLED = (429, {"Retry-After": "3600"})


def finals(viewer: Viewer) -> list[str]:
    """The lines that it has been shown, by their ids."""
    said = (event for _, event in viewer.events if event["EventType"] == "Utterance")
    return [event["UtteranceId"] for event in said if event["Content"] and not event["IsPartial"]]


def told(viewer: Viewer, kind: str) -> list[dict[str, Any]]:
    return [dict(event) for _, event in viewer.events if event["EventType"] == kind]


async def more_lines(viewer: Viewer) -> None:
    before = len(finals(viewer))
    await until(lambda: len(finals(viewer)) >= before + LINES)


async def test_what_fails_around_a_call_delays_and_loses_none_of_its_lines(
    serve: Callable[..., Service], speak: Callable[..., SpeechDouble], tmp_path: Path
) -> None:
    (key := tmp_path / "key").write_text("k" * 32)
    (home := tmp_path / "service-0").mkdir()
    dead = f"http://127.0.0.1:{free_port()}/calls"
    (home / "voicebot.toml").write_text(f'[[webhooks]]\nurl = "{dead}"\nsecret_file = "{key}"\npartial = true\n')
    async with FaultyLanguage() as language, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as http:
        service = await asyncio.to_thread(
            serve,
            speech__service="url",
            speech__url=speak(texts=SAYINGS, cycle=True, segmentation_ms=300, **CUT_OFF).url,
            siprec__numbers='["desk"]',
            console__token=TOKEN,
            rtp__silence_timeout_s=2,
            language__service="azure",
            language__endpoint=language.url,
            language__key=KEY,
        )
        viewer = Viewer(http, f"http://127.0.0.1:{service.ready['console_port']}", agent(1))
        watching = asyncio.create_task(viewer.watch())
        await viewer.watching.wait()
        async with (
            conversation(service.uri) as vanishing,
            conversation(service.uri) as broken,
            conversation(service.uri) as people,
        ):
            await vanishing.begin(2)
            await broken.begin(3, ("</recording>", "</recordin"))
            await people.begin(1)
            talking = [asyncio.create_task(one.talk(TALK_S)) for one in (people, broken)]
            gone = vanishing.client.port
            vanishing.client.answers = None
            await until(lambda: told(viewer, "Sentiment"))

            for fault in ("hang", THROTTLED, "drop", b"no JSON"):
                language.faults = [fault]
                await more_lines(viewer)
            await until(lambda: [one for one in told(viewer, "Trouble") if one["What"] == "analysis"])

            await strange_metadata(people.client)
            await more_lines(viewer)
            (participants,) = [told(viewer, "Participants")[-1]["Participants"]]
            assert [one["ParticipantRole"] for one in participants] == ["CUSTOMER", "AGENT"]

            for task in talking:
                task.cancel()
            await people.end()
            await broken.end()
            await until(lambda: told(viewer, "Ended"))
            watching.cancel()
        kept, kept_broken, vanished = [
            await asyncio.to_thread(service.record, f"recorded-{port}", EXPIRY_S)
            for port in (people.client.port, broken.client.port, gone)
        ]
    assert {line["UtteranceId"] for line in kept["transcript"]} == set(finals(viewer))
    assert {line["Content"] for line in kept_broken["transcript"]} >= set(SAYINGS)
    assert vanished["end"]["reason"] == "expired"


async def strange_metadata(client: Any) -> None:
    """In the middle of a call. It is answered as any other."""
    for metadata in ("", "<", "\0", "<!DOCTYPE x [<!ENTITY y 'z'>]><recording>&y;</recording>", "<a>" * 5_000):
        headers = ["Content-Type: application/rs-metadata+xml", "Content-Disposition: recording-session"]
        response = await client.send(client.within("UPDATE", headers, metadata))
        assert response.status == 200, metadata
