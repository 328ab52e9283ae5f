"""What a call hears of real voices: frames in; events, and what the recogniser gets, out."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
from call_world import RULES, Ears, no_calls
from numpy.typing import NDArray

from voicebot.audio import LINEAR_16K, PCMA, PCMU, AudioFormat
from voicebot.bots import Conversation
from voicebot.calls import AudioFiles, CallServices, Keeping
from voicebot.calls.hearing import Hearing
from voicebot.calls.playback import PromptAudio
from voicebot.events import Event, NoMatch, SpeechDoubted, SpeechStarted, SpeechStopped
from voicebot.speech import apology

Signal = NDArray[np.float64]


class Timed(Ears):
    """A recogniser that keeps what it gets, with the times."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        super().__init__(on_event)
        self.times: list[float] = []

    def write(self, payload: bytes, at: float, *, urgent: bool = True) -> None:
        super().write(payload, at, urgent=urgent)
        self.times.append(at)


class Call:
    """``say`` is sent and ``hear`` comes, for as long as the longer of them lasts."""

    def __init__(self, audio: AudioFormat) -> None:
        self.audio = audio
        self.events: list[Event] = []
        self.number = 0

        def recognizer(_audio: AudioFormat, on_event: Callable[[Event], None], _language: str) -> Timed:
            self.ears = Timed(on_event)
            return self.ears

        services = CallServices(
            recognizer=recognizer,
            conversation=lambda _facts, _tell: cast(Conversation, None),
            score_turn=lambda _heard, _audio, _answer: None,
            audio=cast(PromptAudio, AudioFiles()),
            rules=RULES,
            keeping=Keeping(None, False, False),
            place=no_calls,
        )
        self.hearing = Hearing(audio, services, self.events.append, logging.LoggerAdapter(logging.getLogger(__name__)))

    def pass_time(self, say: bytes = b"", hear: bytes = b"", *, listening: bool = True) -> None:
        size, silence = self.audio.frame_bytes, self.audio.frame_of_silence
        self.hearing.gate(bool(say))
        for at in range(0, max(len(say), len(hear)) - size + 1, size):
            self.number += 1
            self.hearing.sent(say[at : at + size] if at + size <= len(say) else silence)
            frame = hear[at : at + size] if at + size <= len(hear) else silence
            self.hearing.frame(frame, self.number / 50, muted=not listening)

    @property
    def starts(self) -> list[SpeechStarted]:
        return [event for event in self.events if isinstance(event, SpeechStarted)]

    @property
    def audible(self) -> list[int]:
        """The numbers of the frames that the recogniser got, and that are not silent."""
        got = zip(self.ears.written, self.ears.times, strict=True)
        return [round(at * 50) for frame, at in got if frame != self.audio.frame_of_silence]


def recorded(kind: str, audio: AudioFormat, db: float = 0.0) -> bytes:
    samples = audio.decode(apology(kind, audio)) * 10 ** (db / 20)
    return audio.encode(
        np.clip(samples[: len(samples) // audio.frame_samples * audio.frame_samples], -32767, 32767).astype(np.int16)
    )


def mixed(audio: AudioFormat, *signals: bytes) -> bytes:
    length = max(len(signal) for signal in signals) // audio.width
    total = np.zeros(length)
    for signal in signals:
        samples = audio.decode(signal)
        total[: len(samples)] += samples
    return audio.encode(np.clip(total, -32767, 32767).astype(np.int16))


def hiss(audio: AudioFormat, frames: int, dbfs: float) -> bytes:
    noise = np.random.default_rng(1).standard_normal(frames * audio.frame_samples) * 32768 * 10 ** (dbfs / 20)
    return audio.encode(noise.astype(np.int16))


FORMATS = pytest.mark.parametrize("audio", [PCMU, PCMA, LINEAR_16K], ids=str)


@FORMATS
@pytest.mark.parametrize("db", [0, -10, -20, -30])
@pytest.mark.parametrize("delay_ms", [0, 33, 460])
def test_nothing_of_the_bots_own_echo_reaches_the_recogniser(audio: AudioFormat, db: float, delay_ms: int) -> None:
    call = Call(audio)
    said = recorded("bot", audio) + audio.silence(audio.rate) + recorded("transfer", audio)
    back = audio.silence(audio.rate * delay_ms // 1000) + recorded("bot", audio, db)
    back += audio.silence(audio.rate) + recorded("transfer", audio, db)
    call.pass_time(said, mixed(audio, back, hiss(audio, len(back) // audio.frame_bytes, -60)))
    assert call.starts == [] and call.audible == []


@FORMATS
@pytest.mark.parametrize("before", ["silence", "noise", "the caller"])
@pytest.mark.parametrize("delay_ms", [0, 200])
def test_nor_of_a_prompt_that_begins_later(audio: AudioFormat, before: str, delay_ms: int) -> None:
    call, second = Call(audio), audio.silence(audio.rate)
    answered = recorded("transfer", audio) + audio.silence(audio.rate // 5)
    call.pass_time(b"", {"silence": second, "noise": hiss(audio, 50, -50), "the caller": answered}[before])
    begin, said = call.number, recorded("bot", audio)
    call.pass_time(said, audio.silence(audio.rate * delay_ms // 1000) + said)
    assert [at for at in call.audible if at > begin] == []
    assert [event for event in call.starts if event.at > begin / 50] == []


@FORMATS
def test_of_an_interruption_the_recogniser_gets_the_beginning(audio: AudioFormat) -> None:
    call, begin = Call(audio), 60
    caller = recorded("transfer", audio, -6)
    voiced = next(at for at in range(50) if not audio.is_quiet(caller[at * audio.frame_bytes :][: audio.frame_bytes]))
    call.pass_time(recorded("speech-service", audio), audio.silence(begin * audio.frame_samples) + caller)
    assert call.starts[0].at < (begin + voiced) / 50 + 0.25
    assert call.audible[0] <= begin + voiced + 1, "from its first loud frame on"
    assert min(call.audible[:20]) > begin - 5


@FORMATS
def test_each_frame_is_written_once_with_its_time(audio: AudioFormat) -> None:
    call = Call(audio)
    call.pass_time(recorded("speech-service", audio), audio.silence(audio.rate) + recorded("bot", audio))
    call.pass_time(b"", audio.silence(2 * audio.rate))
    assert [round(at * 50) for at in call.ears.times] == list(range(1, call.number + 1))
    assert all(len(frame) == audio.frame_bytes for frame in call.ears.written)


def test_while_the_bot_is_silent_nothing_is_held_back() -> None:
    call = Call(PCMU)
    call.pass_time(b"", hiss(PCMU, 50, -50))
    assert len(call.audible) == 50 and call.ears.times[-1] == 1.0


def test_what_comes_right_after_the_prompt_is_heard_from_its_beginning() -> None:
    call, said = Call(PCMU), recorded("bot", PCMU)
    call.pass_time(said)
    begin = call.number
    call.pass_time(b"", recorded("transfer", PCMU, -6))
    assert call.starts and call.audible[0] <= begin + 12
    assert call.starts[0].at < begin / 50 + 0.35


def test_a_caller_who_mumbles_the_answer_to_a_question_is_heard() -> None:
    call, caller = Call(PCMU), recorded("transfer", PCMU)
    for _ in range(3):
        call.pass_time(b"", caller + PCMU.silence(8000))
    call.pass_time(recorded("bot", PCMU))
    before, begin = len(call.starts), call.number
    call.pass_time(b"", recorded("transfer", PCMU, -14) + PCMU.silence(8000))
    assert len(call.starts) > before and [at for at in call.audible if at > begin]


def test_faint_sounds_over_the_prompt_reach_nobody_and_after_it_the_recogniser() -> None:
    call = Call(PCMU)
    said = recorded("speech-service", PCMU)
    call.pass_time(said, recorded("transfer", PCMU, -35))
    assert call.starts == [] and call.audible == []
    call.pass_time(b"", PCMU.silence(8000) + recorded("transfer", PCMU, -22))
    assert call.audible


def test_a_far_television_reaches_nobody_once_the_caller_is_known() -> None:
    call, caller = Call(PCMU), recorded("transfer", PCMU)
    far = recorded("speech-service", PCMU, -30)
    for _ in range(3):
        call.pass_time(b"", caller + PCMU.silence(8000))
    stops = sum(isinstance(event, SpeechStopped) for event in call.events)
    assert len(call.starts) == stops
    before, begin = len(call.starts), call.number
    call.pass_time(b"", far)
    call.pass_time(recorded("wait", PCMU), far)
    assert len(call.starts) == before and [at for at in call.audible if at > begin + 30] == []
    call.pass_time(b"", mixed(PCMU, caller + PCMU.silence(8000), far[: len(caller) + 8000]))
    assert isinstance(call.events[-1], SpeechStopped), "nor does it keep the turn open"


def test_before_the_recogniser_finishes_the_phrase_it_gets_what_is_held_back() -> None:
    call = Call(PCMU)
    call.pass_time(recorded("bot", PCMU)[: 160 * 10])
    assert call.ears.times == []
    call.hearing.commit()
    assert len(call.ears.times) == 10 and call.ears.commits == 1


def test_what_is_not_listened_to_is_silence_also_for_the_recogniser() -> None:
    call = Call(PCMU)
    call.pass_time(b"", recorded("bot", PCMU), listening=False)
    assert call.starts == [] and call.audible == [] and call.ears.times


def test_the_recogniser_hears_all_of_the_silence_that_ends_a_phrase_at_once() -> None:
    call = Call(PCMU)
    call.pass_time(recorded("speech-service", PCMU), PCMU.silence(8000) + recorded("bot", PCMU, -6)[:8000])
    stopped = [event.at for event in call.events if isinstance(event, SpeechStopped)]
    assert stopped
    assert [round(at * 50) for at in call.ears.times[: round(stopped[-1] * 50)]][-1] == round(stopped[-1] * 50)


def after_the_caller(db: float, sayings: int = 3) -> Call:
    """A call whose caller has spoken at ``db``."""
    call = Call(PCMU)
    for _ in range(sayings):
        call.pass_time(b"", recorded("transfer", PCMU, db) + PCMU.silence(8000))
    call.pass_time(PCMU.silence(160))
    call.ears.written.clear()
    call.ears.times.clear()
    call.events.clear()
    return call


@pytest.mark.parametrize("caller_db", [0, -10])
@pytest.mark.parametrize("sayings", [1, 3])
@pytest.mark.parametrize("below", [-14, -18, -25])
def test_other_voices_over_a_prompt_reach_nobody(caller_db: float, sayings: int, below: float) -> None:
    call = after_the_caller(caller_db, sayings)
    call.pass_time(recorded("speech-service", PCMU), PCMU.silence(4000) + recorded("bot", PCMU, caller_db + below))
    assert call.audible == []
    assert not any(isinstance(event, SpeechDoubted) for event in call.events)
    ends = [event for event in call.events if isinstance(event, SpeechStopped | NoMatch)]
    assert [type(event) for event in ends] == [SpeechStopped, NoMatch] * len(call.starts), "so the prompt goes on"


@pytest.mark.parametrize("caller_db", [0, -10])
@pytest.mark.parametrize("below", [0, -3, -6])
def test_a_caller_who_is_less_loud_than_before_interrupts_at_once(caller_db: float, below: float) -> None:
    call = after_the_caller(caller_db)
    call.pass_time(recorded("speech-service", PCMU), PCMU.silence(4000) + recorded("transfer", PCMU, caller_db + below))
    assert call.starts[0].at - call.starts[0].onset < 0.2
    assert call.audible, "and the recogniser gets what was said"
    first = round((call.starts[0].onset) * 50)
    assert call.audible[0] <= first + 3
    assert not any(isinstance(event, NoMatch) for event in call.events)


def test_somebody_else_who_goes_on_after_the_prompt_is_not_the_caller_then() -> None:
    call, other = after_the_caller(0), recorded("speech-service", PCMU, -14)
    call.pass_time(recorded("bot", PCMU)[:16000], other[:16000])
    if call.starts:
        call.pass_time(b"", other[16000:])
        assert len(call.starts) <= 2 and call.audible == []


# --- what is written at once -----------------------------------------------------------------------------------------


@FORMATS
def test_what_is_written_is_urgent_from_before_a_voice_is_speech_until_it_has_ended(audio: AudioFormat) -> None:
    call, second = Call(audio), audio.silence(audio.rate)
    call.pass_time(b"", second + recorded("transfer", audio) + second)
    stops = [event.at for event in call.events if isinstance(event, SpeechStopped)]
    spoken = list(zip([start.at for start in call.starts], stops, strict=True))
    for at, urgent in zip(call.ears.times, call.ears.urgent, strict=True):
        if any(start <= at < stop for start, stop in spoken):
            assert urgent
        elif urgent:
            assert any(start - 0.12 < at < start for start, _ in spoken)
    assert any(call.ears.urgent[at] for at in range(50, round(spoken[0][0] * 50)))


@FORMATS
def test_nothing_is_urgent_while_the_bot_speaks_and_its_echo_comes_back(audio: AudioFormat) -> None:
    call, said = Call(audio), recorded("bot", audio)
    call.pass_time(said, said)
    assert call.ears.urgent and sum(call.ears.urgent) < 20
