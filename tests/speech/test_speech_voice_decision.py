from __future__ import annotations

import pytest

from voicebot.events import SpeechStarted, SpeechStopped
from voicebot.speech.voice_decision import LEAD_S, TRAIL_S, SpeechEvent, VoiceDecision, Whose

WINDOW = 0.032


def run(decision: VoiceDecision, probabilities: list[float], levels: float | list[float] = -20.0) -> list[SpeechEvent]:
    """Feed windows from time 0 on; what came of it."""
    events: list[SpeechEvent] = []
    for number, probability in enumerate(probabilities):
        level = levels[number] if isinstance(levels, list) else levels
        events += decision.window(number * WINDOW, (number + 1) * WINDOW, probability, level)
    return events


QUIET = [0.01]
VOICE = [0.9]


@pytest.mark.parametrize(
    ("start_ms", "voiced", "starts"),
    [
        *((64, 1, False), (64, 2, True), (96, 2, False), (96, 3, True), (32, 1, True), (100, 3, False), (100, 4, True)),
        *((65, 2, False), (65, 3, True)),
    ],
)
def test_speech_starts_when_voice_has_lasted(start_ms: float, voiced: int, starts: bool) -> None:
    events = run(VoiceDecision(start_ms=start_ms), QUIET * 5 + VOICE * voiced + QUIET)
    assert bool(events) is starts
    if starts:
        started = events[0]
        assert isinstance(started, SpeechStarted)
        assert started.onset == pytest.approx(5 * WINDOW - LEAD_S)
        assert started.at == pytest.approx((5 + voiced) * WINDOW)


@pytest.mark.parametrize(
    ("probabilities", "starts"),
    [
        ([0.9, 0.4, 0.9], True),  # an undecided window continues a run
        ([0.9, 0.35, 0.9], True),  # that is undecided
        ([0.9, 0.34, 0.9], False),  # an unvoiced one ends it
        ([0.4, 0.4, 0.4, 0.4], False),  # undecided ones begin none
        ([0.5, 0.5, 0.5], False),  # "more than" one half
    ],
)
def test_what_counts_as_a_run(probabilities: list[float], starts: bool) -> None:
    assert bool(run(VoiceDecision(start_ms=96), probabilities)) is starts


def test_speech_stops_after_the_hangover_and_says_where_it_ended() -> None:
    decision = VoiceDecision(start_ms=64, hangover_ms=200)
    events = run(decision, VOICE * 10 + QUIET * 7)
    stopped = events[1]
    assert isinstance(stopped, SpeechStopped)
    assert stopped.offset == pytest.approx(10 * WINDOW - TRAIL_S)
    assert stopped.at == pytest.approx(17 * WINDOW)
    assert not decision.speaking and decision.onset is None


@pytest.mark.parametrize("quiet", range(1, 200, 7))
def test_sums_of_floats_make_no_difference(quiet: int) -> None:
    """Windows of 32 ms: two of them are 64 ms and seven are 224, wherever they begin."""
    started, stopped = run(VoiceDecision(start_ms=64, hangover_ms=224), QUIET * quiet + VOICE * 2 + QUIET * 7)
    assert started.at == pytest.approx((quiet + 2) * WINDOW)
    assert stopped.at == pytest.approx((quiet + 9) * WINDOW)


def test_where_speech_began_and_ended_is_said_to_some_ten_milliseconds() -> None:
    """The detector is sure of a voice one window late, and for 50 ms too long: medians over recordings."""
    started, stopped = run(VoiceDecision(), QUIET * 10 + VOICE * 10 + QUIET * 10)
    assert isinstance(started, SpeechStarted)
    assert started.onset == pytest.approx(0.288)
    assert isinstance(stopped, SpeechStopped)
    assert stopped.offset == pytest.approx(0.590)


def test_a_short_pause_does_not_end_speech() -> None:
    assert len(run(VoiceDecision(), VOICE * 5 + QUIET * 2 + VOICE * 5)) == 1


def test_undecided_windows_keep_speech_going() -> None:
    assert len(run(VoiceDecision(), VOICE * 5 + [0.4] * 50)) == 1


@pytest.mark.parametrize(("probability", "level", "goes_on"), [
    (0.4, -30.0, True), (0.65, -30.0, True), (0.4, -31.0, False), (0.65, -31.0, False), (0.66, -31.0, True),
    (0.66, -42.0, True), (0.66, -43.0, False), (0.85, -43.0, False), (0.86, -43.0, True),
])  # fmt: skip
def test_what_is_much_fainter_than_the_voice_is_the_noise_behind_it_unless_it_is_surely_a_voice(
    probability: float, level: float, goes_on: bool
) -> None:
    decision = VoiceDecision(hangover_ms=96, fading_dbfs=-30.0, faded_dbfs=-42.0)
    events = run(decision, VOICE * 5 + [probability] * 9, [-20.0] * 5 + [level] * 9)
    assert [event.at for event in events[1:2]] == ([] if goes_on else [pytest.approx(8 * WINDOW)])


def test_the_gate_stops_quiet_voice_from_starting_but_not_from_going_on() -> None:
    decision = VoiceDecision(gate_dbfs=-35.0)
    assert run(decision, VOICE * 20, -40.0) == []
    decision = VoiceDecision(gate_dbfs=-35.0)
    events = run(decision, VOICE * 20, [-20.0] * 3 + [-60.0] * 17)
    assert [type(event) for event in events] == [SpeechStarted]


def test_the_gate_may_change_at_any_time() -> None:
    decision = VoiceDecision(gate_dbfs=-35.0)
    assert run(decision, VOICE * 5, -40.0) == []
    decision.gate_dbfs = None
    assert len(run(decision, VOICE * 5, -40.0)) == 1


def test_the_gate_looks_at_the_mean_power_of_128_ms() -> None:
    """The beginnings of words are quiet."""
    words, moments = [-50.0, -40.0, -30.0, -25.0], [-50.0, -50.0, -34.0, -50.0] * 5
    assert [event.at for event in run(VoiceDecision(gate_dbfs=-35.0), VOICE * 4, words)] == [pytest.approx(3 * WINDOW)]
    assert run(VoiceDecision(gate_dbfs=-35.0), VOICE * 20, moments) == []


def test_where_a_voice_must_be_sure_the_mean_decides() -> None:
    kitchen, quiet_start = [0.54, 0.59, 0.51, 0.48, 0.42, 0.43], [0.52, 0.55, 0.95]
    assert len(run(VoiceDecision(), kitchen)) == 1
    assert run(VoiceDecision(least_mean=0.6), kitchen) == []
    assert [event.at for event in run(VoiceDecision(least_mean=0.6), quiet_start)] == [pytest.approx(3 * WINDOW)]


def test_what_was_too_quiet_is_not_the_beginning_of_a_voice_that_follows() -> None:
    (started,) = run(VoiceDecision(gate_dbfs=-35.0), VOICE * 30, [-50.0] * 25 + [-20.0] * 5)
    assert isinstance(started, SpeechStarted)
    assert started.at == pytest.approx(26 * WINDOW)
    assert started.onset >= 21 * WINDOW - LEAD_S, "to 128 ms"


def test_an_echo_starts_nothing_and_what_may_be_one_waits() -> None:
    answers = iter([Whose.UNSURE, Whose.UNSURE, Whose.BOT, Whose.UNSURE, Whose.CALLER])
    asked: list[float] = []

    def whose(voice_s: float) -> Whose:
        asked.append(voice_s)
        return next(answers)

    (started,) = run(VoiceDecision(whose=whose), VOICE * 7)
    assert asked == [pytest.approx(windows * WINDOW) for windows in (2, 3, 4, 2, 3)]
    assert isinstance(started, SpeechStarted)
    assert started.at == pytest.approx(7 * WINDOW)
    assert started.onset == pytest.approx(4 * WINDOW - LEAD_S)


def test_nobody_is_asked_about_what_is_too_quiet() -> None:
    def whose(voice_s: float) -> Whose:
        raise AssertionError

    assert run(VoiceDecision(whose=whose, gate_dbfs=-35.0), VOICE * 7, -40.0) == []


def test_a_far_voice_does_not_keep_a_turn_open() -> None:
    decision = VoiceDecision(gate_dbfs=-45.0, faint_dbfs=-45.0)
    _, stopped = run(decision, VOICE * 60, [-25.0] * 20 + [-50.0] * 40)
    assert isinstance(stopped, SpeechStopped)
    assert stopped.offset == pytest.approx(20 * WINDOW - TRAIL_S)
    assert stopped.at == pytest.approx(36 * WINDOW)


def test_a_faint_end_of_a_word_is_still_the_word() -> None:
    events = run(VoiceDecision(faint_dbfs=-45.0), VOICE * 28 + QUIET * 3, [-25.0] * 20 + [-50.0] * 8 + [-70.0] * 3)
    assert isinstance(events[1], SpeechStopped)
    assert events[1].offset == pytest.approx(28 * WINDOW - TRAIL_S)


@pytest.mark.parametrize(("level", "starts"), [(-35.0, True), (-35.1, False)])
def test_the_gate_lets_in_what_is_as_loud_as_it_says(level: float, starts: bool) -> None:
    assert bool(run(VoiceDecision(gate_dbfs=-35.0), VOICE * 5, level)) is starts


def test_speech_that_comes_again_is_reported_again() -> None:
    events = run(VoiceDecision(), (VOICE * 5 + QUIET * 10) * 3)
    assert [type(event) for event in events] == [SpeechStarted, SpeechStopped] * 3


@pytest.mark.parametrize(("hangover_ms", "quiet", "stops"), [
    (200, 6, False), (200, 7, True), (224, 6, False), (224, 7, True), (225, 7, False), (225, 8, True),
])  # fmt: skip
def test_speech_stops_when_quiet_has_lasted(hangover_ms: float, quiet: int, stops: bool) -> None:
    events = run(VoiceDecision(hangover_ms=hangover_ms), VOICE * 10 + QUIET * quiet)
    assert [type(event) for event in events] == [SpeechStarted, *[SpeechStopped] * stops]


def test_half_a_millisecond_less_than_is_wanted_is_enough() -> None:
    """In windows whose times are exact."""
    decision, window = VoiceDecision(start_ms=125.5, hangover_ms=125.5), 0.0625
    probabilities = [0.9, 0.9, 0.01, 0.01]
    events = [bool(decision.window(n * window, (n + 1) * window, p, -20.0)) for n, p in enumerate(probabilities)]
    assert events == [False, True, False, True]


@pytest.mark.parametrize(("probability", "goes_on"), [(0.35, True), (0.34, False)])
def test_speech_goes_on_as_long_as_it_is_not_unvoiced(probability: float, goes_on: bool) -> None:
    assert (len(run(VoiceDecision(), VOICE * 5 + [probability] * 20)) == 1) is goes_on


def test_while_there_is_speech_no_run_is_under_way_and_the_last_voice_is_known() -> None:
    decision = VoiceDecision()
    run(decision, VOICE * 5)
    assert decision.speaking and decision.onset is None and decision.last_voice == pytest.approx(5 * WINDOW)
    run(decision, QUIET * 1)
    assert decision.speaking


def test_more_than_half_a_millisecond_less_is_not_enough() -> None:
    window = 0.0625
    decision = VoiceDecision(start_ms=125.6, hangover_ms=125.6)
    probabilities = [0.9, 0.9, 0.9, 0.01, 0.01, 0.01]
    events = [bool(decision.window(n * window, (n + 1) * window, p, -20.0)) for n, p in enumerate(probabilities)]
    assert events == [False, False, True, False, False, True]


def test_two_windows_of_voice_are_speech_and_three_of_quiet_its_end_where_nothing_else_is_set() -> None:
    assert len(run(VoiceDecision(), VOICE * 1)) == 0 and len(run(VoiceDecision(), VOICE * 2)) == 1
    assert len(run(VoiceDecision(), VOICE * 2 + QUIET * 2)) == 1
    assert len(run(VoiceDecision(), VOICE * 2 + QUIET * 3)) == 2
