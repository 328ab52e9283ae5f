"""Removes the echo of the bot's voice: from a line, a loudspeaker or a conference bridge that returns its audio.

An echo is a copy. (The text of an echo is no help, because it is recognised in pieces.) Two questions are asked:

*Whose is the voice that begins?* :meth:`EchoGuard.whose` compares it with what was sent, at any delay up to half a
second (normalised cross-correlation). Two voices agree by chance, the less the longer they are compared: an echo is
what agrees by 0.75 over 128 ms, or by 0.54 over 256 ms; what agrees by less than 0.5 is the caller. In between nobody
knows until more of it was heard. On a line whose echo is known to be blurred, less is enough. And an echo hardly
begins in the middle of a prompt: where what was sent just before has not come back as loud as this voice would have it,
only what agrees by 0.9 is one. This takes about 0.2 ms, but only where a voice begins while an echo can come.

*What is in a frame besides the echo?* Once an echo was found, its path is known: the delay, and the response
(:mod:`~voicebot.speech.echo_path`), which is learnt on with each frame. The copy is subtracted from what comes. If next
to nothing remains, the frame is replaced by silence; otherwise by what remains, so a caller who speaks over the echo is
heard. This takes about 0.04 ms a frame, and nothing while the bot is silent or if the line has no echo.

Wideband audio is compared at half its rate, which is enough.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from voicebot.audio import PCMU, AudioFormat, Samples
from voicebot.speech.echo_path import TAPS, EchoPath, Match, best_match
from voicebot.speech.voice_decision import Whose

MAX_DELAY_S: Final = 0.5
_RATE: Final = 8000
_LEAST_S: Final = 0.128
_MOST_S: Final = 0.256
"""How much of a voice is compared."""
_LEAD_S: Final = 0.032
"""How long before the detector is sure of a voice it may have begun."""


class _Limits(NamedTuple):
    """``echo``: what is as alike as this is an echo; ``echo_at_last``: when all of it is compared. ``caller``: what is
    less alike is the caller."""

    echo: float
    echo_at_last: float
    caller: float


_LIMITS: Final = _Limits(0.75, 0.54, 0.5)
_CLEAR_ECHO: Final = _Limits(0.7, 0.54, 0.6)
"""On a line whose echo is known, and is subtracted."""
_BLURRED_ECHO: Final = _Limits(0.65, 0.48, 0.4)
"""On a line whose echo is known, but is blurred by a room with a loudspeaker, or by a codec."""
_SUDDEN: Final = 0.9
"""On a line that has returned nothing so far; no two voices that were compared have agreed by more than 0.76."""
_LINE_S: Final = 1.2
"""How much of the line is looked at for that: a voice, and what was before it."""
_SOFT_S: Final = 0.1
"""How long before it is noticed a voice may have begun softly."""
_SHARE: Final = 0.25
"""If less than this share of the energy of an echo came before the voice, it was none."""
_BLURRED: Final = 0.05
"""The share of an echo that its path does not explain, from which it counts as blurred."""
_AHEAD: Final = TAPS // 3
"""Samples of the response before the delay that was found: it may lie between samples."""
_SLACK: Final = 2
"""Frames that may come later than usual."""
_NOTHING: Final = (0.02, 0.7)
"""The least and the most that may remain of an echo, as a share of its energy: 6 times the average, within these."""
_TIMES: Final = 6.0
_FADE: Final = 0.7
"""How much of the energy of an echo is still expected after a frame, in a room."""
_FAINT: Final = 1e-6
"""-60 dBFS, as mean square: quieter frames are no echo that anybody hears."""
_UNLIKE: Final = 100
"""After so many frames that it does not explain, a path is forgotten."""


class EchoGuard:
    """The guard of one call. It must get every frame that was sent and every frame that was received, in order."""

    def __init__(self, audio: AudioFormat) -> None:
        self._audio = audio
        self._fold = audio.rate // _RATE
        self._most = round(_MOST_S * audio.rate)
        self._reach = round(MAX_DELAY_S * audio.rate) + self._most
        line = round(_LINE_S * audio.rate)
        kept = round(MAX_DELAY_S * audio.rate) + line + TAPS + _SLACK * audio.frame_samples
        self._sent, self._sent_samples = bytearray(audio.silence(kept)), 0
        self._came, self._came_samples = bytearray(audio.silence(self._most)), 0
        self._line = bytearray(audio.silence(line))  # what came, echoes and all
        self._audible = 0  # samples until the last loud frame that was sent is out of reach
        self._path: EchoPath | None = None
        self._to_learn: tuple[bytearray, bytearray] | None = None
        """What was sent and came of an echo that was just found: its path is learnt with the next frame."""
        self._ahead = 0  # how many samples the path's frames were sent before they come, as counted
        self._loud = 0.0  # energy of the echo that is expected
        self._unlike = 0
        self.frames = 0
        """How many frames were replaced by silence."""

    @staticmethod
    def warm() -> None:
        """Compare and subtract once, which takes some milliseconds the first time: call it at start."""
        tone = PCMU.encode((8000 * np.sin(np.arange(PCMU.rate) ** 1.5 / 100)).astype(np.int16))
        guard = EchoGuard(PCMU)
        for at in range(0, len(tone), PCMU.frame_bytes):
            frame = tone[at : at + PCMU.frame_bytes]
            guard.sent(frame)
            guard.without_echo(frame)
            if guard._path is None and at > len(tone) // 2:
                guard.whose(_MOST_S)

    @property
    def audible(self) -> bool:
        """Whether an echo of something may still come."""
        return self._audible > self._most

    def sent(self, payload: bytes) -> None:
        """Note audio that was sent."""
        self._sent += payload
        del self._sent[: len(payload)]
        count = len(payload) // self._audio.width
        self._sent_samples += count
        self._audible = self._reach if not self._audio.is_quiet(payload) else max(0, self._audible - count)

    def without_echo(self, payload: bytes) -> bytes:
        """Received audio: unchanged, without an echo that it contains, or silence if it is nothing but an echo."""
        if self._to_learn is not None:
            sent, came = self._to_learn
            self._path, self._unlike = EchoPath(self._audio.floats(sent), self._audio.floats(came)), 0
            self._to_learn = None
        self._came_samples += len(payload) // self._audio.width
        self._line += payload
        del self._line[: len(payload)]
        if self._path is not None and self._audible:
            payload = self._remove(self._path, payload)
        self._came += payload
        del self._came[: len(payload)]
        return payload

    def whose(self, voice_s: float) -> Whose:
        """Whose voice the last ``voice_s`` seconds are that :meth:`without_echo` has returned."""
        if not self._audible:  # what is compared began while an echo could come
            return Whose.CALLER
        span_s = min(max(voice_s + _LEAD_S, _LEAST_S), _MOST_S)
        count = round(span_s * _RATE)
        came = self._folded(self._came, count)
        match = best_match(self._folded(self._sent, count + round(MAX_DELAY_S * _RATE)), came)
        if match.likeness < _SUDDEN and self._is_sudden(match, round(max(voice_s + _LEAD_S, span_s) * _RATE)):
            return Whose.CALLER
        limits = _LIMITS
        if self._path is not None:
            limits = _CLEAR_ECHO if self._path.left < _BLURRED else _BLURRED_ECHO
        if match.likeness >= (limits.echo if span_s < _MOST_S else limits.echo_at_last):
            self._found(match.delay * self._fold)
            return Whose.BOT
        return Whose.UNSURE if match.likeness >= limits.caller and span_s < _MOST_S else Whose.CALLER

    def _is_sudden(self, match: Match, voice: int) -> bool:
        """Whether nothing like it has come before the last ``voice`` samples, though as much was sent."""
        before = voice + round(_SOFT_S * _RATE)
        line = self._folded(self._line, round(_LINE_S * _RATE))[:-before]
        sent = self._folded(self._sent, match.delay + before + len(line))[: len(line)]
        energy = float(np.dot(sent, sent))
        return energy >= match.energy and float(np.dot(line, line)) < _SHARE * match.gain**2 * energy

    def _found(self, delay: int) -> None:
        least = max(0, delay - _AHEAD)
        self._ahead = self._sent_samples - self._came_samples - least
        count = round(_LEAST_S * self._audio.rate)
        sent = self._sent_until(self._came_samples, count)
        assert sent is not None, "more is kept than is compared"
        self._to_learn = sent, self._came[-count * self._audio.width :]

    def _sent_until(self, came: int, count: int) -> bytearray | None:
        """What was sent in the time of the ``count`` samples that came before the sample ``came``; None if it is not
        kept, or was not sent yet."""
        width = self._audio.width
        end = len(self._sent) - (self._sent_samples - came - self._ahead) * width
        begin = end - (count + TAPS - 1) * width
        return self._sent[begin:end] if begin >= 0 and end <= len(self._sent) else None

    def _remove(self, path: EchoPath, payload: bytes) -> bytes:
        audio = self._audio
        self._loud *= _FADE
        sent_payload = self._sent_until(self._came_samples, len(payload) // audio.width)
        if sent_payload is None or sent_payload.count(audio.silent_byte) == len(sent_payload):
            return payload
        sent, came = audio.floats(sent_payload), audio.floats(payload)
        energy, faint = float(np.dot(came, came)), _FAINT * len(came)
        if energy < faint:
            return payload
        rest = path.without(sent, came)
        self._loud = max(self._loud, rest.copy)
        least, most = _NOTHING
        if rest.rest <= min(max(_TIMES * path.left, least), most) * self._loud:
            path.learn(sent, came, rest)
            self.frames += 1
            self._unlike = 0
            return audio.silence(len(came))
        self._unlike += rest.copy < 0.5 * energy
        if self._unlike >= _UNLIKE:
            self._path = None
        return audio.encode(np.clip(rest.samples * 32768.0, -32767, 32767).astype(np.int16))

    def _folded(self, payload: bytearray, count: int) -> Samples:
        """The last ``count`` samples of ``payload``."""
        samples = self._audio.floats(payload[-count * self._fold * self._audio.width :])
        if self._fold > 1:
            samples = (samples[::2] + samples[1::2]) * np.float32(0.5)
        return samples
