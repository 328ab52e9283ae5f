"""Voice activity detection on the caller's raw frames, which is much faster than the recogniser.

Silero's detector (:mod:`voicebot.audio.silero`) scores windows of 32 ms, and :mod:`~voicebot.speech.voice_decision`
decides. The windows of all calls are scored together (:mod:`~voicebot.speech.shared_detector`): frames go in, and where
one completes a window that must be scored, its score does before the next frame. A silent line needs none.

The detector's state is reset after 2 s of quiet; otherwise speech after music or line noise is detected late (591 ms
instead of 170 ms, measured).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from voicebot.audio import AudioFormat, Samples, silero
from voicebot.audio.silero import WINDOW_S, SileroStream
from voicebot.events import SpeechDoubted, SpeechMayStart, SpeechStarted, SpeechStopped
from voicebot.speech.caller_level import CallerLevel
from voicebot.speech.doubtful_voice import AS_LOUD_DB, DoubtfulVoice, Speaker
from voicebot.speech.pitch import CallerPitch, pitch
from voicebot.speech.voice_decision import VOICED, VoiceDecision, Whose, callers
from voicebot.speech.voice_end import VoiceEnd

RESET_AFTER_S: Final = 2.0
_SURE: Final = 0.6
"""The least mean probability of a voice that interrupts the bot: it delays 2 % of voices, and by 32 ms."""
_LEAST_DBFS: Final = -55.0
"""Below this level there is noise on the line, but no speech that anybody could understand."""
_OVER_BOT_MS: Final = 96.0
"""Over the bot, and where its echo may come, quiet that ends speech is no shorter: who speaks is judged by all of it,
and nobody waits for its end."""
_LATE_S: Final = 0.04
"""How much later than a voice has lasted for long enough this may be noticed: frames of 20 ms, which may come late."""
_MOST_LEVELS: Final = 300
"""Windows of a stretch of speech from which the caller's level is learnt."""
_MOST_PITCHES: Final = 32
"""Windows of a stretch of speech from which the caller's pitch is learnt."""
_BEFORE_START: Final = 4
"""Windows of a voice before it was detected that are judged with the rest of it: short words begin loudly."""
_OTHERS_PAUSE_S: Final = 0.5
"""Somebody else who has been silent for so long has finished."""
_UNHEEDED_S: Final = 3.0
"""Who speaks over the bot for so long, and says nothing that interrupts it, is not the caller."""
_FLOOR_DBFS: Final = -100.0
_DEAD_DBFS: Final = -70.0
"""Below this level the line is silent (A-law's silence is -72): the model is not run unless somebody is speaking."""


VoiceEvent = SpeechMayStart | SpeechStarted | SpeechDoubted | SpeechStopped


def level_dbfs(samples: Samples) -> float:
    """The RMS level of ``samples`` in dBFS, -100 for digital silence."""
    power = float(np.dot(samples, samples)) / len(samples)
    return 10.0 * math.log10(power) if power > 1e-10 else _FLOOR_DBFS


class VoiceActivity:
    """The voice activity detection of one call.

    ``start_ms``: how long voice must last to be speech (64 to 96 is a compromise between ignoring a cough and detecting
    a quick "no"). ``hangover_ms``: how long quiet must last to end it. It ends no turn by itself: with 64 ms the end is
    known 40 ms earlier than with 96, and voices seem to stop a quarter more often between words. ``gate_dbfs``: while
    the bot is audible, fainter sounds are ignored, as long as nothing is known of the caller. ``whose``: see
    :class:`~voicebot.speech.voice_decision.VoiceDecision`.
    """

    def __init__(
        self,
        audio: AudioFormat,
        *,
        start_ms: float = 64.0,
        hangover_ms: float = 64.0,
        gate_dbfs: float = _FLOOR_DBFS,
        whose: Callable[[float], Whose] = callers,
    ) -> None:
        self.bot_speaks = False
        """Whether the bot speaks, or its prompt is paused; set at any time. Then only the caller's voice is speech."""
        self.echo_may_come = False
        """Whether an echo of the bot may still come; set at any time. Then only what is found to be speech is one."""
        self.audio = audio
        self.stream = SileroStream(audio.rate)
        """The detector's, with the window that is to be scored when :meth:`hear` says so."""
        self._decision = VoiceDecision(start_ms, hangover_ms, whose)
        self._hangover_ms = hangover_ms
        self._voice_end = VoiceEnd(audio.rate)
        self._caller = CallerLevel(gate_dbfs)
        self._caller_pitch = CallerPitch()
        self._doubt: DoubtfulVoice | None = None
        self._unsure_since: float | None = None
        self._others_s: float | None = None  # how long somebody else whose voice was detected has been silent
        self._latest: deque[float] = deque(maxlen=_BEFORE_START)  # levels of the latest windows, if all have voice
        self._levels: list[float] = []
        self._pitches: list[float | None] = []
        self._was_audible = False
        self._start_s = start_ms / 1000.0
        self._may_start = False  # it was told of the present run of voiced windows
        self._filled = 0  # samples of the stream's window
        self._rest = np.zeros(0, np.float32)  # those that came after it
        self._samples = self._rest  # what came last
        self._end = 0.0  # when it was spoken
        self._level = _FLOOR_DBFS
        self._quiet_s = 0.0

    @classmethod
    def warm(cls, formats: Iterable[AudioFormat]) -> None:
        """Load what is needed for calls in ``formats``, and use it once; that for a rate takes some 2 MB. Blocks for
        about 10 ms: call it at start, off the event loop."""
        silero.warm({audio.rate for audio in formats})

    @property
    def speaking(self) -> bool:
        """Whether the caller speaks, or somebody who may be the caller."""
        return self._decision.speaking

    @property
    def may_speak(self) -> bool:
        """Whether the caller speaks, or somebody who may be the caller, or may have begun to."""
        return self._decision.speaking or self._decision.onset is not None

    @property
    def doubtful(self) -> bool:
        """Whether it is still to be found out if it is the caller who speaks."""
        return self._doubt is not None

    @property
    def others(self) -> bool:
        """Whether the voice that was detected last was not the caller's, and may go on."""
        return self._others_s is not None

    def ignores(self) -> bool:
        """Whether the audio that was heard last is no voice of the caller's: too faint, or not found to be speech while
        the bot speaks."""
        if self.speaking:
            return False
        if self._bot_audible or self.others:
            return True
        faint = self._caller.faint_dbfs
        return faint is not None and level_dbfs(self._samples) < faint

    def hear(self, payload: bytes, at: float) -> list[VoiceEvent] | None:
        """Add audio, not more than a window's, whose last sample was spoken at ``at``. Returns the resulting events,
        usually none. None: ``stream`` is to be scored, and then :meth:`scored` goes on, before more audio comes."""
        samples, window = self.audio.floats(payload), self.stream.window
        self._samples = samples
        filled = self._filled + len(samples)
        if filled < len(window):
            window[self._filled : filled] = samples
            self._filled = filled
            return []
        taken = len(window) - self._filled
        window[self._filled :] = samples[:taken]
        self._rest = samples[taken:]
        self._end = at - len(self._rest) / self.audio.rate
        self._level = level_dbfs(window)
        if self._level < _DEAD_DBFS and not self._decision.speaking:
            self.stream.skip()
            return self.scored(0.0)
        return None

    def scored(self, probability: float) -> list[VoiceEvent]:
        """The window has been scored, or need not be. Returns the resulting events, usually none."""
        events = self._window(self._end, probability, self._level)
        self._filled = len(self._rest)
        self.stream.window[: self._filled] = self._rest
        return events

    def _window(self, end: float, probability: float, level: float) -> list[VoiceEvent]:
        self._follow_bot()
        self._set_thresholds()
        events: list[VoiceEvent] = [*self._decision.window(end - WINDOW_S, end, probability, level)]
        events = self._dated(events, end, probability, level)
        self._follow_others(probability)
        events = self._judged(events, end, probability, level)
        events += self._beginnings(end, level)
        self._learn(probability, level)
        if probability > VOICED:
            self._latest.append(level)
        else:
            self._latest.clear()
        if self._decision.speaking or self._decision.onset is not None:
            self._quiet_s = 0.0
        else:
            self._quiet_s += WINDOW_S
            if self._quiet_s >= RESET_AFTER_S:
                self._quiet_s = 0.0
                self.stream.reset()
        return events

    def _dated(self, events: list[VoiceEvent], end: float, probability: float, level: float) -> list[VoiceEvent]:
        stops = bool(events) and isinstance(events[0], SpeechStopped)
        speaks = self._decision.speaking or stops
        voiced = self._decision.continues(probability, level)
        self._voice_end.window(self.stream.window, level, voiced=voiced, speaking=speaks)
        return [
            replace(event, offset=self._voice_end.date(event.offset, end))
            if isinstance(event, SpeechStopped)
            else event
            for event in events
        ]

    def _beginnings(self, end: float, level: float) -> list[SpeechMayStart]:
        """Of a voice that may become speech, and when it does not. Over the bot it may be an echo, and nobody waits."""
        decision = self._decision
        if decision.speaking:
            self._may_start = False
        elif decision.onset is None or self._bot_audible:
            told, self._may_start = self._may_start, False
            return [SpeechMayStart(end, end)] if told else []
        elif not self._may_start and level >= (decision.gate_dbfs or _FLOOR_DBFS):
            self._may_start = True
            return [SpeechMayStart(end, decision.onset + self._start_s + _LATE_S)]
        return []

    @property
    def _bot_audible(self) -> bool:
        return self.bot_speaks or self.echo_may_come

    def _follow_bot(self) -> None:
        """The end of a faint echo is not the caller's, and the detector is sure of it for too long."""
        audible = self._bot_audible
        if self._was_audible and not audible and not self._decision.speaking:
            self.stream.reset()
            self._decision.forget()
        self._was_audible = audible

    def _judged(self, events: list[VoiceEvent], end: float, probability: float, level: float) -> list[VoiceEvent]:
        """``events`` of a window, and what follows from the judgement of the voice in it."""
        begun = next((event for event in events if isinstance(event, SpeechStarted)), None)
        if not self.bot_speaks:
            self._doubt = self._unsure_since = None
        elif begun is not None:
            self._doubt = DoubtfulVoice(self._caller, self._caller_pitch, self._latest, begun.onset)
            self._others_s = self._unsure_since = None
        speaker = self._speaker(end, probability, level)
        if speaker is None:
            return events
        self._doubt = None
        if speaker is Speaker.UNSURE:
            self._unsure_since = end
            return [SpeechDoubted(end), *events]
        if speaker is Speaker.OTHER:
            self._others_s, self._unsure_since = 0.0, None
            if self._decision.speaking:
                return [*events, self._decision.end(end)]
        return events

    def _speaker(self, end: float, probability: float, level: float) -> Speaker | None:
        """Who speaks over the bot; None: nobody, or that is still to be found out, or is known already."""
        doubt, speaking = self._doubt, self._decision.speaking
        if doubt is None:
            unheeded = self._unsure_since is not None and end - self._unsure_since >= _UNHEEDED_S
            return Speaker.OTHER if speaking and unheeded else None
        speaker: Speaker | None = None
        if not speaking:
            speaker = doubt.speaker()
        elif probability > VOICED:
            speaker = doubt.heard(level, pitch(self.stream.window))
        if speaker in (Speaker.CALLER, Speaker.UNSURE) and self._decision.whose(end - doubt.since) is Whose.BOT:
            return Speaker.OTHER  # an echo of which too little was heard when it began
        return speaker

    def _follow_others(self, probability: float) -> None:
        if self._others_s is not None:
            self._others_s = self._others_s + WINDOW_S if probability <= VOICED else 0.0
            if self._others_s >= _OTHERS_PAUSE_S:
                self._others_s = None

    def _set_thresholds(self) -> None:
        caller, decision = self._caller, self._decision
        decision.faint_dbfs = caller.faint_dbfs
        decision.fading_dbfs = -math.inf if self.bot_speaks else self._voice_end.fading_dbfs
        decision.faded_dbfs = -math.inf if self.bot_speaks else self._voice_end.faded_dbfs
        decision.least_mean = _SURE if self.bot_speaks else 0.0
        decision.hangover_ms = max(self._hangover_ms, _OVER_BOT_MS) if self._bot_audible else self._hangover_ms
        if self.bot_speaks:
            decision.gate_dbfs = caller.interrupts_dbfs
        elif caller.faint_dbfs is not None:
            decision.gate_dbfs = max(caller.faint_dbfs, _LEAST_DBFS)
        else:
            decision.gate_dbfs = caller.unknown_dbfs if self.echo_may_come else _LEAST_DBFS
        if not (self.bot_speaks or decision.speaking):  # only a voice that begins has to pass the gate
            decision.gate_dbfs = max(decision.gate_dbfs, self._voice_end.noise_dbfs)
        if self.others and caller.dbfs is not None:
            margin_db = AS_LOUD_DB if self.bot_speaks else caller.margin_db
            decision.gate_dbfs = max(decision.gate_dbfs, caller.dbfs - margin_db)

    def _learn(self, probability: float, level: float) -> None:
        if self._decision.speaking:
            if probability > VOICED and not self._bot_audible and len(self._levels) < _MOST_LEVELS:
                self._levels.append(level)
                if len(self._pitches) < _MOST_PITCHES:
                    self._pitches.append(pitch(self.stream.window))
        elif self._levels:
            self._caller.heard(self._levels)
            self._caller_pitch.heard(self._pitches, self._levels)
            self._levels, self._pitches = [], []
