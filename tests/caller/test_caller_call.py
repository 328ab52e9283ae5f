"""Real calls over loopback sockets, to an answerer of a few lines that beeps. Nothing here asserts on speed."""

from __future__ import annotations

import asyncio
import socket
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from free_port import free_ports
from waiting import until

from voicebot.address import Address
from voicebot.audio import PCMU, g711
from voicebot.caller import CallNotTried, CallOptions, TranscriptLine, parse_script, place_call, place_many
from voicebot.caller.call import local_host
from voicebot.caller.ear import level_dbfs
from voicebot.certificate import self_signed_pem
from voicebot.events import Event
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_incoming import IncomingSipLeg
from voicebot.legs.sip_media import MediaOptions
from voicebot.rtp import Clip, MediaClock, PortRange
from voicebot.sip import ListenAt, SipEndpoint, TlsOptions

REPLY_AFTER = 15
"""Frames of silence after which the answerer replies: 300 ms."""


def beep(seconds: float) -> bytes:
    return g711.encode((np.sin(np.arange(round(seconds * 8000)) * 0.4) * 6000).astype(np.int16), "PCMU")


class Beeper:
    """Answers, greets with a beep, stops when it is talked over or a key comes, and beeps when the caller is done."""

    def __init__(
        self, leg: IncomingSipLeg, *, reply_s: float, replies: int, at_end: Callable[[IncomingSipLeg], object] | None
    ) -> None:
        self.leg, self.reply_s, self.replies, self.at_end = leg, reply_s, replies, at_end
        self.keys = ""
        self.reason = ""
        self._voiced = 0
        self._quiet = 0
        self._number = 0
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        self.leg.connect(self)
        await self.leg.answer()
        self.play(0.3)

    def play(self, seconds: float) -> None:
        self._number += 1
        clip = Clip(self._number, PCMU)
        clip.feed(beep(seconds))
        clip.finish()
        self.leg.playout.append(clip)

    def frame(self, payload: bytes, at: float) -> None:
        if level_dbfs(payload, PCMU) > -45:
            self._voiced, self._quiet = self._voiced + 1, 0
            if self._voiced == 5:
                self.leg.playout.clear()
            return
        self._quiet += 1
        if self._voiced >= 5 and self._quiet == REPLY_AFTER:
            self._voiced = 0
            self.reply()

    def reply(self) -> None:
        self.replies -= 1
        if self.replies < 0:
            return
        if self.replies == 0 and self.at_end is not None:
            self.play(0.2)
            asyncio.get_running_loop().call_later(0.3, self.at_end, self.leg)
        else:
            self.play(self.reply_s)

    def sent(self, payload: bytes, at: float) -> None:
        pass

    def key(self, key: str, at: float) -> None:
        self.leg.playout.clear()
        self.keys += key
        if key == "#":
            self.reply()

    def fact(self, event: Event) -> None:
        pass

    def ended(self, reason: str, at: float) -> None:
        self.reason = reason


@asynccontextmanager
async def answerer(
    *,
    reply_s: float = 0.4,
    replies: int = 100,
    at_end: Callable[[IncomingSipLeg], object] | None = None,
    limit: int = 100,
    endpoint: SipEndpoint | None = None,
) -> AsyncIterator[tuple[str, list[Beeper]]]:
    clock = MediaClock()
    clock.start()
    beepers: list[Beeper] = []
    front = SipFrontEnd(
        endpoint or SipEndpoint(ListenAt(port=0)),
        lambda leg: beepers.append(Beeper(leg, reply_s=reply_s, replies=replies, at_end=at_end)),
        MediaOptions(clock, PortRange(*free_ports(), host="127.0.0.1")),
        limit=limit,
    )
    await front.start()
    try:
        yield f"sip:bot@127.0.0.1:{front.endpoint.port}", beepers
    finally:
        for beeper in beepers:
            await beeper.task
        await front.close()
        await clock.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an utterance of 300 ms, and one of 2 s, between silences of 60 and 100 ms."""
    for name, seconds in {"hello.wav": 0.3, "story.wav": 2.0}.items():
        audio = PCMU.frame_of_silence * 3 + beep(seconds) + PCMU.frame_of_silence * 5
        with wave.open(str(tmp_path / name), "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(2)
            wav.setframerate(8000)
            wav.writeframes(g711.decode(audio, "PCMU").astype("<i2").tobytes())
    return tmp_path


async def test_a_whole_script_is_followed_and_measured(folder: Path) -> None:
    script = parse_script(
        """
        quiet_s: 0.5
        deadline_s: 5
        steps:
          - listen:
          - wav: hello.wav
          - wav: hello.wav
          - barge_in: {after_s: 0.2, wav: hello.wav}
          - keys: "12#"
          - expect_end: hangup
        """,
        folder=folder,
    )
    lines: list[TranscriptLine] = []
    async with answerer(reply_s=1.0, replies=4, at_end=lambda leg: asyncio.ensure_future(leg.hang_up())) as (uri, bots):
        report = await place_call(Address.parse(uri), script, CallOptions(keep_audio=True), on_line=lines.append)

    assert report.outcome == "completed", report.reason
    assert report.ended_by == "bot"
    assert bots[0].keys == "12#"
    assert [line.text for line in lines] == ["hello", "hello", "hello", "[12#]"]
    listen, first, second, over, keys = report.turns
    assert listen.answer_s is not None and listen.gap_ms is None
    for turn in (first, over):
        # 15 frames of silence and one to the next tick, on top of what the machine adds
        assert turn.gap_ms is not None and 290 <= turn.gap_ms < 2000
    assert second.answer_s is not None and over.onset_s is not None and over.onset_s > second.answer_s
    assert over.barge_in_ms is not None and 60 <= over.barge_in_ms < 1000
    assert keys.key_to_silence_ms is None and keys.gap_ms is not None
    figures = report.figures
    assert figures.answer_ms is not None and figures.greeting_ms is not None and figures.greeting_ms > -20
    assert len(figures.barge_ins_ms) == 1 and len(figures.key_gaps_ms) == 1 and figures.packets > 100
    assert report.quality is not None and report.quality.packets_received > 100

    assert figures.false_barge_ins == 0

    assert report.audio is not None
    await asyncio.to_thread(report.audio.write, folder / "call.wav")
    with wave.open(str(folder / "call.wav")) as wav:
        assert wav.getnchannels() == 2 and wav.getnframes() > 8000
    assert report.as_dict()["figures"]["gap_ms"]["count"] == 3


@pytest.mark.parametrize("replies", [1, 2])
async def test_a_prompt_that_does_not_go_on_after_what_is_no_interruption_is_counted(
    folder: Path, replies: int
) -> None:
    over = "{barge_in: {after_s: 0.2, wav: hello.wav, interrupts: false}}"
    text = f"quiet_s: 0.5\nsteps: [{{listen: }}, {{wav: hello.wav}}, {over}]"
    async with answerer(reply_s=1.0, replies=replies) as (uri, _):
        report = await place_call(Address.parse(uri), parse_script(text, folder=folder), CallOptions())
    assert report.outcome == "completed", report.reason
    turn = report.turns[-1]
    assert turn.went_on is (replies > 1)
    assert turn.barge_in_ms is None and turn.gap_ms is None
    assert report.figures.false_barge_ins == (replies == 1)


async def test_a_transfer_is_answered_as_a_phone_does(folder: Path) -> None:
    outcomes: list[object] = []

    async def transfer(leg: IncomingSipLeg) -> None:
        outcomes.append(await leg.transfer(Address.parse("sip:agent@127.0.0.1")))

    script = parse_script(
        "quiet_s: 0.5\nsteps:\n - listen:\n - wav: hello.wav\n - expect_end: transfer\n   target: agent@\n",
        folder=folder,
    )
    async with answerer(replies=1, at_end=lambda leg: asyncio.ensure_future(transfer(leg))) as (uri, bots):
        report = await place_call(Address.parse(uri), script)
    assert report.outcome == "completed", report.reason
    assert report.transfer_target is not None and "agent@127.0.0.1" in report.transfer_target
    assert bots[0].reason == "transfer" and outcomes[0].accepted  # type: ignore[attr-defined]


async def test_a_silent_caller_hears_what_the_bot_says_when_a_transfer_has_failed(folder: Path) -> None:
    outcomes: list[object] = []

    async def transfer(leg: IncomingSipLeg) -> None:
        outcomes.append(await leg.transfer(Address.parse("sip:agent@127.0.0.1")))
        await asyncio.sleep(0.6)
        bots[0].play(0.3)

    script = parse_script("quiet_s: 0.5\nsteps:\n - listen:\n - wav: hello.wav\n - silence:\n", folder=folder)
    async with answerer(replies=1, at_end=lambda leg: asyncio.ensure_future(transfer(leg))) as (uri, bots):
        report = await place_call(Address.parse(uri), script, CallOptions(transfer_status=486))
    assert report.ok, report.reason
    assert (outcomes[0].accepted, outcomes[0].status) == (False, 486)  # type: ignore[attr-defined]
    _, said, silent = report.turns
    assert said.answer_end_s is not None and silent.answer_s is not None and silent.answer_s > said.answer_end_s
    assert silent.onset_s is not None and silent.gap_ms is None


async def test_what_does_not_come_fails_the_step_with_its_line(folder: Path) -> None:
    script = parse_script(
        "quiet_s: 0.5\nsteps:\n - listen:\n - expect_end: hangup\n   deadline_s: 0.3\n",
        source="call.yaml",
        folder=folder,
    )
    async with answerer() as (uri, bots):
        report = await place_call(Address.parse(uri), script)
        await until(lambda: bots[0].reason)
        assert bots[0].reason == "caller", "the call is hung up all the same"
    assert (report.outcome, report.reason) == ("failed", "call.yaml:4: the bot does not hang up within 0.3 s")
    assert report.ended_by == "caller"


async def test_a_hang_up_in_the_middle_fails_the_step(folder: Path) -> None:
    # Long enough to be heard where a busy machine lets packets come too late.
    steps = "steps:\n" + " - wav: story.wav\n" * 15
    script = parse_script(f"quiet_s: 0.5\ndeadline_s: 60\n{steps}", folder=folder)
    async with answerer(replies=1, at_end=lambda leg: asyncio.ensure_future(leg.hang_up())) as (uri, _):
        report = await place_call(Address.parse(uri), script)
    assert report.outcome == "failed" and "the call ended" in report.reason and report.ended_by == "bot"


async def test_a_refused_call_is_a_report(folder: Path) -> None:
    script = parse_script("steps:\n - listen:\n")
    async with answerer(limit=0) as (uri, _):
        report = await place_call(Address.parse(uri), script)
    assert report.outcome == "refused" and not report.turns
    assert report.as_dict()["outcome"] == "refused"


async def test_where_nobody_listens_the_report_comes_at_once_and_says_where_it_tried(folder: Path) -> None:
    script = parse_script("steps: [{wav: hello.wav, wait: false}]", folder=folder)
    report = await place_call(Address.parse("sip:bot@127.0.0.1:9"), script, CallOptions(response_timeout_s=30))
    assert report.outcome == "refused"
    assert "nothing responds at UDP 127.0.0.1:9" in report.reason


async def test_a_silent_port_is_given_up_after_a_few_seconds(folder: Path) -> None:
    script = parse_script("steps: [{wav: hello.wav, wait: false}]", folder=folder)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        uri = f"sip:bot@127.0.0.1:{silent.getsockname()[1]}"
        report = await place_call(Address.parse(uri), script, CallOptions(response_timeout_s=0.2))
    assert "is the service running there?" in report.reason


@pytest.mark.parametrize("trusted", [True, False])
async def test_over_tls_whom_to_trust_is_an_option(folder: Path, trusted: bool) -> None:
    script = parse_script("steps: [{wav: hello.wav, wait: false}]", folder=folder)
    pem = folder / "own.pem"
    pem.write_bytes(self_signed_pem("127.0.0.1"))
    tls = SipEndpoint(ListenAt("TLS", "127.0.0.1", 0), tls=TlsOptions(certificate=pem))
    async with answerer(endpoint=tls) as (uri, _):
        options = CallOptions(ca_file=pem if trusted else None)
        report = await place_call(Address.parse(f"{uri};transport=tls"), script, options)
    assert (report.outcome == "completed") is trusted, report.reason
    assert trusted or "--ca" in report.reason


async def test_many_calls_share_a_phone_and_none_is_lost(folder: Path) -> None:
    script = parse_script("quiet_s: 0.5\nsteps:\n - listen:\n - wav: hello.wav\n", folder=folder)
    seen: list[str] = []
    async with answerer() as (uri, bots):
        report = await place_many(
            Address.parse(uri),
            script,
            calls=5,
            concurrency=3,
            ramp_s=0.1,
            on_call=lambda call: seen.append(call.call_id),
        )
    assert report.ok, report.as_dict()
    assert len(set(seen)) == len(bots) == 5 and report.peak <= 3
    assert report.as_dict()["figures"]["gap_ms"]["count"] == 5


@pytest.mark.parametrize(
    ("steps", "options", "problem"),
    [
        (" - say: hello\n", CallOptions(), "script:3: no speech service for `say`"),
        (" - listen:\n   expect: hi\n", CallOptions(), "`expect` needs a speech service"),
        (" - listen:\n   expect: hi\n", CallOptions(transcribe=False), "`expect` needs transcription"),
        (" - wav: quiet.wav\n", CallOptions(), "nothing is audible"),
        (" - wav: broken.wav\n", CallOptions(), "broken.wav is not a WAV file"),
    ],
)
async def test_a_call_that_cannot_be_tried_says_what_to_change(
    tmp_path: Path, steps: str, options: CallOptions, problem: str
) -> None:
    (tmp_path / "broken.wav").write_bytes(b"no")
    with wave.open(str(tmp_path / "quiet.wav"), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(bytes(16000))
    with pytest.raises(CallNotTried) as caught:
        await place_call(
            Address.parse("sip:bot@127.0.0.1:9"),
            parse_script("deadline_s: 1\nsteps:\n" + steps, folder=tmp_path),
            options,
        )
    assert problem in str(caught.value)


async def test_a_number_without_a_domain_is_told() -> None:
    with pytest.raises(CallNotTried, match="7001 cannot be called: 7001 has no domain"):
        await place_call(Address.parse("7001"), parse_script("steps:\n - listen:\n"))


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("sip:bot@127.0.0.1:5060", "127.0.0.1"),
        ("sip:localhost", "127.0.0.1"),
        ("sip:bot@127.9.9.9;transport=udp", "127.0.0.1"),
        ("sip:bot@192.0.2.1", "0.0.0.0"),
        ("sip:bot@example.com", "0.0.0.0"),
        ("7001", "0.0.0.0"),
    ],
)
def test_the_local_address_suits_the_one_that_is_called(uri: str, host: str) -> None:
    assert local_host(Address.parse(uri)) == host
