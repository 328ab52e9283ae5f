"""Real recording clients: rtpengine, which forks the call of two phones to us, PJSIP, and SIPp for the signalling.

What a session border controller would do beside rtpengine is done here: it asks for the fork, sends us the session
description and metadata, and gives our answer back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from baresip_phone import NO_BARESIP, BaresipPhone, baresip, has_baresip
from free_port import free_ports
from media_engine import NO_RTPENGINE, RTPENGINE
from own_environment import interpreter, without_our_path
from product import running
from recording_client import RecordingClient
from recording_desk import Listener, desk
from registrar import KAMAILIO, LOOPBACK, NO_KAMAILIO, kamailio_running
from rtpengine import RtpEngine, rtpengine_running
from sipp_caller import NO_SIPP, SCENARIOS, SIPP, run_sipp
from waiting import until

from bench.people import TOKEN, Viewer
from bench.recordings import write_wav
from voicebot.audio import PCMU
from voicebot.legs.siprec import RecordingOptions
from voicebot.rtp import MediaClock
from voicebot.speech import APOLOGY_TEXTS, ApologyKind, apology
from voicebot.turns.words import words

ENGINE_PORTS = free_ports(keep=True)
PITCHES = {"caller": 440, "agent": 1_000}
"""The voices of the two are tones."""
AORS = {"caller": "sip:+15550101@phones.example.net", "agent": "sip:7001@desk.example.net"}
LONG = 12_000
"""Samples that are enough."""
SAID: dict[str, ApologyKind] = {"caller": "bot", "agent": "transfer"}
"""What the two say where words count."""
MOST_WRONG = 2
"""Words of a sentence that the recogniser may get wrong; the two sentences differ in nearly all."""
RECOGNITION_S = 180.0
_ROLES = {"caller": "CUSTOMER", "agent": "AGENT"}

AGENTS = RecordingOptions(numbers=("desk",), agents=("@desk.example.net",))

pytestmark = pytest.mark.peer


def tone(path: Path, hertz: int) -> Path:
    at = np.arange(60 * 8_000) / 8_000
    write_wav(path, (np.sin(2 * np.pi * hertz * at) * 8_000).astype(np.int16))
    return path


def pitch(heard: bytes) -> float:
    """The loudest tone of the last second, in Hz."""
    samples = PCMU.decode(heard[-8_000:]).astype(float)
    return float(np.abs(np.fft.rfft(samples)).argmax()) * 8_000 / len(samples)


async def check_voices(listener: Listener) -> None:
    """The voice of each role is the tone that is its own."""
    await until(lambda: [len(audio) >= LONG for audio in listener.audio.values()] == [True, True])
    heard = {role: pitch(listener.audio[number]) for number, (_, role, _) in listener.who.items()}
    assert heard == {role: pytest.approx(hertz, abs=5) for role, hertz in PITCHES.items()}


@pytest.fixture
async def clock() -> AsyncIterator[MediaClock]:
    clock = MediaClock()
    clock.start()
    yield clock
    await clock.close()


class Fork:
    """The call of two phones that goes through rtpengine, and its fork.

    ``labels``: of the caller's and of the agent's stream. ``sdp``: what rtpengine offers.
    """

    def __init__(self, engine: RtpEngine, caller: BaresipPhone) -> None:
        self._engine = engine
        (self._call_id,) = engine.calls()
        tags = engine.ask("query", call_id=self._call_id)["tags"]
        forked = engine.ask("subscribe request", call_id=self._call_id, flags=["all", "SIPREC"])
        self.sdp, self._tag = forked["sdp"].replace("\r", ""), forked["to-tag"]
        low, high = caller.media_ports
        ports = {tag: side["medias"][0]["streams"][0]["endpoint"]["port"] for tag, side in tags.items()}
        by_label = {label: low <= ports[media["tag"]] <= high for label, media in forked["media-labels"].items()}
        self.labels = sorted(by_label, key=lambda label: not by_label[label])

    def body(self) -> str:
        """Of the INVITE of a recording client."""
        people = (("p1", AORS["caller"]), ("p2", AORS["agent"]))
        metadata = '<recording xmlns="urn:ietf:params:xml:ns:recording:1"><datamode>complete</datamode>'
        for (key, aor), label in reversed(list(zip(people, self.labels, strict=True))):  # the agent first
            metadata += f'<participant participant_id="{key}"><nameID aor="{aor}"/></participant>'
            metadata += f'<stream stream_id="s{label}"><label>{label}</label></stream>'
            metadata += f'<participantstreamassoc participant_id="{key}"><send>s{label}</send></participantstreamassoc>'
        return (
            f"--b\nContent-Type: application/sdp\n\n{self.sdp}\n--b\nContent-Type: application/rs-metadata+xml\n"
            f"Content-Disposition: recording-session\n\n{metadata}</recording>\n--b--\n"
        )

    def answered(self, sdp: bytes) -> None:
        """Our answer: rtpengine sends from now on. It refuses one that leaves out a format that it has offered."""
        self._engine.ask("subscribe answer", call_id=self._call_id, to_tag=self._tag, sdp=sdp.decode())


MISSING = [
    why
    for why, there in (
        (NO_RTPENGINE, RTPENGINE is not None),
        (NO_KAMAILIO, KAMAILIO is not None),
        (NO_BARESIP, has_baresip()),
    )
    if not there
]
needs_phones_and_rtpengine = pytest.mark.skipif(bool(MISSING), reason="; ".join(MISSING))


@asynccontextmanager
async def real_call(
    folder: Path, voices: Mapping[str, Path], client: RecordingClient
) -> AsyncIterator[dict[str, BaresipPhone]]:
    """A call of two phones through rtpengine, forked by ``client``. The phones, and ``voices``, their recordings, are
    by role."""
    account = f"<sip:{{}}@{LOOPBACK}>;regint=0;audio_codecs=pcmu;answermode=auto"
    source = {role: f"aufile,{voice}" for role, voice in voices.items()}
    async with (
        rtpengine_running(folder, LOOPBACK, ENGINE_PORTS) as engine,
        baresip(folder / "a", account.format("agent"), source=source["agent"]) as agent,
    ):
        replaced = {"BOT": str(agent.port), "ENGINE": str(engine.port)}
        with kamailio_running(folder, "rtpengine.cfg", replaced) as proxy:
            async with baresip(folder / "c", account.format("caller"), source=source["caller"]) as caller:
                caller.tell("dial", f"sip:agent@{LOOPBACK}:{proxy}")
                await caller.hears_of("CALL_ESTABLISHED")
                fork = Fork(engine, caller)
                headers = ["Require: siprec", "Content-Type: multipart/mixed;boundary=b"]
                response = await client.send(client.within("INVITE", headers, fork.body()))
                assert response.status == 200
                fork.answered(response.body)
                yield {"caller": caller, "agent": agent}


@needs_phones_and_rtpengine
async def test_of_a_real_call_each_voice_is_heard_in_its_role(clock: MediaClock, tmp_path: Path) -> None:
    voices = {role: tone(tmp_path / role, hertz) for role, hertz in PITCHES.items()}
    async with desk(clock, AGENTS) as (ours, client), real_call(tmp_path, voices, client) as phones:
        listener = ours.listener
        await check_voices(listener)
        assert all(one.lost == 0 and one.packets_sent == 0 for one in listener.call.quality())
        phones["caller"].tell("hangup")
        await client.bye()
        assert listener.ends == ["client"]


def spoken(path: Path, *said: ApologyKind) -> Path:
    """Sentences that lie in the package, then silence for longer than the call."""
    voice = [PCMU.decode(apology(one, PCMU)).astype(np.int16) for one in said]
    write_wav(path, np.concatenate((*voice, np.zeros(10 * 60 * 8_000, np.int16))))
    return path


@needs_phones_and_rtpengine
async def test_of_a_real_call_the_agent_sees_what_each_has_said(tmp_path: Path) -> None:
    """Nobody speaks before the call is watched; then both do, at the same time."""
    silent = spoken(tmp_path / "silent")
    settings = {"siprec__numbers": '["desk"]', "siprec__agents": '["@desk.example.net"]', "console__token": TOKEN}
    with running(tmp_path / "product", **settings) as product:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as http,
            RecordingClient((LOOPBACK, product.port)) as client,
            real_call(tmp_path, dict.fromkeys(SAID, silent), client) as phones,
        ):
            viewer = Viewer(http, product.console, "7001")
            watching = asyncio.create_task(viewer.watch())
            await until(lambda: viewer.events)
            for role, phone in phones.items():
                phone.tell("ausrc", f"aufile,{spoken(tmp_path / role, SAID[role])}")
            with contextlib.suppress(TimeoutError):  # what is missing is shown below
                await until(lambda: not wrong_words(lines(viewer)), RECOGNITION_S)
            assert wrong_words(lines(viewer)) == {}
            watching.cancel()
            await client.bye()
            record = await product.record(f"recorded-{client.port}")
    assert wrong_words(record["transcript"]) == {}
    assert {party["Address"] for party in record["parties"]} == {AORS["caller"], AORS["agent"]}


def lines(viewer: Viewer) -> list[Mapping[str, Any]]:
    """The final ones."""
    events = (event for _, event in viewer.events)
    return [event for event in events if event["EventType"] == "Utterance" and not event["IsPartial"]]


def wrong_words(transcript: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What each role is said to have said, where it differs from what it did say by more than the recogniser's
    error."""
    heard: dict[str, list[str]] = {_ROLES[role]: [] for role in SAID}
    for line in transcript:
        heard.setdefault(line["ParticipantRole"], []).extend(words(line["Content"]))
    expected = {_ROLES[role]: words(APOLOGY_TEXTS[name]) for role, name in SAID.items()}
    return {role: " ".join(one) for role, one in heard.items() if differing(expected.get(role, []), one) > MOST_WRONG}


def differing(expected: list[str], heard: list[str]) -> int:
    """How many words are missing, added or others (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(expected, 1):
        above, row[0] = row[:], number
        for at, other in enumerate(heard, 1):
            row[at] = min(above[at] + 1, row[at - 1] + 1, above[at - 1] + (word != other))
    return row[-1]


@pytest.mark.skipif(SIPP is None, reason=NO_SIPP)
async def test_a_client_that_signals_all_there_is_gets_what_it_expects(clock: MediaClock) -> None:
    async with desk(clock) as (ours, _client):
        port = ours.front.endpoint.port
        scenario = SCENARIOS / "recording_client.xml"
        media, _ = free_ports(8)
        calling = asyncio.ensure_future(run_sipp(port, "-sf", str(scenario), "-mp", str(media), callee="desk"))
        another = {0: ("Ada Caller", "caller", True), 1: ("Cy Agent", "agent", True)}
        await until(lambda: calling.done() or (ours.listeners and ours.listener.who == another))
        listener = ours.listener
        assert await listener.call.pause() and await listener.call.resume()
        await calling
        assert listener.ends == ["client"]
        names = [{number: name for number, (name, _, _) in who.items()} for who in map(listener.who_in, listener.told)]
        assert names[0] == {0: "Ada Caller", 1: "Bo Agent"} and names[-1] == {0: "Ada Caller", 1: "Cy Agent"}
        assert [one.active for one in listener.told[-1].streams] == [False, False], "held at last"


@pytest.fixture(scope="session")
def pjsip() -> Path:
    """The interpreter with PJSIP, which is under the GPL and runs in a process of its own."""
    return interpreter("pjsip", "pjsua2-python==2.15.1.post1")


async def test_pjsip_as_a_client_locks_one_codec_and_is_heard(clock: MediaClock, pjsip: Path) -> None:
    """Its metadata comes first, and an UPDATE with one codec right after our answer."""
    async with desk(clock, AGENTS) as (ours, client):
        process = await asyncio.create_subprocess_exec(
            *(pjsip, Path(__file__).parent / "pjsip_recording_client.py", f"{LOOPBACK}:{client.server[1]}"),
            stdin=asyncio.subprocess.PIPE,
            env=without_our_path(),
        )
        try:
            await until(lambda: process.returncode is not None or ours.listeners)
            await check_voices(ours.listener)
            assert await ours.listener.call.pause()
            frames = ours.listener.frames
            assert await ours.listener.call.resume()
            await until(lambda: ours.listener.frames > frames + 20)
            assert process.stdin is not None
            process.stdin.close()
            await until(lambda: ours.listener.ends == ["client"])
            async with asyncio.timeout(20):
                assert await process.wait() == 0
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
