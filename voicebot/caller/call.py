"""Places a call: dials over SIP, follows the script on the leg (`following`), and hangs up.

A :class:`Phone` is what calls share: the SIP socket, the media clock, the ports and the synthesised utterances. A
single call has one of its own; `load` uses one for all calls.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType

from voicebot.address import Address
from voicebot.audio.codecs import prepare
from voicebot.caller.conversation import ScriptedCall
from voicebot.caller.following import follow
from voicebot.caller.options import CallOptions
from voicebot.caller.report import CallReport, TranscriptLine
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

logger = logging.getLogger(__name__)


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
        return await follow(
            str(to),
            script,
            audio,
            lambda sink: self._dial(to, sink, options),
            options,
            form=options.codec.audio,
            codec=options.codec.name,
            on_line=on_line,
        )

    async def _dial(self, to: Address, scripted: ScriptedCall, options: CallOptions) -> OutgoingSipLeg:
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
            if why is not None and (why.outcome, why.status) == (NotReached.UNREACHABLE, 408):
                raise LegClosed(nobody_there(to, loop.time() - invited)) from closed
            raise
        except PortsExhausted as error:
            raise CallNotTried("no free RTP port; widen the range or place fewer calls at a time") from error
        except OSError as error:
            raise CallNotTried(f"no socket for the call: {error}") from error
        except ValueError as error:
            raise CallNotTried(f"{to} cannot be called: {error}") from error
        leg.on_transfer_asked = lambda target: _accept_transfer(leg, scripted, target, options.transfer_status)
        return leg


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
