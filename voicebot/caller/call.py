"""Places a call: dials over SIP, follows the script on the leg (`conversation`), and hangs up.

A :class:`Phone` is what calls share: the SIP socket, the media clock, the ports and the synthesised utterances. A
single call has one of its own; `load` uses one for all calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final

from voicebot.address import Address
from voicebot.audio.codecs import CODECS, Codec, prepare
from voicebot.caller.conversation import ScriptedCall, StepFailed
from voicebot.caller.ear import Ear
from voicebot.caller.report import CallAudio, CallReport, TranscriptLine
from voicebot.caller.script import CallScript
from voicebot.caller.voice import CallNotTried, Voice
from voicebot.events import NotReached
from voicebot.legs import LegClosed
from voicebot.legs.sip_media import MediaOptions, MediaPreferences
from voicebot.legs.sip_outgoing import OutgoingOptions, OutgoingSipLeg, dial
from voicebot.loopback import is_loopback
from voicebot.rtp import MediaClock, PortRange, PortsExhausted
from voicebot.sip import AgentOptions, ListenAt, SipEndpoint, TlsOptions
from voicebot.sip.hop import DEFAULT_PORTS, bracketed, hop_of
from voicebot.speech import EndpointSource, Recognizer, SpeechUnavailable
from voicebot.speechsdk.in_process import InProcessSdk

logger = logging.getLogger(__name__)

HANG_UP_DEADLINE_S: Final = 5.0
SETTLE_S: Final = 0.5
"""The wait after the script for the transcript of the last words."""


CALLER: Final = Address("caller")


@dataclass(frozen=True, slots=True)
class CallOptions:
    """How calls are placed.

    ``host``: the local address; ``""``: loopback for calls to loopback, else any. ``port``: for SIP; 0: any.
    ``speech``: the caller's own speech service, for ``say`` and ``expect``. ``transcribe``: let it transcribe what the
    bot says (``expect`` needs that). ``keep_audio``: put the audio of both sides into the report. ``max_call_s``: the
    call is hung up after that. ``response_timeout_s``: how long to wait for the first response. ``ca_file``: the
    authorities to trust over TLS; None: the system's. ``transfer_status``: the SIP status with which the target of a
    transfer answers; it is not really called.
    """

    speech: EndpointSource | None = None
    transcribe: bool = True
    host: str = ""
    port: int = 0
    rtp_ports: tuple[int, int] = (42_000, 49_998)
    codec: Codec = CODECS["PCMU"]
    sender: Address = CALLER
    display_name: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    ring_timeout_s: float = 30.0
    response_timeout_s: float = 5.0
    ca_file: Path | None = None
    max_call_s: float = 600.0
    keep_audio: bool = False
    transfer_status: int = 200


class Phone:
    """An ``async with`` block in which calls can be placed, one or many at a time. Raises OSError on entering."""

    def __init__(self, to: Address, options: CallOptions) -> None:
        self.options = options
        host = options.host or local_host(to)
        self._endpoint = SipEndpoint(
            ListenAt("UDP", host, options.port),
            tls=TlsOptions(ca_file=options.ca_file),
            options=AgentOptions(name="voicebot-caller"),
        )
        self._clock = MediaClock()
        self._ports = PortRange(*options.rtp_ports, host=host)
        self._voice = Voice(options.speech)

    async def __aenter__(self) -> Phone:
        prepare([self.options.codec])
        await self._endpoint.start()
        self._clock.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._endpoint.close()
        await self._clock.close()
        await self._voice.close()

    async def prepare(self, script: CallScript) -> dict[int, bytes]:
        """Synthesise what ``script`` says, once for all calls. Returns the audio by the line of the step.

        Raises :class:`CallNotTried`, also if the script expects words and nothing is transcribed.
        """
        if script.expects_words and not self.options.transcribe:
            raise CallNotTried(f"{script.source}: `expect` needs transcription, which is off")
        if script.expects_words and self.options.speech is None:
            raise CallNotTried(f"{script.source}: `expect` needs a speech service of the caller; name one")
        return await self._voice.prepare(script, self.options.codec.audio)

    async def call(
        self,
        to: Address,
        script: CallScript,
        *,
        options: CallOptions | None = None,
        on_line: Callable[[TranscriptLine], None] | None = None,
    ) -> CallReport:
        """Place one call and follow ``script``. A call that is refused or fails gives a report, too.

        ``options``: for this call, instead of the phone's; speech, codec and addresses must be the phone's. Raises
        :class:`CallNotTried` if there is no speech service, no free port, or no domain in the address.
        """
        options = options or self.options
        audio = await self.prepare(script)
        form = options.codec.audio
        report = CallReport(str(to), "refused", "", datetime.now(UTC), codec=options.codec.name)
        if options.keep_audio:
            report.audio = CallAudio(form)
        scripted = ScriptedCall(
            script,
            audio,
            Ear(form, quiet_s=script.quiet_s),
            tracks=report.audio,
            on_line=on_line,
        )
        recognizer: Recognizer | None = None
        if options.speech is not None and options.transcribe:
            recognizer = Recognizer(
                InProcessSdk(),
                options.speech,
                audio=form,
                language=script.language,
                on_event=scripted.recognised,
            )
            scripted.hearing = recognizer.write
        try:
            if recognizer is not None:
                await recognizer.start()
            await self._dial(to, scripted, report, options)
        except SpeechUnavailable as error:
            raise CallNotTried(f"the caller's speech service does not recognise: {error}") from error
        finally:
            if recognizer is not None:
                await recognizer.stop()
        report.lines = scripted.lines
        report.keys_heard = scripted.keys_heard
        report.transfer_target = scripted.transfer_target
        if report.outcome != "refused":
            report.turns = scripted.measure(report.figures)
        return report

    async def _dial(self, to: Address, scripted: ScriptedCall, report: CallReport, options: CallOptions) -> None:
        media = MediaOptions(
            self._clock, self._ports, self._endpoint.advertised_host, MediaPreferences(codecs=(options.codec,))
        )
        outgoing = OutgoingOptions(
            sender=options.sender,
            display_name=options.display_name,
            headers=options.headers,
            ring_timeout_s=options.ring_timeout_s,
            response_timeout_s=options.response_timeout_s,
        )
        loop = asyncio.get_running_loop()
        invited = loop.time()
        try:
            leg = await dial(self._endpoint, media, to, outgoing, sink=scripted)
        except LegClosed as closed:
            why = scripted.not_answered
            silent = why is not None and (why.outcome, why.status) == (NotReached.UNREACHABLE, 408)
            report.reason = nobody_there(to, loop.time() - invited) if silent else str(closed)
            return
        except PortsExhausted as error:
            raise CallNotTried("no free RTP port; widen the range or place fewer calls at a time") from error
        except OSError as error:
            raise CallNotTried(f"no socket for the call: {error}") from error
        except ValueError as error:
            raise CallNotTried(f"{to} cannot be called: {error}") from error
        answered = loop.time()
        report.figures.answer_ms = (answered - invited) * 1000
        report.call_id = leg.info.call_id
        leg.on_transfer_asked = lambda target: _accept_transfer(leg, scripted, target, options.transfer_status)
        try:
            await self._follow(scripted, leg, answered, report, options)
        finally:
            report.quality = leg.quality()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(leg.hang_up(), HANG_UP_DEADLINE_S)
            ended = scripted.ended_at if scripted.ended_at is not None else loop.time()
            report.duration_s = ended - answered
            # a leg calls the other side "caller", which is the bot here
            report.ended_by = {"caller": "bot", "bot": "caller"}.get(scripted.ended_reason, scripted.ended_reason)

    async def _follow(
        self, scripted: ScriptedCall, leg: OutgoingSipLeg, answered: float, report: CallReport, options: CallOptions
    ) -> None:
        report.outcome = "failed"
        try:
            async with asyncio.timeout(options.max_call_s):
                await scripted.run(leg, answered)
        except StepFailed as failure:
            report.reason = str(failure)
            return
        except TimeoutError:
            report.reason = f"the call took longer than {options.max_call_s:g} s"
            return
        report.outcome, report.reason = "completed", "the script reached its end"
        if options.transcribe:
            await asyncio.sleep(SETTLE_S)


async def place_call(
    to: Address,
    script: CallScript,
    options: CallOptions | None = None,
    *,
    on_line: Callable[[TranscriptLine], None] | None = None,
) -> CallReport:
    """Place one call to ``to`` and follow ``script``. ``on_line`` gets the lines of the transcript during the call.

    Raises :class:`CallNotTried`, whose message says what to change.
    """
    try:
        async with Phone(to, options or CallOptions()) as phone:
            return await phone.call(to, script, on_line=on_line)
    except OSError as error:
        raise CallNotTried(f"no socket for the call: {error}") from error


def nobody_there(to: Address, after_s: float) -> str:
    """The reason for a call without any response: where it went, and what to check."""
    hop = hop_of(to.uri)
    assert hop is not None, "it was called"
    where = f"{hop.transport} {bracketed(hop.host)}:{hop.port or DEFAULT_PORTS[hop.transport]}"
    mend = "is the service running there?"
    if hop.transport == "TLS":
        mend = "is the service running there, with a certificate for that name that is trusted (--ca)?"
    return f"nothing responds at {where} (tried for {after_s:.1f} s); {mend}"


def local_host(to: Address) -> str:
    """The local address for calls to ``to``: loopback when it is called on loopback, else any."""
    return "127.0.0.1" if to.domain is not None and is_loopback(to.domain.host.strip("[]")) else "0.0.0.0"


def _accept_transfer(leg: OutgoingSipLeg, scripted: ScriptedCall, target: str, status: int) -> bool:
    """Answer a REFER as a phone does: 202 at once, then the status of the target, which is not really called."""
    scripted.transfer_asked(target)
    asyncio.get_running_loop().call_soon(leg.transfer_result, status, "OK" if status < 300 else "")
    return True
