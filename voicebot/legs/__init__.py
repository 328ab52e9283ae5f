"""A call's connection to the telephone side: the :class:`Leg` protocol, and one module for each front end.

Rules that hold here:

* A leg carries G.711 payloads unchanged, and other codecs as 16 kHz samples. It only carries and reports; decisions are
  made in `turns`.
* A leg calls its sink from the event loop, never from another thread, and never after ``ended``.
* ``ended`` is called exactly once for every leg that was connected, whichever side hung up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from voicebot.address import Address, Domain
from voicebot.audio import AudioFormat
from voicebot.events import Event, TransferEnded
from voicebot.rtp import MediaQuality, Playout


class LegClosed(Exception):
    """The leg ended (CANCEL, BYE, transport) before the operation was complete."""


class NoRoom(Exception):
    """A call cannot be placed at the moment. The text says why."""


class Claim(Protocol):
    """A place for one call, among those that several call processes share. ``id``: the same at each of them."""

    id: str

    def release(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LegInfo:
    """Who calls whom, and how. ``caller``/``callee``: user parts or numbers; URIs are complete."""

    call_id: str
    caller: str
    callee: str
    audio: AudioFormat
    """The format of the frames between the leg and everything above it, for the whole call."""
    codec: str = ""
    """The codec agreed at the start (``PCMU``, ``G722``, ...); empty if it is the name of the format."""
    caller_uri: str = ""
    callee_uri: str = ""
    domain: Domain | None = None
    """The SIP domain for numbers that the other side is asked to call: its trunk's, or that of the URI that we called;
    None if the call came through no trunk. Never taken from a caller's headers."""
    display_name: str = ""
    remote_address: str = ""
    trunk: str = ""
    """The name of the call's trunk or account; empty if it has none."""
    direction: Literal["inbound", "outbound"] = "inbound"
    front_end: str = "sip"
    """The front end that made the leg: ``sip``, ``pyvoip``."""
    headers: dict[str, str] = field(default_factory=dict, hash=False)


class LegSink(Protocol):
    """The interface to which a leg delivers. All times are ``loop.time()`` seconds."""

    def frame(self, payload: bytes, at: float) -> None:
        """20 ms of the other side's audio in the leg's format, in order and without holes: losses are concealed."""

    def sent(self, payload: bytes, at: float) -> None:
        """The 20 ms that were just sent (silence included)."""

    def key(self, key: str, at: float) -> None:
        """A keypad key, once for each press."""

    def fact(self, event: Event) -> None:
        """Other events of the leg: ringing, early media, no answer; hold and its end."""

    def ended(self, reason: str, at: float) -> None:
        """The leg has ended (see :class:`~voicebot.events.LegEnded`); nothing follows."""


@runtime_checkable
class Keepable(Protocol):
    """A leg whose call another process can go on with."""

    def kept(self) -> dict[str, Any] | None:
        """What it needs for that, as JSON; None if it could not now."""

    def give_up(self) -> None:
        """Another process has the call: it ends here, and the other side is not told."""


class RecordingRefused(Exception):
    """The platform does not do what was wanted of a recording. The text says why."""


class Recorder(Protocol):
    """Of one call, which its platform records in our place, and keeps the recordings. ``recording``: its id of one.

    All raise :class:`RecordingRefused`."""

    async def start(self) -> str:
        """Begin a recording, as soon as the call is up. Returns its id. Raises :class:`LegClosed`: it has ended."""

    async def pause(self, recording: str) -> None: ...

    async def resume(self, recording: str) -> None: ...

    async def stop(self, recording: str) -> None:
        """End it. One that has ended is no error: it does with its call."""


@runtime_checkable
class Recordable(Protocol):
    """A leg whose platform may record the call in our place."""

    @property
    def recorder(self) -> Recorder | None:
        """None: it does not."""


class Leg(Protocol):
    """One call's connection, incoming or outgoing, answered or not yet."""

    @property
    def info(self) -> LegInfo: ...

    @property
    def playout(self) -> Playout:
        """The audio to send; silence is sent while it is empty."""

    @property
    def audible(self) -> bool:
        """Whether audio can be sent. Before the other side has sent anything, only a limited amount can be."""

    def connect(self, sink: LegSink) -> None:
        """Set the sink. Called once, before anything else."""

    def ring(self) -> None:
        """Tell the caller that we are ringing (180). No effect on an outgoing call."""

    def early_media(self) -> bool:
        """Let the caller hear us before we answer (183). False: not possible, so it rings instead."""

    def hold(self, on: bool) -> None:
        """Put the other side on hold or end that. On hold it hears what we play, and its audio is not delivered."""

    async def answer(self) -> None:
        """Answer an incoming call, or wait until an outgoing one is answered. Returns when media may flow.

        Raises :class:`LegClosed` if the caller gave up first, or nobody answered.
        """

    def reject(self, status: int, reason: str, retry_after_s: int | None = None) -> None:
        """Refuse an unanswered call with a SIP status (486, 488, 503, ...)."""

    async def transfer(
        self, target: Address, headers: Mapping[str, str] | None = None, replaces: Leg | None = None
    ) -> TransferEnded:
        """Transfer the other side to ``target``. Returns when the outcome is known, or the deadline has passed.

        ``target``: with a domain, or a tel URI. ``headers``: SIP headers for the target, if the front end can send any.
        ``replaces``: our own call with the target, made by the same front end, for an attended transfer; without it the
        transfer is blind.
        """

    async def hang_up(self) -> None:
        """End the call from our side. No effect if it has ended."""

    def send_keys(self, keys: str) -> None:
        """Send keypad keys towards the other side (RFC 4733)."""

    def quality(self) -> MediaQuality:
        """The media figures so far (loss, jitter, round trip, ...)."""
