"""The bot's own voice on lines that return it: loud and faint, soon and late, through codecs and noise."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from heard_alone import heard_alone
from numpy.typing import NDArray

from voicebot.audio import LINEAR_16K, PCMA, PCMU, AudioFormat
from voicebot.audio.codecs import CODECS
from voicebot.events import SpeechStarted
from voicebot.speech import EchoGuard, VoiceActivity, apology
from voicebot.speech.echo_path import TAPS, EchoPath, best_match
from voicebot.speech.voice_decision import Whose, callers

Signal = NDArray[np.float64]


def voice(seed: int, seconds: float = 2.0, rate: int = 8000) -> Signal:
    """Something like a voice, -1 to 1: harmonics of a gliding pitch, in syllables, with some noise."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    pitch = random.uniform(90, 240) * (1 + 0.15 * np.sin(2 * np.pi * random.uniform(0.5, 2) * time))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    sound = sum(random.uniform(0.2, 1) / n * np.sin(n * phase + random.uniform(0, 6)) for n in range(1, 12))
    syllables = 0.5 + 0.5 * np.sin(2 * np.pi * random.uniform(2, 5) * time)
    result: Signal = 0.12 * syllables * (sound + 0.1 * random.standard_normal(len(time)))
    return result


def hiss(seed: int, dbfs: float, samples: int) -> Signal:
    result: Signal = 10 ** (dbfs / 20) * np.random.default_rng(seed).standard_normal(samples)
    return result


def delayed(sound: Signal, samples: float) -> Signal:
    """``samples`` later; also by a part of a sample."""
    size = 1 << (len(sound) + int(samples) + 64).bit_length()
    spectrum = np.fft.rfft(sound, size)
    turned = spectrum * np.exp(-2j * np.pi * np.arange(len(spectrum)) * samples / size)
    result: Signal = np.fft.irfft(turned, size)[: len(sound)]
    return result


def encoded(sound: Signal, audio: AudioFormat) -> bytes:
    return audio.encode(np.clip(np.round(sound * 32768), -32767, 32767).astype(np.int16))


def decoded(payload: bytes, audio: AudioFormat) -> Signal:
    return audio.floats(payload).astype(np.float64)


def through(name: str, payload: bytes, audio: AudioFormat) -> bytes:
    """What a codec leaves of a stream."""
    codec, size = CODECS[name], audio.frame_bytes
    encode, decoder = codec.encoder(audio), codec.decoder(audio)
    if encode is None or decoder is None:
        return payload
    return b"".join(decoder.decode(encode(payload[at : at + size])) for at in range(0, len(payload) - size + 1, size))


def recording(kind: str, audio: AudioFormat) -> bytes:
    """A recorded voice, in whole frames, and what a pause after it sounds like."""
    said = apology(kind, audio)
    return said[: len(said) // audio.frame_bytes * audio.frame_bytes]


@dataclass
class Heard:
    starts: list[float] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    removed: int = 0


def heard(said: bytes, came: bytes, audio: AudioFormat, *, guarded: bool = True) -> Heard:
    """What voice activity detection hears on a line over which ``came`` comes while ``said`` is sent."""
    guard, size, result = EchoGuard(audio), audio.frame_bytes, Heard()
    activity = VoiceActivity(audio, gate_dbfs=-42.0, whose=guard.whose if guarded else callers)
    for number, at in enumerate(range(0, len(came) - size + 1, size)):
        guard.sent(said[at : at + size] or audio.frame_of_silence)
        frame = guard.without_echo(came[at : at + size])
        activity.bot_speaks = True
        events = heard_alone(activity, frame if guarded else came[at : at + size], (number + 1) / 50)
        result.starts += [event.at for event in events if isinstance(event, SpeechStarted)]
        result.frames.append(frame)
    result.removed = guard.frames
    return result


def returned(
    said: bytes, audio: AudioFormat, *, delay: float, gain_db: float, noise_dbfs: float = -65.0, codec: str = ""
) -> bytes:
    """What a line returns of ``said``, ``delay`` seconds later."""
    sound = decoded(through(codec, said, audio) if codec else said, audio)
    came = delayed(sound, delay * audio.rate) * 10 ** (gain_db / 20) + hiss(1, noise_dbfs, len(sound))
    payload = encoded(came, audio)
    return through(codec, payload, audio) if codec else payload


LINES = [(PCMU, ""), (PCMA, ""), (LINEAR_16K, "G722"), (LINEAR_16K, "OPUS")]


@pytest.mark.parametrize(("audio", "codec"), LINES, ids=str)
@pytest.mark.parametrize(
    ("gain_db", "delay"),
    [(0, 0.0), (0, 0.17333), (-3, 0.48), (-10, 0.0201), (-20, 0.25), (-30, 0.1)],
)
def test_the_bots_own_voice_is_no_caller(audio: AudioFormat, codec: str, gain_db: float, delay: float) -> None:
    for kind in ("bot", "transfer"):
        said = recording(kind, audio)
        came = returned(said, audio, delay=delay, gain_db=gain_db, codec=codec)
        assert heard(said, came, audio).starts == [], kind


def test_without_the_guard_it_would_be_a_caller() -> None:
    said = recording("bot", PCMU)
    assert heard(said, returned(said, PCMU, delay=0.1, gain_db=-10), PCMU, guarded=False).starts


@pytest.mark.parametrize("noise_dbfs", [-45, -60, -90])
@pytest.mark.parametrize("gain_db", [0, -16])
def test_noise_on_the_line_hides_no_echo(noise_dbfs: float, gain_db: float) -> None:
    said = recording("speech-service", PCMU)
    came = returned(said, PCMU, delay=0.0777, gain_db=gain_db, noise_dbfs=noise_dbfs)
    assert heard(said, came, PCMU).starts == []


@pytest.mark.parametrize("audio", [PCMU, PCMA, LINEAR_16K], ids=str)
def test_of_a_known_path_nothing_is_left_of_the_echo(audio: AudioFormat) -> None:
    said = recording("speech-service", audio)
    result = heard(said, returned(said, audio, delay=0.1, gain_db=-6, noise_dbfs=-90), audio)
    loud = [at for at, frame in enumerate(result.frames) if not audio.is_quiet(frame)]
    assert result.removed > 80
    assert all(at < 50 for at in loud), "when it has been found, and that is in the first second"


def test_an_echo_that_begins_after_a_pause_or_goes_on_after_the_prompt_is_one_too() -> None:
    audio, pause = PCMU, PCMU.silence(8000)
    said = recording("wait", audio) + pause + recording("bot", audio) + pause
    result = heard(said, returned(said, audio, delay=0.45, gain_db=-6), audio)
    assert result.starts == []
    begin = len(recording("wait", audio)) / 8000 + 0.6
    assert sum(not audio.is_quiet(frame) for at, frame in enumerate(result.frames) if at / 50 > begin) == 0


def test_the_faint_end_of_an_echo_in_noise_is_no_caller() -> None:
    audio, pause = PCMU, PCMU.silence(8000)
    for kind in ("bot", "transfer", "wait", "speech-service"):
        said = recording(kind, audio) + pause
        came = returned(said, audio, delay=0.38, gain_db=-24, noise_dbfs=-50)
        guard = EchoGuard(audio)
        activity = VoiceActivity(audio, gate_dbfs=-42.0, whose=guard.whose)
        for at in range(0, len(came) - 159, 160):
            guard.sent(said[at : at + 160])
            activity.bot_speaks, activity.echo_may_come = at < len(said) - len(pause), guard.audible
            assert heard_alone(activity, guard.without_echo(came[at : at + 160]), at / 8000 + 0.02) == []


def test_the_delay_and_the_gain_may_change_in_the_call() -> None:
    audio, pause = PCMU, PCMU.silence(4000)
    said = recording("speech-service", audio) + pause
    lines = [(0.05, -3), (0.05, -12), (0.21, -12), (0.07, 0)]
    came = b"".join(returned(said, audio, delay=delay, gain_db=gain) for delay, gain in lines)
    assert heard(said * len(lines), came, audio).starts == []


def test_frames_that_come_in_pairs_make_no_difference() -> None:
    audio, size = PCMU, PCMU.frame_bytes
    said = recording("speech-service", audio)
    came = returned(said, audio, delay=0.1, gain_db=-6)
    guard = EchoGuard(audio)
    activity = VoiceActivity(audio, gate_dbfs=-42.0, whose=guard.whose)
    activity.bot_speaks = True
    for at in range(0, len(said) - 2 * size, 2 * size):
        guard.sent(said[at : at + size])
        guard.sent(said[at + size : at + 2 * size])
        for begin in (at, at + size):
            assert heard_alone(activity, guard.without_echo(came[begin : begin + size]), begin / 8000 + 0.02) == []
    assert guard.frames > 80


# --- callers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("audio", [PCMU, LINEAR_16K], ids=str)
@pytest.mark.parametrize("gain_db", [None, -30, -20, -10, -6])
@pytest.mark.parametrize("quieter", [0.0, -6.0])
def test_a_caller_is_heard_over_the_prompt_and_over_its_echo(
    audio: AudioFormat, gain_db: float | None, quieter: float
) -> None:
    """As soon as without an echo, to 100 ms."""
    said = recording("speech-service", audio)
    begin, caller = 1.5, decoded(recording("wait", audio), audio) * 10 ** (quieter / 20)
    alone = np.zeros(len(said) // audio.width)
    room = len(alone) - round(begin * audio.rate)
    alone[-room:][: len(caller)] = caller[:room]
    sooner = heard(said, encoded(alone, audio), audio).starts[0]
    if gain_db is None:
        assert begin < sooner < begin + 0.35
        return
    came = encoded(decoded(returned(said, audio, delay=0.12, gain_db=gain_db), audio) + alone, audio)
    starts = heard(said, came, audio).starts
    assert starts and begin < starts[0] < sooner + 0.1


def test_the_same_voice_with_other_words_is_a_caller() -> None:
    said, other = recording("speech-service", PCMU), recording("transfer", PCMU)
    size = min(len(said), len(other)) // PCMU.frame_bytes * PCMU.frame_bytes
    starts = heard(said[:size], other[:size], PCMU).starts
    alone = heard(PCMU.silence(size), other[:size], PCMU).starts
    assert starts and starts[0] <= alone[0] + 0.1


def test_after_the_bot_has_fallen_silent_everything_is_heard() -> None:
    guard, ours = EchoGuard(PCMU), encoded(voice(1), PCMU)
    for at in range(0, len(ours), 160):
        guard.sent(ours[at : at + 160])
        guard.without_echo(ours[at : at + 160])
    assert guard.whose(0.2) is Whose.BOT and guard.audible
    for _ in range(40):
        guard.sent(PCMU.frame_of_silence)
    assert not guard.audible and guard.whose(0.2) is Whose.CALLER
    assert guard.without_echo(ours[:160]) == ours[:160]


def test_the_sound_that_was_sent_last_is_remembered_for_as_long_as_an_echo_may_take() -> None:
    for later, audible in ((24, True), (25, False)):
        guard = EchoGuard(PCMU)
        guard.sent(encoded(hiss(1, -20, 160), PCMU))
        for _ in range(later):
            guard.sent(PCMU.frame_of_silence)
        assert guard.audible is audible


# --- how alike -------------------------------------------------------------------------------------------------------


def guard_with(sent: Signal, came: Signal) -> EchoGuard:
    guard = EchoGuard(PCMU)
    for at in range(0, len(sent), 160):
        guard.sent(encoded(sent[at : at + 160], PCMU))
        guard.without_echo(encoded(came[at : at + 160], PCMU))
    return guard


@pytest.mark.parametrize(
    ("likeness", "span_s", "whose"),
    [
        (0.85, 0.1, Whose.BOT), (0.6, 0.1, Whose.UNSURE), (0.4, 0.1, Whose.CALLER),
        (0.7, 0.2, Whose.UNSURE), (0.53, 0.2, Whose.UNSURE),
        (0.65, 0.3, Whose.BOT), (0.49, 0.3, Whose.CALLER), (0.4, 0.3, Whose.CALLER),
    ],
)  # fmt: skip
def test_of_what_is_half_alike_nobody_knows_whose_it_is_until_there_is_more_of_it(
    likeness: float, span_s: float, whose: Whose
) -> None:
    ours, other = hiss(1, -20, 4800), hiss(2, -20, 4800)
    guard = guard_with(ours, likeness * ours + (1 - likeness**2) ** 0.5 * other)
    assert guard.whose(span_s) is whose


@pytest.mark.parametrize("likeness", [0.6, 0.85])
@pytest.mark.parametrize("span_s", [0.1, 0.3])
@pytest.mark.parametrize(
    ("before_db", "noise_dbfs", "callers"),
    [(None, -90.0, True), (None, -38.0, True), (0.0, -90.0, False), (-3.0, -38.0, False)],
    ids=str,
)
def test_on_a_line_that_has_returned_nothing_what_is_half_alike_is_the_caller(
    likeness: float, span_s: float, before_db: float | None, noise_dbfs: float, callers: bool
) -> None:
    size = round((span_s + 0.1) * 8000) // 160 * 160
    ours, other = hiss(1, -20, 12_000), hiss(2, -20, 12_000)
    came = hiss(3, noise_dbfs, 12_000)
    if before_db is not None:
        came += 10 ** (before_db / 20) * ours
    came[-size:] = likeness * ours[-size:] + (1 - likeness**2) ** 0.5 * other[-size:]
    assert (guard_with(ours, came).whose(span_s) is Whose.CALLER) is callers


def test_a_prompt_that_has_just_begun_may_come_back_for_the_first_time() -> None:
    ours, other = hiss(1, -20, 12_000), hiss(2, -20, 12_000)
    ours[:-1600] = 0.0
    came = 0.6 * ours + 0.8 * other
    came[:-1600] = 0.0
    assert guard_with(ours, came).whose(0.1) is Whose.UNSURE


def test_a_clear_echo_may_begin_in_the_middle_of_a_prompt() -> None:
    ours, came = hiss(1, -20, 12_000), np.zeros(12_000)
    came[-1600:] = 0.3 * ours[-1600:]
    assert guard_with(ours, came).whose(0.1) is Whose.BOT


def test_a_copy_is_found_where_it_is() -> None:
    ours = hiss(1, -20, 4000).astype(np.float32)
    for delay in (0, 1, 777, 2976):
        found = best_match(ours, 0.1 * ours[len(ours) - 1024 - delay : len(ours) - delay])
        assert found.delay == delay and found.likeness == pytest.approx(1.0, abs=1e-3)


def test_silence_is_like_nothing() -> None:
    ours = hiss(1, -20, 4000).astype(np.float32)
    assert best_match(ours, np.zeros(1024, np.float32)).likeness == 0.0
    assert best_match(np.zeros(4000, np.float32), ours[:1024]).likeness == 0.0


def test_what_was_sent_next_to_inaudibly_is_nobodys_echo() -> None:
    faint = hiss(1, -75, 4000).astype(np.float32)
    assert best_match(faint, 300 * faint[1000:2024]).likeness < 0.4


# --- the path --------------------------------------------------------------------------------------------------------


def test_a_path_explains_a_filtered_copy_and_leaves_the_caller() -> None:
    sent = voice(1, 1.0).astype(np.float32)
    response = np.zeros(TAPS, np.float32)
    response[[5, 9, 20]] = 0.4, -0.2, 0.05
    came = np.convolve(sent, response[::-1], "valid").astype(np.float32)
    path = EchoPath(sent[: 1024 + TAPS - 1], came[:1024])
    assert path.left < 0.01
    for at in range(1024, 4096, 160):
        rest = path.without(sent[at : at + 160 + TAPS - 1], came[at : at + 160])
        path.learn(sent[at : at + 160 + TAPS - 1], came[at : at + 160], rest)
    caller = voice(2, 0.02).astype(np.float32)
    rest = path.without(sent[4096 : 4256 + TAPS - 1], came[4096:4256] + caller)
    assert np.mean((rest.samples - caller) ** 2) < 0.1 * np.mean(caller**2)


def test_a_path_that_no_longer_returns_anything_takes_nothing_away() -> None:
    sent = hiss(1, -20, 1024 + TAPS - 1).astype(np.float32)
    path = EchoPath(sent, sent[10 : 10 + 1024])
    caller = hiss(2, -30, 160).astype(np.float32)
    rest = path.without(hiss(3, -20, 160 + TAPS - 1).astype(np.float32), caller)
    assert rest.rest > 0.9 * float(np.dot(caller, caller))
