"""One recognition turn, pure: audio in, messages and requests to decode out. Time is the stream's own (samples).

A phrase's life:

    voice begins    -> speech.startDetected (the turn's first), then now and then a HYPOTHESIS is asked for
    the level falls -> a FINAL is asked for on the first suspicion; when it comes, its text goes out as a hypothesis
    the level rises -> that was no end: the FINAL is worth no more than a hypothesis
    a short quiet   -> the FINAL counts if nothing was heard since the level fell, or no voice; else another is asked
                       for
    voice again     -> that FINAL is void
    350 ms quiet    -> the phrase has ended (the client chooses the length): its FINAL goes out as speech.phrase,
                       at once if it has come
    a commit        -> the client knows that the speaker has finished: the quiet ends the phrase now; where there is
                       noise rather than quiet, what was said so far is asked for as a hypothesis

Quiet is what has no voice, or is much fainter than the voice before it and has none that is sure.

Phrases go out in the order in which they were spoken. A hypothesis is asked for only while none is being made, so
that a slow machine gets fewer of them, and is not begun in a pause: the FINAL covers the same. Whoever drives this
carries out the :class:`Decode` requests, brings the results to :meth:`RecognitionTurn.decoded`, and stops working on
what is :class:`Void`.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from voicebot.audio import Samples
from voicebot.localspeech.engines import Decode, DecodeKind, Detector, Transcript
from voicebot.localspeech.expected import lexical, made_of
from voicebot.localspeech.level_fall import Change, LevelFall, level_db
from voicebot.localspeech.options import Options
from voicebot.localspeech.phrase import SURE, Phrase, Suspicion
from voicebot.localspeech.phrase_result import phrase_result
from voicebot.localspeech.recent_audio import RecentAudio
from voicebot.localspeech.segmenter import FRAME_S, Edge, Ended, Paused, Resumed, Segmenter, Started, Timing

TICKS = 10_000_000
"""The protocol's times are in units of 100 ns."""

_BEFORE_S = 0.3
_AFTER_FRAMES = 3
_TAIL_S = 0.2
"""What is decoded ends with three frames of the quiet, which are there when the shortest pause is noticed, and then
with silence. So it is the same for each decode of the same words, whenever it is asked for. After audio that breaks
off, the model repeats words, or leaves out the last one: of 210 strings of digits 184 are right with 0.13 s of quiet
and no silence, 195 with this, and 194 with 0.3 s of quiet.
"""
_TAIL_AFTER_FALL_S = 0.35
"""The same where there are but two frames of the quiet, because the level has just fallen."""
_HYPOTHESIS_SHARE = 0.12
"""Hypotheses of long speech are made less often, since each writes all of it: so much is spoken between two, as a
share of what was spoken before."""
_MOST_VAIN = 3
"""Each pause at which the speaker went on makes the next one of the phrase longer by a frame, up to so many: who pauses
between digits does so again."""
_MOST_FALLS_IN_VAIN = 1
"""The same for falls of the level."""
_LAG_FRAMES = 10
"""In noise, voice activity notices the end of a voice so late."""
_AGREED_FRAMES = 5
"""Where the level is low for so long, what was said until it fell is all that was said so far."""
_SURELY_VOICE = 0.85
_BEHIND_S = 1.0
"""For so long behind a voice its level tells what is none; later, somebody may speak who is less loud."""
_RESET_AFTER_S = 2.0
_MIN_VOICED_S = 0.09
_BUFFER_S = 24.0
_MAX_PENDING = 8


@dataclass(frozen=True, slots=True)
class ServiceMessage:
    """A message to the client."""

    path: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Void:
    """Nobody waits for the result of decode ``number`` any more."""

    number: int


TurnOutput = ServiceMessage | Decode | Void


class RecognitionTurn:
    """See the module's text. ``detector`` scores 32 ms of samples at ``rate``; ``pause_s`` tells how short the quiet is
    after which a final result is asked for, ``hypothesis_s`` how much is spoken from one hypothesis to the next, and
    ``suspects`` whether a fall of the level is enough to ask for a final result."""

    def __init__(
        self,
        rate: int,
        options: Options,
        detector: Detector,
        pause_s: Callable[[], float] = lambda: 0.2,
        hypothesis_s: Callable[[], float] = lambda: 0.24,
        suspects: Callable[[], bool] = lambda: False,
    ) -> None:
        self._rate = rate
        self._options = options
        self._detector = detector
        self._frame = round(rate * FRAME_S)
        self._pause_s = pause_s
        self._hypothesis_s = hypothesis_s
        self._suspects = suspects
        self._level = LevelFall()
        self._segmenter = Segmenter(Timing(end_s=options.segmentation_s), pause_s())
        self._heard = RecentAudio(int(_BUFFER_S * rate))
        self._scored = 0  # samples of the stream that went through the detector
        self._reset_at = 0
        self._phrase: Phrase | None = None
        self._pending: deque[Phrase] = deque()
        self._decodes = 0
        self._hypothesis = 0  # number of the decode under way, 0: none
        self._hypothesis_end = 0  # the last frame that it hears
        self._next_hypothesis_s = 0.0
        self._vain = 0  # pauses of this phrase at which the speaker went on
        self._vain_falls = 0  # falls of the level likewise
        self._started = False
        self._audio_ended = False
        self.phrases = 0
        self.ended = False

    # --- inputs ---------------------------------------------------------------------------------------------------

    def audio(self, samples: Samples) -> list[TurnOutput]:
        """Take more samples of the stream."""
        out: list[TurnOutput] = []
        for at in range(0, len(samples), self._frame):
            self._heard.append(samples[at : at + self._frame], self._needed())
            while not self.ended and self._scored + self._frame <= self._heard.end:
                frame = self._heard.between(self._scored, self._scored + self._frame)
                self._scored += self._frame
                self._segmenter.pause_s = self._pause_s() + FRAME_S * min(self._vain, _MOST_VAIN)
                level = level_db(frame)
                edges = self._segmenter.feed(self._score(frame, level))
                out += self._follow_level(level)
                for edge in edges:
                    out += self._on_edge(edge)
        out += self._ask_hypothesis()
        out += self._keep_time()
        return out

    def commit(self, token: str) -> list[TurnOutput]:
        """The client asks for the end of the phrase, because the speaker has finished with the audio so far. ``token``
        names the wish. No phrase ends where somebody seems to be still speaking."""
        phrase = self._phrase
        if phrase is None or self.ended:
            return []
        phrase.commit = token
        out = [output for edge in self._segmenter.commit() for output in self._on_edge(edge)]
        return out if phrase.final or self._segmenter.quiet_s > 0 else out + self._hear_committed(phrase)

    def end_of_audio(self) -> list[TurnOutput]:
        """The client has no more; the turn ends when the phrases that are pending have gone out."""
        if self._audio_ended:
            return []
        self._audio_ended = True
        out: list[TurnOutput] = []
        for edge in self._segmenter.finish():
            out += self._on_edge(edge)
        return out + self._flush()

    def decoded(self, number: int, transcript: Transcript | None) -> list[TurnOutput]:
        """The result of a :class:`Decode`; None: it was skipped."""
        if number == self._hypothesis:
            self._hypothesis = 0
            phrase = self._phrase
            if phrase is None or transcript is None or phrase.final or self._hypothesis_end <= phrase.onset:
                return []
            suspicion = phrase.suspicion
            if suspicion is not None and suspicion.result is not None and suspicion.end >= self._hypothesis_end:
                return []  # which has heard more
            # it covers what had been said when it was asked for: what was said meanwhile is not in it
            return self._say_hypothesis(phrase, transcript, self._hypothesis_end, repeat=False)
        for phrase in (*self._pending, *([self._phrase] if self._phrase else [])):
            suspicion = phrase.suspicion
            if suspicion is not None and suspicion.number == number and not phrase.final:
                suspicion.result = transcript or Transcript("")
                return self._say_hypothesis(phrase, suspicion.result, suspicion.end, repeat=True)
            if phrase.final == number:
                phrase.result = transcript or Transcript("")
                out = [] if phrase.ended else self._say_hypothesis(phrase, phrase.result, phrase.offset, repeat=True)
                return out + self._flush()
        return []  # void: the speaker went on

    # --- phrases --------------------------------------------------------------------------------------------------

    def _on_edge(self, edge: Edge) -> list[TurnOutput]:
        phrase = self._phrase
        match edge:
            case Started(onset):
                self._phrase = Phrase(onset)
                self._next_hypothesis_s, self._vain, self._vain_falls = 0.22, 0, 0
                self._level.begin(self._segmenter.now - onset)
                if self._started:
                    return []
                self._started = True
                return [ServiceMessage("speech.startDetected", {"Offset": self._ticks(onset)})]
            case Paused(offset):
                if phrase is None or (offset - phrase.onset) * FRAME_S < _MIN_VOICED_S:
                    return []
                phrase.offset = offset
                self._heard_until((offset - phrase.onset) * FRAME_S)  # where the speaker goes on, the final heard it
                return [*self._void_hypothesis(), *self._ask_final(phrase)]
            case Resumed():
                if phrase is None:
                    return []
                self._vain += 1
                void = [Void(phrase.final)] if phrase.final and phrase.result is None else []
                phrase.final, phrase.result, phrase.suspicion, phrase.offset = 0, None, None, 0
                return [*void]
            case Ended(onset, offset, _):
                self._phrase = None
                if phrase is None or (offset - onset) * FRAME_S < _MIN_VOICED_S:
                    return []
                phrase.offset, phrase.ended = offset, True
                self._pending.append(phrase)
                if len(self._pending) > _MAX_PENDING:  # the models are far too slow: the oldest ends without a result
                    self._pending[0].result = self._pending[0].result or Transcript("")
                return ([] if phrase.final else self._ask_final(phrase)) + self._flush()

    def _score(self, frame: Samples, level: float) -> float:
        """How surely there is a voice in ``frame``. In what is much fainter than the voice before it, the detector goes
        on hearing one for some time."""
        score = self._detector(frame)
        behind = self._phrase is not None or self._segmenter.quiet_s < _BEHIND_S
        return score if score > _SURELY_VOICE or not behind or not self._level.is_quiet(level) else 0.0

    def _follow_level(self, level: float) -> list[TurnOutput]:
        """A fall of the level is a suspicion that the phrase has ended, which a rise takes back."""
        voiced = self._segmenter.speaking and self._segmenter.quiet_s <= 0
        change = self._level.feed(level, voiced=voiced, more=min(self._vain_falls, _MOST_FALLS_IN_VAIN))
        phrase = self._phrase
        if phrase is None or phrase.final:
            return []
        if change is None:
            long = self._level.noisy and self._level.quiet_frames >= _AGREED_FRAMES
            return self._agree(phrase) if long else []
        return self._suspect(phrase) if change is Change.FELL else self._take_back(phrase)

    def _suspect(self, phrase: Phrase) -> list[TurnOutput]:
        end = self._segmenter.now - self._level.quiet_frames
        if (end - phrase.onset) * FRAME_S < _MIN_VOICED_S or not self._suspects():
            return []
        self._heard_until((end - phrase.onset) * FRAME_S)
        suspicion = phrase.suspicion = Suspicion(self._decodes + 1, self._segmenter.now)

        def wanted() -> bool:  # asked on the threads of the models, too
            return phrase.suspicion is suspicion

        return [self._decode(DecodeKind.FINAL, phrase, end, wanted, tail_s=_TAIL_AFTER_FALL_S)]

    def _agree(self, phrase: Phrase) -> list[TurnOutput]:
        """In noise, voice activity may take long to agree that there is quiet after the words. Meanwhile they are said
        once more, as those of all that was heard."""
        suspicion = phrase.suspicion
        if suspicion is None or suspicion.agreed or suspicion.result is None or suspicion.doubtful:
            return []
        suspicion.agreed = True
        return self._say_hypothesis(phrase, suspicion.result, self._segmenter.now, repeat=True)

    def _hear_committed(self, phrase: Phrase) -> list[TurnOutput]:
        """What the client takes for the end is a voice here, as noise may be: what was said until now is heard as well
        as if it had ended, and said as a hypothesis."""
        suspicion, end = phrase.suspicion, self._segmenter.now
        if (end - phrase.onset) * FRAME_S < _MIN_VOICED_S:
            return []
        if suspicion is not None and (suspicion.end == end or not suspicion.doubtful):
            return self._agree(phrase)
        self._heard_until((end - phrase.onset) * FRAME_S)
        void = self._void_hypothesis()
        decode = self._decode(DecodeKind.FINAL, phrase, end, lambda: phrase is self._phrase and not phrase.final)
        self._hypothesis, self._hypothesis_end = decode.number, end
        return [*void, decode]

    def _take_back(self, phrase: Phrase) -> list[TurnOutput]:
        suspicion, phrase.suspicion = phrase.suspicion, None
        if suspicion is None:
            return []
        self._vain_falls += 1
        if suspicion.result is None and self._hypothesis:
            return [Void(suspicion.number)]
        if suspicion.result is None:  # it is no more than a hypothesis
            self._hypothesis, self._hypothesis_end = suspicion.number, suspicion.end
        return []

    def _ask_hypothesis(self) -> list[TurnOutput]:
        phrase, voiced_s = self._phrase, self._segmenter.voiced_s
        if phrase is None or self._hypothesis or voiced_s < self._next_hypothesis_s or not self._speaks(phrase):
            return []
        self._heard_until(voiced_s)
        wanted = partial(self._speaks, phrase)
        decode = self._decode(DecodeKind.HYPOTHESIS, phrase, self._segmenter.now, wanted)
        self._hypothesis, self._hypothesis_end = decode.number, self._segmenter.now
        return [decode]

    def _speaks(self, phrase: Phrase) -> bool:
        """Whether ``phrase`` is being spoken. If its quiet goes on, the final decode hears all that a hypothesis would.
        Asked on the threads of hypotheses, too."""
        ending = phrase.final or phrase.suspicion is not None or self._segmenter.quiet_s > 0
        return phrase is self._phrase and not ending

    def _heard_until(self, voiced_s: float) -> None:
        self._next_hypothesis_s = voiced_s + max(self._hypothesis_s(), _HYPOTHESIS_SHARE * voiced_s)

    def _void_hypothesis(self) -> list[TurnOutput]:
        number, self._hypothesis = self._hypothesis, 0
        return [Void(number)] if number else []

    def _ask_final(self, phrase: Phrase) -> list[TurnOutput]:
        """Ask for the result of ``phrase``, which has ended. What was asked for when its level fell is as good if there
        was nothing but quiet since, or no voice, unless it has turned out to be doubtful."""
        suspicion = phrase.suspicion
        lag = _LAG_FRAMES if self._level.noisy else 0
        heard = suspicion is not None and (self._level.clean or phrase.offset <= suspicion.end + lag)
        if suspicion is not None and heard and not suspicion.doubtful:
            phrase.final, phrase.result = suspicion.number, suspicion.result
            if suspicion.result is None or phrase.ended:
                return []
            return self._say_hypothesis(phrase, suspicion.result, phrase.offset, repeat=True)  # it covers the quiet too
        decode = self._decode(DecodeKind.FINAL, phrase, phrase.offset)
        phrase.final = decode.number
        return [*([Void(suspicion.number)] if suspicion and suspicion.result is None else []), decode]

    def _decode(
        self,
        kind: DecodeKind,
        phrase: Phrase,
        offset: int,
        wanted: Callable[[], bool] = lambda: True,
        tail_s: float = _TAIL_S,
    ) -> Decode:
        self._decodes += 1
        start = max(phrase.onset * self._frame - int(_BEFORE_S * self._rate), self._heard.start)
        end = min((offset + _AFTER_FRAMES) * self._frame, self._scored)
        tail = int(tail_s * self._rate)
        samples = np.concatenate((self._heard.between(start, end), np.zeros(tail, np.float32)))
        voiced_s = (offset - phrase.onset) * FRAME_S
        number = self.phrases + len([waiting for waiting in self._pending if waiting is not phrase])
        expected = self._options.expected
        return Decode(
            self._decodes, kind, samples, self._rate, number, voiced_s, expected, wanted, begin=start, tail=tail
        )

    def _say_hypothesis(self, phrase: Phrase, transcript: Transcript, end: int, repeat: bool) -> list[TurnOutput]:
        text = lexical(transcript.text)
        if not text or (text == phrase.said and not repeat):
            return []
        if transcript.confidence < SURE and made_of(self._options.expected, text):
            return []  # a client would take it for the answer, and hypotheses do not tell how sure they are
        phrase.said = text
        return [ServiceMessage("speech.hypothesis", {"Id": phrase.id, "Text": text, **self._times(phrase.onset, end)})]

    def _flush(self) -> list[TurnOutput]:
        out: list[TurnOutput] = []
        while self._pending and self._pending[0].result is not None:
            phrase = self._pending.popleft()
            assert phrase.result is not None
            out.append(ServiceMessage("speech.phrase", self._phrase_body(phrase, phrase.result)))
            if phrase.result.text:
                self.phrases += 1
            if self._options.mode == "interactive":
                out += self._end_turn()
                return out
        if self._audio_ended and not self._pending:
            out += self._end_turn()
        return out

    def _phrase_body(self, phrase: Phrase, result: Transcript) -> dict[str, Any]:
        times = self._times(phrase.onset, phrase.offset)
        return phrase_result(phrase.id, result, times, self._options.mode, phrase.commit)

    # --- the turn ---------------------------------------------------------------------------------------------------

    def _keep_time(self) -> list[TurnOutput]:
        if self._segmenter.speaking:
            return []
        quiet_from = max(self._reset_at, self._segmenter.now - round(self._segmenter.quiet_s / FRAME_S))
        if (self._segmenter.now - quiet_from) * FRAME_S >= _RESET_AFTER_S:
            # Silero that has heard music or long silence is slow to hear the next word; a fresh one is not.
            self._detector.reset()
            self._reset_at = self._segmenter.now
        waited = self._segmenter.now * FRAME_S
        if self._options.mode == "interactive" and not self._started and waited >= self._options.initial_silence_s:
            body = {
                "Id": uuid.uuid4().hex,
                "RecognitionStatus": "InitialSilenceTimeout",
                **self._times(0, self._segmenter.now),
            }
            return [ServiceMessage("speech.phrase", body), *self._end_turn()]
        return []

    def _end_turn(self) -> list[TurnOutput]:
        if self.ended:
            return []
        self.ended = True
        return [
            ServiceMessage("speech.endDetected", {"Offset": self._ticks(self._segmenter.now)}),
            ServiceMessage("turn.end", {}),
        ]

    def _needed(self) -> int:
        """From where in the stream audio may still be decoded or scored."""
        frames = self._phrase.onset if self._phrase else self._segmenter.now
        return min(frames * self._frame - int(_BEFORE_S * 2 * self._rate), self._scored)

    def _ticks(self, frames: int) -> int:
        return frames * self._frame * TICKS // self._rate

    def _times(self, start: int, end: int) -> dict[str, Any]:
        return {"Offset": self._ticks(start), "Duration": max(0, end - start) * self._frame * TICKS // self._rate}
