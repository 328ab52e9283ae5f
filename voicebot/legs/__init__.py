"""How a caller reaches us: the :class:`Leg` protocol, and one module for each front end.

Rules that hold here:

* A leg carries G.711 payloads as they are, and other codecs as 16 kHz samples; it never decides. Whose turn it is, is
  `turns`' affair.
* A leg calls its sink from the event loop, never from another thread, and never after ``ended``.
* ``ended`` is called exactly once for every leg that was connected, whoever hung up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from voicebot.address import Address, Domain
from voicebot.audio import AudioFormat
from voicebot.events import Event, TransferEnded
from voicebot.rtp import MediaQuality, Playout


class LegClosed(Exception):
    """The leg ended (CANCEL, BYE, transport) while something was asked of it."""


class NoRoom(Exception):
    """A call cannot be placed now. The text says why."""


@dataclass(frozen=True, slots=True)
class LegInfo:
    """Who calls whom, and how. ``caller``/``callee`` are the user parts or numbers; URIs are complete."""

    call_id: str
    caller: str
    callee: str
    audio: AudioFormat
    """What the frames between the leg and everything above it are, for the whole call."""
    codec: str = ""
    """What was agreed for the wire at the start (``PCMU``, ``G722``, ...); empty where it is the format's own name."""
    caller_uri: str = ""
    callee_uri: str = ""
    domain: Domain | None = None
    """The other side's SIP domain, where bare numbers are that it is to call; None where it has none."""
    display_name: str = ""
    remote_address: str = ""
    trunk: str = ""
    """The name of the trunk or account that the call came or goes by; empty where none is set."""
    direction: Literal["inbound", "outbound"] = "inbound"
    front_end: str = "sip"
    """How the caller reached us: ``sip``, ``pyvoip``."""
    headers: dict[str, str] = field(default_factory=dict, hash=False)


class LegSink(Protocol):
    """Where a leg delivers. All times are ``loop.time()`` seconds."""

    def frame(self, payload: bytes, at: float) -> None:
        """20 ms of the caller's audio in the leg's format, in order, without holes: lost frames are concealed."""

    def sent(self, payload: bytes, at: float) -> None:
        """The 20 ms that just left towards the caller (silence included)."""

    def key(self, key: str, at: float) -> None:
        """One keypad key, once a press."""

    def fact(self, event: Event) -> None:
        """What else became known of the leg: ringing, early media, no answer; hold and its end."""

    def ended(self, reason: str, at: float) -> None:
        """The leg is gone; nothing follows."""


class Leg(Protocol):
    """One caller's connection, incoming or outgoing, answered or not yet."""

    @property
    def info(self) -> LegInfo: ...

    @property
    def playout(self) -> Playout:
        """What is to be sent; silence is sent when it is empty."""

    @property
    def audible(self) -> bool:
        """Whether what is played leaves. Not for long before the answer, where the other side sends nothing itself."""

    def connect(self, sink: LegSink) -> None:
        """Say where audio, keys and the end are to be delivered. Called once, before anything else."""

    def ring(self) -> None:
        """Tell the caller that we are alerting (180). Nothing, where we call."""

    def early_media(self) -> bool:
        """Let what we play be heard before we answer (183). False where only ringing is possible: it rings then."""

    def hold(self, on: bool) -> None:
        """Put the other side on hold or take it off: on hold it hears what we play, and we do not hear it."""

    async def answer(self) -> None:
        """Answer, or where we call: wait for the answer. Returns when media may flow.

        Raises :class:`LegClosed` when the caller gave up first, or nobody answered.
        """

    def reject(self, status: int, reason: str, retry_after_s: int | None = None) -> None:
        """Refuse an unanswered call with a SIP status (486, 488, 503, ...)."""

    async def transfer(
        self, target: Address, headers: Mapping[str, str] | None = None, replaces: Leg | None = None
    ) -> TransferEnded:
        """Hand the caller to ``target``; returns when the outcome is known or the deadline has passed.

        ``target`` has a domain, or is a tel URI. ``headers``: SIP headers for the next party, where the front end can
        send any. ``replaces``: our own call with the target, made by the same front end, which the caller is to take
        over (attended); else it is blind.
        """

    async def hang_up(self) -> None:
        """End the call from our side; harmless when it has ended already."""

    def send_keys(self, keys: str) -> None:
        """Send keypad keys towards the other side (RFC 4733)."""

    def quality(self) -> MediaQuality:
        """Media figures so far (loss, jitter, round trip, ...)."""
