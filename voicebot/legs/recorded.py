"""A call between people that we listen to: what every front end that gets such calls offers, and what it delivers to.

Unlike a :class:`~voicebot.legs.Leg`, it has several streams that only come in, one for each party, and nothing is ever
sent. The parties, and who of them speaks in which stream, may change at any time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from voicebot.audio import AudioFormat
from voicebot.events.parties import Party
from voicebot.rtp import MediaQuality

EndReason = Literal["client", "agent", "expired", "error"]
"""``client``: the recording client ended it. ``agent``: we did (:meth:`RecordedCall.hang_up`). ``expired``: the client
has vanished."""


@dataclass(frozen=True, slots=True)
class RecordedStream:
    """``number``: of its m-line, from 0; streams may come and go, and one with a number may come again. ``party``: the
    key of who speaks in it, who may be a party of whom nothing else is known; empty if several do. ``active``: whether
    audio is to be expected: not on hold, not paused."""

    number: int
    audio: AudioFormat
    label: str = ""
    party: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class RecordedInfo:
    """``called``: the number or user that the recording session was for. ``session_id``: the communication session's by
    its metadata, or empty. ``user_to_user`` and ``headers``: what
    may bring back the id of a call that we have had before (RFC 7433, X- headers, extension data)."""

    call_id: str
    trunk: str
    parties: tuple[Party, ...] = ()
    streams: tuple[RecordedStream, ...] = ()
    called: str = ""
    session_id: str = ""
    user_to_user: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict, hash=False)
    remote_address: str = ""
    front_end: str = "siprec"


class RecordedSink(Protocol):
    """All times are ``loop.time()`` seconds; everything comes on the event loop, nothing after ``ended``."""

    def frame(self, stream: int, payload: bytes, at: float) -> None:
        """20 ms of a stream in its format, in order; losses are concealed, and what a client leaves out is silence. A
        stream that is not active brings nothing."""

    def changed(self, info: RecordedInfo, at: float) -> None:
        """Parties, streams or who speaks in which of them are different now."""

    def ended(self, reason: EndReason, at: float) -> None:
        """The recording session is over. Once, whoever ended it."""


class RecordedCall(Protocol):
    @property
    def info(self) -> RecordedInfo: ...

    def connect(self, sink: RecordedSink) -> None:
        """Set the sink. Called once, when the call is taken; frames from then on. The client has been answered, or is
        at once."""

    async def pause(self) -> bool:
        """Have the audio stopped at its source (our offer of ``inactive``). False: the client does not do that; then no
        frame is delivered until :meth:`resume` all the same."""

    async def resume(self) -> bool: ...

    async def hang_up(self) -> None: ...

    def quality(self) -> tuple[MediaQuality, ...]:
        """The media figures of each stream."""
