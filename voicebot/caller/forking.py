"""Plays a call between two people to a recording server, as an SBC that forks it would.

The two talk on whatever the server wants to hear: what is said while it has paused is lost to it, as in a real call.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape

import soxr

from voicebot.address import Address, Domain
from voicebot.audio import PCMU, AudioFormat
from voicebot.audio.codecs import CODECS
from voicebot.caller.two_people import Line, Person, TwoPeople, Wait
from voicebot.caller.voice import CallNotTried, Saying, Voice
from voicebot.events.parties import Party, Role
from voicebot.legs import LegClosed
from voicebot.legs.sip_media import MediaOptions, MediaPreferences
from voicebot.legs.siprec_client import ForkedCall, fork
from voicebot.rtp import Clip, MediaClock, PortRange, PortsExhausted
from voicebot.sip import AgentOptions, ListenAt, SipEndpoint
from voicebot.speech import EndpointSource

DOMAIN: Final = Domain.parse("people.example")
"""Of the two, who are nowhere."""
TURN_S: Final = 0.7
"""Between two sayings."""
UNTIL_DEADLINE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class ForkOptions:
    """``speech``: synthesises what the two say; None if there are only recordings. ``host``: the local address."""

    speech: EndpointSource | None = None
    host: str = "127.0.0.1"
    rtp_ports: tuple[int, int] = (42_000, 49_998)


@dataclass(slots=True)
class ForkReport:
    """``pauses``: how often the server has asked us to send nothing. ``missed``: what we have waited for in vain.
    ``cut_off``: whether the server has ended the call before the script was over."""

    call_id: str = ""
    pauses: int = 0
    missed: list[str] = field(default_factory=list)
    cut_off: bool = False


async def fork_call(to: Address, script: TwoPeople, options: ForkOptions) -> ForkReport:
    """Fork a call of ``script`` to the recording server ``to``. Raises :class:`CallNotTried`."""
    voice = Voice(options.speech)
    try:
        audio = {line.line: await _audio(voice, script, line) for line in script.lines}
    finally:
        await voice.close()
    clock, ports = MediaClock(), PortRange(*options.rtp_ports, host=options.host)
    endpoint = SipEndpoint(ListenAt("UDP", options.host, 0), options=AgentOptions(name="voicebot-recording-client"))
    try:
        await endpoint.start()
        clock.start()
        preferences = MediaPreferences(codecs=(CODECS["PCMU"],))
        media = MediaOptions(clock, ports, endpoint.advertised_host, preferences)
        call = await fork(endpoint, media, to, [_party(script.caller, Role.CALLER), _party(script.agent, Role.AGENT)])
        try:
            return await _Talk(call).run(script, audio)
        finally:
            await call.hang_up()
    except LegClosed as closed:
        raise CallNotTried(f"{to} does not take the recording session: {closed}") from closed
    except PortsExhausted as error:
        raise CallNotTried("no free RTP port for the call") from error
    except OSError as error:
        raise CallNotTried(f"no socket for the call: {error}") from error
    finally:
        await endpoint.close()
        await clock.close()


class _Talk:
    """The two people on a forked call."""

    def __init__(self, call: ForkedCall) -> None:
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._speaking: tuple[int, bytes, float] | None = None
        """Who says what now, since when."""
        self._changed = asyncio.Event()
        call.on_wanted = self._wanted

    async def run(self, script: TwoPeople, audio: dict[int, bytes]) -> ForkReport:
        report = ForkReport(self._call.call_id)
        for step in script.steps:
            if self._call.ended.is_set():
                report.cut_off = True
                break
            match step:
                case Line():
                    await self._say(step, audio[step.line])
                case Wait(until=None):
                    await asyncio.sleep(step.seconds)
                case Wait() if not await self._until(step.until == "listening"):
                    report.missed.append(f"{script.source}:{step.line}: until {step.until}")
        report.pauses = self._call.pauses
        return report

    async def _say(self, line: Line, audio: bytes) -> None:
        """It takes as long as it takes, whether anybody listens or not."""
        self._speaking = (0 if line.who == "caller" else 1), audio, self._loop.time()
        if self._call.wanted:
            self._play()
        await asyncio.sleep(len(audio) / PCMU.byte_rate)
        self._speaking = None
        await asyncio.sleep(TURN_S)

    async def _until(self, listening: bool) -> bool:
        """Whether the server wants audio, or none, within a deadline."""
        try:
            async with asyncio.timeout(UNTIL_DEADLINE_S):
                while self._call.wanted is not listening and not self._call.ended.is_set():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return self._call.wanted is listening

    def _wanted(self) -> None:
        """The server wants to hear us again, or no longer: what was said meanwhile is lost."""
        self._changed.set()
        for playout in self._call.playouts:
            playout.clear()
        if self._call.wanted and self._speaking is not None:
            self._play()

    def _play(self) -> None:
        """What is left of what is being said."""
        assert self._speaking is not None
        number, audio, began = self._speaking
        rest = audio[round((self._loop.time() - began) * PCMU.rate) * PCMU.width :]
        clip = Clip(number, PCMU)
        clip.feed(rest)
        clip.finish()
        self._call.playouts[number].append(clip)


def _party(person: Person, role: Role) -> Party:
    return Party(role.value, role, person.name, Address.parse(person.number).at(DOMAIN))


async def _audio(voice: Voice, script: TwoPeople, line: Line) -> bytes:
    """What is said, at the speaker's pitch."""
    person = script.person(line.who)
    text, pitch = line.text, person.pitch if line.wav is None else 1.0
    if pitch != 1.0:
        text = f'<speak><prosody rate="{1 / pitch:.3f}">{escape(line.text)}</prosody></speak>'
    saying = Saying(text, line.wav, person.voice, script.language, f"{script.source}:{line.line}")
    audio = await voice.audio(saying, PCMU)
    return audio if pitch == 1.0 else await asyncio.to_thread(_raised, audio, pitch, PCMU)


def _raised(audio: bytes, pitch: float, form: AudioFormat) -> bytes:
    """``audio`` played ``pitch`` times as fast. Blocks."""
    return form.encode(soxr.resample(form.decode(audio), form.rate * pitch, form.rate))
