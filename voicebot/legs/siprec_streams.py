"""The audio streams of a recording session: its offers answered line by line, and our own offers (RFC 3264, RFC 7866).

A recording client sends, and we only receive: ``sendonly`` is answered ``recvonly``, as is no direction at all, and
``inactive`` is answered ``inactive``. Each line is decided anew in each offer. All our codecs in it are accepted, and
the client may change between them. A line that cannot be served is refused by port 0, and the others are served all the
same.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from voicebot.audio.codecs import Codec
from voicebot.legs.recorded import RecordedStream
from voicebot.legs.sip_media import MediaOptions
from voicebot.legs.sip_stream import MediaStream
from voicebot.rtp import MediaQuality, PortsExhausted
from voicebot.sip import AudioAgreement, Media, SessionDescription, offer_answer, sdp
from voicebot.tasks import BackgroundTasks

MAX_STREAMS = 8
"""Of one session; further lines are refused."""
USUAL_STREAMS = 2
"""What we offer where the client leaves the offer to us."""

Deliver = Callable[[int, bytes, float], None]
"""Takes a frame: the number of its line, 20 ms of audio, when it came."""


def _nobody(_stream: int, _payload: bytes, _at: float) -> None:
    """Takes the frames that come after the end."""


class _Sink:
    """The sink of one stream's RTP session. Keys are not passed on: they may be those of a card."""

    __slots__ = ("_deliver", "_number", "on")

    def __init__(self, number: int, deliver: Deliver) -> None:
        self._number = number
        self._deliver = deliver
        self.on = False

    def close(self) -> None:
        self.on = False
        self._deliver = _nobody

    def frame(self, payload: bytes, at: float) -> None:
        if self.on:
            self._deliver(self._number, payload, at)

    def sent(self, payload: bytes, at: float) -> None: ...

    def key(self, key: str, at: float) -> None: ...

    def media_timeout(self, at: float) -> None: ...


@dataclass(slots=True, eq=False)
class _Line:
    """One media line that is served. ``codecs``: that are accepted in it. ``sends``: whether the client sends, by what
    was agreed last."""

    media: MediaStream
    sink: _Sink
    label: str
    codecs: tuple[Codec, ...] = ()
    sends: bool = False


class RecordedStreams:
    """The streams of one session. ``source``: the host that signals. ``deliver`` gets the frames of all streams.
    ``asks``: whether the client is asked to send nothing while we have paused."""

    def __init__(
        self, options: MediaOptions, source: str, deliver: Deliver, tasks: BackgroundTasks, *, asks: bool = True
    ) -> None:
        self._options = replace(options, silence_timeout_s=0)  # a stream may be silent for as long as it likes
        self._source = source
        self._deliver = deliver
        self._tasks = tasks
        self._asks = asks
        self._lines: list[_Line | Media] = []
        """By their number; a refused one as our offers repeat it."""
        self._up = False
        self._session_id = 1 + secrets.randbelow(1 << 31)
        self._version = 0
        self._paused = False

    @property
    def paused(self) -> bool:
        """Whether nothing is delivered, whatever comes."""
        return self._paused

    @paused.setter
    def paused(self, on: bool) -> None:
        self._paused = on
        self._switch()

    @property
    def streams(self) -> tuple[RecordedStream, ...]:
        """What there is now. Who speaks in it is said elsewhere."""
        return tuple(
            RecordedStream(number, line.media.rtp.audio, line.label, active=line.sink.on)
            for number, line in enumerate(self._lines)
            if isinstance(line, _Line)
        )

    @property
    def sent(self) -> bool:
        """Whether the client says that it sends, in any stream."""
        return any(line.sends for line in self._served)

    @property
    def packets(self) -> int:
        """How many have come; fewer when a stream has ended."""
        return sum(quality.packets_received for quality in self.quality())

    def quality(self) -> tuple[MediaQuality, ...]:
        return tuple(line.media.rtp.quality() for line in self._served)

    def acknowledged(self) -> None:
        """The session is up."""
        self._up = True
        for line in self._served:
            line.media.rtp.enter("up")

    async def close(self) -> None:
        """``deliver`` gets nothing from now on, and is let go: who has it has this."""
        self._deliver = _nobody
        for line in self._served:
            line.sink.close()
        for line in self._served:
            await line.media.rtp.close()

    @property
    def _served(self) -> list[_Line]:
        return [line for line in self._lines if isinstance(line, _Line)]

    # --- their offers

    def answer(self, offer: SessionDescription) -> SessionDescription | None:
        """Our answer, which is in force then. None: nothing in it can be served, and everything stays as it is. Raises
        :class:`~voicebot.rtp.PortsExhausted` if no stream of the session can be opened."""
        each = self._options.select_each(offer)
        if not any(each) and any(media.port for media in offer.media):
            return None
        answered = [self._take(offer, number, agreed) for number, agreed in enumerate(each)]
        self._end(self._lines[len(each) :])
        del self._lines[len(each) :]
        self._switch()
        if any(each) and not self._served:
            raise PortsExhausted("no free RTP port for a recording session")
        return self._described(answered)

    def _take(self, offer: SessionDescription, number: int, agreed: AudioAgreement | None) -> Media:
        """Put one line of an offer into force. Returns that of the answer."""
        offered = offer.media[number]
        line = self._line(number, offered.label, agreed) if agreed is not None else None
        if line is None or agreed is None:
            self._end(self._lines[number : number + 1])
            refused = offer_answer.refused(offered)
            self._lines[number : number + 1] = [refused]
            return refused
        line.sends = _sends(offer, offered, agreed)
        agreed = replace(agreed, direction=self._direction if line.sends else "inactive")
        line.media.put_into_force(agreed)
        media = line.media.in_answer(offered, agreed, self._options.preferences.codecs)
        media.label = line.label = offered.label or line.label
        line.codecs = _codecs(media)
        return media

    def _line(self, number: int, label: str, offered: AudioAgreement | None) -> _Line | None:
        """The line with this number, opened if it is not; None if that is not possible."""
        present = self._lines[number] if number < len(self._lines) else None
        if isinstance(present, _Line):
            return present
        if len(self._served) >= MAX_STREAMS:
            return None
        sink = _Sink(number, self._deliver)
        try:
            media = MediaStream.open(self._options, sink, offered)
        except (PortsExhausted, OSError):
            return None
        media.expect_from(self._source)
        if self._up:
            media.rtp.enter("up")
        line = _Line(media, sink, label)
        self._lines[number : number + 1] = [line]
        return line

    # --- our offers

    def offer(self) -> SessionDescription:
        """The session as it is, in the direction that we want now. If there is none, our first offer, which raises
        :class:`~voicebot.rtp.PortsExhausted` without ports for it."""
        if not self._lines:
            for number in range(USUAL_STREAMS):
                if self._line(number, str(number + 1), None) is None:
                    raise PortsExhausted("no free RTP port for a recording session")
        return self._described([self._offered(line) if isinstance(line, _Line) else line for line in self._lines])

    def _offered(self, line: _Line) -> Media:
        media = line.media.in_offer(self._direction, line.codecs)
        media.label = line.label
        line.codecs = _codecs(media)
        return media

    def answered(self, answer: SessionDescription) -> bool:
        """Put the answer to our offer into force. False: nothing in it can be served, and everything stays as it is. A
        line that it refuses is quiet until another offer."""
        for line, media in zip(self._lines, answer.media, strict=False):
            if isinstance(line, _Line):
                line.media.complete(media)
        each = self._options.select_each(answer)
        if not any(each):
            return False
        for line, media, agreed in zip(self._lines, answer.media, each, strict=False):
            if isinstance(line, _Line):
                line.sends = False
                if agreed is not None and line.media.has_offered(agreed):
                    line.media.put_into_force(agreed)
                    line.sends = _sends(answer, media, agreed)
        self._switch()
        return True

    # --- inside

    @property
    def _direction(self) -> sdp.Direction:
        return "inactive" if self._paused and self._asks else "recvonly"

    def _switch(self) -> None:
        """Deliver what is to be heard now, and nothing else."""
        for line in self._served:
            line.sink.on = line.sends and not self._paused
            line.media.rtp.set_direction(send=False, receive=line.sink.on)

    def _end(self, lines: list[_Line | Media]) -> None:
        for line in lines:
            if isinstance(line, _Line):
                line.sink.close()
                self._tasks.spawn(line.media.rtp.close(), "closing a stream of a recording session")

    def _described(self, lines: list[Media]) -> SessionDescription:
        self._version += 1
        return offer_answer.described(self._options.host, lines, self._session_id, self._version)


def _sends(description: SessionDescription, media: Media, agreed: AudioAgreement) -> bool:
    """Whether the other side says that it sends. An address of zeros is a hold (RFC 2543), but not from one that says
    ``sendonly``: it may want nothing back."""
    if not agreed.by_checks and agreed.host in ("0.0.0.0", "::"):
        return description.direction_of(media) == "sendonly"
    return agreed.direction in ("recvonly", "sendrecv")


def _codecs(media: Media) -> tuple[Codec, ...]:
    return tuple(dict.fromkeys(one for one in media.payloads().values() if isinstance(one, Codec)))
