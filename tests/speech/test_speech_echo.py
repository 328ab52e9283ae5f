from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from voicebot.audio import LINEAR_16K, PCMA, PCMU, AudioFormat, g711
from voicebot.events import SpeechStarted
from voicebot.speech import VoiceActivity, apology
from voicebot.speech.echo import EchoGuard

FRAME = 160


def voice(seed: int, frames: int = 100, rate: int = 8000) -> NDArray[np.float64]:
    """Something like a voice: harmonics of a gliding pitch, in syllables, with some noise."""
    random = np.random.default_rng(seed)
    time = np.arange(frames * rate // 50) / rate
    pitch = random.uniform(90, 240) * (1 + 0.15 * np.sin(2 * np.pi * random.uniform(0.5, 2) * time))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    sound = sum(random.uniform(0.2, 1) / n * np.sin(n * phase + random.uniform(0, 6)) for n in range(1, 12))
    syllables = 0.5 + 0.5 * np.sin(2 * np.pi * random.uniform(2, 5) * time)
    result: NDArray[np.float64] = 4000 * syllables * (sound + 0.1 * random.standard_normal(len(time)))
    return result


def share_taken(sent: NDArray[np.float64], came: NDArray[np.float64], law: AudioFormat = PCMU) -> float:
    """The share of loud frames of ``came`` that are taken for an echo of ``sent``."""
    guard = EchoGuard(law)
    loud, size = 0, law.frame_samples
    for at in range(0, len(sent), size):
        guard.sent(law.encode(np.clip(sent[at : at + size], -32767, 32767).astype(np.int16)))
        payload = law.encode(np.clip(came[at : at + size], -32767, 32767).astype(np.int16))
        kept = guard.without_echo(payload)
        assert kept in (payload, law.frame_of_silence)
        loud += float(np.mean(came[at : at + size] ** 2)) > 300**2
    return guard.frames / loud


def delayed(sound: NDArray[np.float64], samples: int) -> NDArray[np.float64]:
    return np.concatenate((np.zeros(samples), sound))[: len(sound)]


@pytest.mark.parametrize("law", [PCMU, PCMA], ids=str)
@pytest.mark.parametrize("delay", [0, 1, 333, 2000, 3999])
@pytest.mark.parametrize("gain", [1.0, 0.3])
def test_what_comes_back_is_taken_for_echo_at_any_delay_and_level(law: AudioFormat, delay: int, gain: float) -> None:
    ours = voice(1)
    theirs = delayed(ours, delay) * gain
    assert share_taken(ours, theirs, law) > 0.9


@pytest.mark.parametrize("delay", [0, 1, 2, 333, 7999])
def test_wideband_echo_is_found_between_the_samples_that_are_compared(delay: int) -> None:
    ours = voice(1, rate=16_000)
    assert share_taken(ours, delayed(ours, delay) * 0.3, LINEAR_16K) > 0.9
    assert share_taken(ours, delayed(ours, delay) * 0.3 + voice(2, rate=16_000), LINEAR_16K) < 0.1


def test_a_caller_who_talks_over_the_bot_is_heard() -> None:
    # two gliding pitches may agree for 120 ms by chance; recorded voices did in 0.01 % of their frames
    shares = [share_taken(voice(seed), voice(seed + 1)) for seed in range(2, 62, 2)]
    assert sum(shares) / len(shares) < 0.02


def test_a_caller_is_heard_over_the_echo() -> None:
    ours, theirs = voice(1), voice(2)
    assert share_taken(ours, delayed(ours, 400) * 0.3 + theirs) < 0.1


def test_after_the_bot_has_fallen_silent_everything_is_heard() -> None:
    guard = EchoGuard(PCMU)
    ours = g711.encode(voice(1).astype(np.int16), "PCMU")
    for at in range(0, len(ours), FRAME):
        guard.sent(ours[at : at + FRAME])
    for _ in range(40):
        guard.sent(b"\xff" * FRAME)
    assert guard.without_echo(ours[:FRAME]) == ours[:FRAME]


def on_a_line_that_echoes(audio: AudioFormat, said: bytes, delay: int, guard: EchoGuard | None) -> int:
    """How often a voice is heard to begin where everything said comes back ``delay`` samples later."""
    size = audio.frame_bytes
    heard, begun = VoiceActivity(audio), 0
    heard.gate_dbfs = -40.0
    line = audio.silence(delay) + said
    for at in range(0, len(said) // size * size, size):
        came = line[at : at + size]
        if guard is not None:
            guard.sent(said[at : at + size])
            came = guard.without_echo(came)
        begun += sum(isinstance(event, SpeechStarted) for event in heard.feed(came, at / audio.byte_rate))
    return begun


@pytest.mark.parametrize("recording", ["bot", "speech-service", "transfer", "wait"])
@pytest.mark.parametrize("audio", [PCMU, PCMA, LINEAR_16K], ids=str)
@pytest.mark.parametrize("delay", [0, 1, 160, 333, 1600, 3999])
def test_our_own_voice_on_a_line_that_echoes_at_full_level_is_no_caller(
    recording: str, audio: AudioFormat, delay: int
) -> None:
    said = apology(recording, audio)
    assert on_a_line_that_echoes(audio, said, delay, None) > 0, "it would be taken for a caller"
    guard = EchoGuard(audio)
    assert on_a_line_that_echoes(audio, said, delay, guard) == 0
    assert guard.frames > 30


# --- frame by frame --------------------------------------------------------------------------------------------------


def noise(seed: int, frames: int) -> NDArray[np.float64]:
    """As loud as a voice, in every frame."""
    result: NDArray[np.float64] = 3000 * np.random.default_rng(seed).standard_normal(frames * FRAME)
    return result


def taken(sent: NDArray[np.float64], came: NDArray[np.float64]) -> list[bool]:
    """For each frame: whether it was taken for an echo."""
    guard, result = EchoGuard(PCMU), []
    for at in range(0, len(sent), FRAME):
        guard.sent(PCMU.encode(np.clip(sent[at : at + FRAME], -32767, 32767).astype(np.int16)))
        payload = PCMU.encode(np.clip(came[at : at + FRAME], -32767, 32767).astype(np.int16))
        result.append(guard.without_echo(payload) != payload)
    assert guard.frames == sum(result)
    return result


def half_alike(sent: NDArray[np.float64]) -> NDArray[np.float64]:
    """What agrees with ``sent`` by 0.8: less than an echo does, more than what follows an echo may."""
    return 0.8 * sent + 0.6 * noise(99, len(sent) // FRAME)


def test_a_sound_that_never_pauses_is_guarded_against_as_well() -> None:
    sent = noise(1, 40)
    assert all(taken(sent, sent)[6:])


def test_audio_that_matches_by_half_is_heard() -> None:
    sent = noise(1, 60)
    assert not any(taken(sent, half_alike(sent)))


def test_right_after_an_echo_audio_that_matches_by_half_is_an_echo_too() -> None:
    sent = noise(1, 60)
    came = np.concatenate((sent[: 20 * FRAME], half_alike(sent)[20 * FRAME :]))
    assert all(taken(sent, came)[6:])


@pytest.mark.parametrize(("pause", "echo"), [(4, True), (5, False)])
def test_right_after_is_within_ten_frames(pause: int, echo: bool) -> None:
    """Six frames are compared: half alike is half alike when the last six are."""
    sent, begin = noise(1, 60), 20 + pause
    came = half_alike(sent)
    came[: 20 * FRAME] = sent[: 20 * FRAME]
    came[20 * FRAME : begin * FRAME] = 0
    result = taken(sent, came)
    assert all(result[6:20])
    assert not any(result[20 : begin + 5])
    assert result[begin + 5] is echo
    assert all(result[begin + 5 :]) is echo


@pytest.mark.parametrize(("amplitude", "echo"), [(16, False), (64, True)])
def test_what_was_sent_next_to_inaudibly_is_nobodys_echo(amplitude: int, echo: bool) -> None:
    """A hiss of -66 dBFS that some line is thought to return a hundred times as loud, after words that it did not."""
    signs = np.sign(noise(3, 40))
    sent, came = amplitude * signs, 1600 * signs
    sent[: 5 * FRAME] = noise(4, 5)
    came[: 11 * FRAME] = 0
    assert any(taken(sent, came)[17:30]) is echo


def test_the_sound_that_was_sent_last_is_remembered_for_as_long_as_an_echo_may_take() -> None:
    """Half a second and the 120 ms that are compared: 31 frames."""
    ours = PCMU.encode(noise(1, 6).astype(np.int16))
    for later, compared in ((30, True), (31, False), (40, False)):
        guard = EchoGuard(PCMU)
        for at in range(0, len(ours), FRAME):
            guard.sent(ours[at : at + FRAME])
        for _ in range(later):
            guard.sent(PCMU.frame_of_silence)
        assert bool(guard._audible) is compared


def test_a_quiet_frame_is_passed_on_as_it_came_even_in_the_middle_of_an_echo() -> None:
    guard = EchoGuard(PCMU)
    ours = PCMU.encode(noise(1, 20).astype(np.int16))
    for at in range(0, len(ours), FRAME):
        guard.sent(ours[at : at + FRAME])
        guard.without_echo(ours[at : at + FRAME])
    before = guard.frames
    hiss = PCMU.encode(np.full(FRAME, 8, np.int16))
    guard.sent(ours[:FRAME])
    assert guard.without_echo(hiss) == hiss and guard.frames == before


def test_silence_that_comes_agrees_with_nothing() -> None:
    guard = EchoGuard(PCMU)
    ours = PCMU.encode(noise(1, 10).astype(np.int16))
    for at in range(0, len(ours), FRAME):
        guard.sent(ours[at : at + FRAME])
        assert guard.without_echo(PCMU.frame_of_silence) == PCMU.frame_of_silence
    assert guard.frames == 0 and guard._likeness() == 0.0
