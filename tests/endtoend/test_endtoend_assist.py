"""A call between two people in the real service, forked to it by a recording client."""

from __future__ import annotations

import asyncio
import json
import struct
import time
import urllib.request
import wave
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from numpy.typing import NDArray
from recording_client import HOST, RecordingClient
from served import Service, SpeechDouble
from telephone import calling
from waiting import until

from voicebot.audio import PCMU
from voicebot.sip import SipResponse
from voicebot.sip.body import session_in
from voicebot.speech import APOLOGY_TEXTS, apology
from voicebot.turns.words import words

pytestmark = pytest.mark.slow

TOKEN = "the-console-token"
PACKET_S = 0.02
SAID_S = 60.0
"""Much more than the recogniser takes, on a machine that is busy with other things, too."""
CARD = "4111 1111 1111 1111"


def ports_of(answer: SipResponse) -> list[int]:
    session = session_in(answer)
    assert session is not None
    return [media.port for media in session.media]


class Wire:
    """The packets of a client's voices, one stream after the other: numbers and times go on."""

    def __init__(self, client: RecordingClient, ports: Sequence[int]) -> None:
        self._client = client
        self._ports = ports
        self._sent = 0

    async def say(self, *recordings: bytes) -> None:
        """Each voice says its recording, at the pace of speech; who has none, or has finished, is silent."""
        began, first = time.monotonic(), self._sent
        for number in range(max(map(len, recordings)) // 160):
            for stream, recording in enumerate(recordings):
                payload = recording[number * 160 : (number + 1) * 160].ljust(160, b"\xff")
                head = struct.pack("!BBHII", 0x80, 0, self._sent & 0xFFFF, self._sent * 160, 0x1000 + stream)
                self._client.voices[stream].sendto(head + payload, (HOST, self._ports[stream]))
            self._sent += 1
            await asyncio.sleep(max(0.0, began + (self._sent - first) * PACKET_S - time.monotonic()))

    async def silence_until(self, condition: Callable[[], Any], told: Callable[[], Any] = str) -> None:
        """Both are silent until ``condition``, which may block, holds. ``told``: for the one who looks why not."""
        end = time.monotonic() + SAID_S
        while not await asyncio.to_thread(condition):
            assert time.monotonic() < end, await asyncio.to_thread(told)
            await self.say(b"\xff" * 1600, b"\xff" * 1600)


def asked(service: Service, path: str, body: Any = None) -> Any:
    """What the console answers."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{service.ready['console_port']}{path}",
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        content = response.read()
    return json.loads(content) if content.startswith((b"{", b"[")) else content.decode()


def entries(service: Service, call: str, kind: str = "Utterance") -> list[dict[str, Any]]:
    return [
        entry for entry in asked(service, f"/v1/assist/calls/{call}/entries")["Entries"] if entry["EventType"] == kind
    ]


def final(service: Service, call: str) -> list[dict[str, Any]]:
    return [line for line in entries(service, call) if not line["IsPartial"]]


async def sides(recording: Path) -> NDArray[np.int32]:
    """The loudness of each sample, on the left and on the right. The recording is there soon after the record."""
    await until(recording.exists)
    with wave.open(str(recording)) as wav:
        samples = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").astype(np.int32)
    return np.abs(samples.reshape(-1, 2)).T


EXPECTED = {"CUSTOMER": words(APOLOGY_TEXTS["bot"]), "AGENT": words(APOLOGY_TEXTS["transfer"])}


def said(lines: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """The words of each role."""
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(line["ParticipantRole"], []).extend(words(line["Content"]))
    return found


def is_said(lines: Sequence[dict[str, Any]]) -> bool:
    """Whether each role has said what it said, but for a word that the recogniser added, missed or took for another."""
    found = said(lines)
    return found.keys() == EXPECTED.keys() and all(
        max(len(found[role]), len(expected)) - matching(found[role], expected) <= 1
        for role, expected in EXPECTED.items()
    )


def matching(one: Sequence[str], other: Sequence[str]) -> int:
    return sum(block.size for block in SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks())


async def test_each_of_two_people_is_heard_shown_and_kept(serve: Callable[..., Service]) -> None:
    service = serve(siprec__numbers='["desk"]', console__token=TOKEN, assist__recording="true", assist__folder="")
    async with RecordingClient(("127.0.0.1", service.port)) as client:
        wire = Wire(client, ports_of(await client.send("as_the_rfc_says")))
        (call,) = (await asyncio.to_thread(asked, service, "/v1/assist/calls"))["Calls"]
        call_id = call["CallId"]
        await wire.say(apology("bot", PCMU), b"\xff" * 8000)
        await wire.say(b"", apology("transfer", PCMU))
        await wire.silence_until(lambda: is_said(final(service, call_id)), lambda: said(final(service, call_id)))
        assert 'voicebot_assist_now{what="recognisers"} 2.0' in await asyncio.to_thread(asked, service, "/metrics")
        await client.bye()
    record = await asyncio.to_thread(service.record, call_id)
    assert is_said(record["transcript"])
    assert [party["DisplayName"] for party in record["parties"]] == ["Ada Caller", "Bo Agent"]
    assert record["sentiment"] and record["summary"] is not None
    begins = [line["BeginOffsetMillis"] for line in record["transcript"]]
    assert begins == sorted(begins)
    left, right = await sides(service.records / f"{call_id}.wav")
    half = len(apology("bot", PCMU))
    assert left[:half].max() > 3000 and right[half + 4000 :].max() > 3000
    assert right[: half - 4000].max() < 100 and left[half + 4000 :].max() < 100


async def test_a_card_number_that_is_said_is_nowhere_and_a_pause_is_asked_of_the_client(
    serve: Callable[..., Service], speak: Callable[..., SpeechDouble], tmp_path: Path
) -> None:
    double = speak(texts=[f"my card is {CARD}", "thank you"], cycle=True)
    service = serve(
        speech__service="url",
        speech__url=double.url,
        siprec__numbers='["desk"]',
        console__token=TOKEN,
        assist__recording="true",
        log__level="DEBUG",
    )
    async with RecordingClient(("127.0.0.1", service.port)) as client:
        wire = Wire(client, ports_of(await client.send("as_the_rfc_says")))
        call_id = (await asyncio.to_thread(asked, service, "/v1/assist/calls"))["Calls"][0]["CallId"]
        await wire.say(apology("bot", PCMU))
        await wire.silence_until(lambda: any("[card number]" in line["Content"] for line in final(service, call_id)))
        lines = len(final(service, call_id))
        await asyncio.to_thread(asked, service, f"/v1/assist/calls/{call_id}/pause", {})
        assert [media.direction for media in client.offered[-1].media] == ["inactive", "inactive"]
        await wire.say(apology("bot", PCMU), apology("transfer", PCMU))
        await asyncio.to_thread(asked, service, f"/v1/assist/calls/{call_id}/resume", {})
        assert len(final(service, call_id)) == lines
        told = [(entry["IsListening"], entry["AtSource"]) for entry in entries(service, call_id, "Listening")]
        assert told == [(False, False), (False, True), (True, False)]
        await wire.say(apology("bot", PCMU))
        await wire.silence_until(
            lambda: "thank you" in [line["Content"] for line in final(service, call_id)],
            lambda: final(service, call_id),
        )
        everything = json.dumps(await asyncio.to_thread(asked, service, f"/v1/assist/calls/{call_id}/entries"))
        await client.bye()
    record = await asyncio.to_thread(service.record, call_id)
    assert record["withheld"]["card number"] >= 1
    (paused, _, resumed) = (change["OffsetMillis"] for change in record["listening"])
    secret = [line for line in record["transcript"] if "[card number]" in line["Content"]]
    silent = [(paused, resumed), *((line["BeginOffsetMillis"], line["EndOffsetMillis"]) for line in secret)]
    caller, agent = await sides(service.records / f"{call_id}.wav")
    (plain,) = [line["BeginOffsetMillis"] for line in record["transcript"] if line["Content"] == "thank you"][:1]
    assert resumed - paused > 1_000 and caller[8 * plain :].max() > 3_000
    assert [caller[8 * begin : 8 * end].max() for begin, end in silent] == pytest.approx([0] * len(silent), abs=100)
    assert agent[8 * paused : 8 * resumed].max() < 100
    for place in (json.dumps(record), everything, service.log()):
        assert CARD not in place and CARD.replace(" ", "") not in place and "1111" not in place


HANDS_OVER = """
steps:
  - id: greet
    say: Hello, I put you through to a colleague.
  - id: over
    transfer:
      to: "+14255550123"
"""


async def test_the_agents_call_begins_with_what_the_bot_has_said_before_it_handed_the_caller_over(
    serve: Callable[..., Service], speak: Callable[..., SpeechDouble], tmp_path: Path
) -> None:
    (tmp_path / "dialogs").mkdir()
    (tmp_path / "dialogs" / "main.yaml").write_text(HANDS_OVER)
    service = serve(
        speech__service="url",
        speech__url=speak().url,
        bot__dialogs=tmp_path / "dialogs",
        calls__transfer_domain="127.0.0.1",
        siprec__numbers='["desk"]',
        console__token=TOKEN,
        assist__join_bot_calls="true",
    )
    async with calling(service.uri) as phone:
        await phone.until(lambda: bool(phone.transfers), "the transfer")
        await phone.until_ended()
    carried = unquote(phone.transfers[0].partition("User-to-User=")[2].partition("&")[0])
    async with RecordingClient(("127.0.0.1", service.port)) as client:
        await client.send("as_the_rfc_says", ("Require: siprec", f"Require: siprec\nUser-to-User: {carried}"))
        call_id = (await asyncio.to_thread(asked, service, "/v1/assist/calls"))["Calls"][0]["CallId"]
        await phone.until(lambda: bool(entries(service, call_id)), "the bot's half")
        (line,) = entries(service, call_id)
        await client.bye()
    assert (line["ParticipantRole"], line["Content"]) == ("SYSTEM", "Hello, I put you through to a colleague.")
    assert line["BeginOffsetMillis"] < line["EndOffsetMillis"] < 0
    record = await asyncio.to_thread(service.record, call_id)
    assert record["earlier_call"] and [one["Content"] for one in record["transcript"]] == [line["Content"]]
