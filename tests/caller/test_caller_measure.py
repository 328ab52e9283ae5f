from __future__ import annotations

import numpy as np
import pytest

from voicebot.audio import PCMU, g711
from voicebot.caller.ear import Ear, Mark, Track
from voicebot.caller.measure import (
    KEY_HOLE_S,
    AnswerTimes,
    CallFigures,
    Spread,
    answer_after,
    deviations_ms,
    goes_on,
    greeting_ms,
    percentile,
    prompt_stop,
    silence_after_key,
    summary,
)
from voicebot.caller.mouth import Mouth
from voicebot.rtp import Playout


def track(*spoken: tuple[float, float], until: float = 10.0) -> Track:
    """A line on which the bot speaks in the given spans (seconds, both ends included)."""
    line = Track()
    for index in range(round(until / 0.02)):
        at = round(index * 0.02, 3)
        audible = any(start <= at <= end for start, end in spoken)
        line.add(at, Mark.AUDIBLE if audible else Mark.SILENT)
    return line


def test_the_answer_is_the_first_run_that_begins_after_our_speech() -> None:
    assert answer_after(track((0.5, 2.0), (4.3, 6.0)), 3.0) == AnswerTimes(4.3, 4.3)
    assert answer_after(track((0.5, 2.0)), 3.0) == AnswerTimes(None, None)
    assert answer_after(track((0.5, 2.0), (4.3, 6.0)), 3.0, until=4.0) == AnswerTimes(None, None)


def test_a_prompt_that_is_on_is_not_taken_for_the_answer() -> None:
    assert answer_after(track((0.5, 3.5), (5.0, 6.0)), 2.0) == AnswerTimes(5.0, 5.0)


def test_soft_starts_count_for_the_packet_gap_and_not_for_the_audible_one() -> None:
    line = track((4.3, 6.0))
    for index, at in enumerate(line.times):
        if 4.2 <= at < 4.3:
            line.marks[index] = Mark.SOUNDING
    assert answer_after(line, 3.0) == AnswerTimes(4.2, 4.3)


def test_a_greeting_that_overtakes_the_200_is_the_greeting_and_what_was_on_before_is_not() -> None:
    assert greeting_ms(track((4.3, 6.0)), 4.25) == pytest.approx(50)
    assert greeting_ms(track((4.3, 6.0), (8.0, 9.0)), 4.305) == pytest.approx(-5)
    assert greeting_ms(track((4.3, 6.0), (8.0, 9.0)), 4.36) == pytest.approx(-60)
    assert greeting_ms(track((2.0, 6.0), (8.0, 9.0)), 4.3) == pytest.approx(3700)
    assert greeting_ms(track((2.0, 6.0)), 4.3) is None


def test_barge_in_runs_to_the_last_packet_of_the_prompt() -> None:
    # we speak from 2.0 to 3.0; the prompt stops at 2.2, the answer begins at 3.6
    line = track((1.0, 2.2), (3.6, 5.0))
    assert prompt_stop(line, 2.0, 3.0) == pytest.approx(2.2)


def test_a_prompt_that_pauses_under_our_voice_and_goes_on_has_not_stopped() -> None:
    assert prompt_stop(track((1.0, 2.2), (2.6, 2.9)), 2.0, 3.0) == pytest.approx(2.9)


def test_a_prompt_that_outlives_our_utterance_stops_where_it_stops() -> None:
    assert prompt_stop(track((1.0, 5.0)), 2.0, 3.0) == pytest.approx(5.0)


def test_talking_into_a_breath_of_the_prompt_is_a_barge_in_that_took_no_time() -> None:
    assert prompt_stop(track((1.0, 1.9)), 2.0, 3.0) == 2.0


def test_nothing_was_interrupted_when_nothing_was_being_said() -> None:
    assert prompt_stop(track((0.5, 1.0), (4.0, 5.0)), 2.0, 3.0) is None


def test_a_key_is_followed_by_silence() -> None:
    assert silence_after_key(track((1.0, 2.04)), 2.0) == pytest.approx(0.04)
    assert silence_after_key(track((1.0, 1.5)), 2.0) == 0.0


def test_the_answer_to_a_key_may_follow_at_once() -> None:
    line = track((1.0, 2.02), (2.1, 4.0))
    assert silence_after_key(line, 2.0) == pytest.approx(0.02)
    assert answer_after(line, 2.0, hole_s=KEY_HOLE_S) == AnswerTimes(2.1, 2.1)


def test_deviation_is_from_20_ms_either_way() -> None:
    assert list(deviations_ms([0.0, 0.02, 0.045, 0.06])) == pytest.approx([0.0, 5.0, 5.0], abs=1e-4)
    assert not deviations_ms([1.0])


def test_percentiles_are_by_the_nearest_rank() -> None:
    values = [float(n) for n in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1.0)) == (50.0, 99.0, 100.0)
    assert percentile([7.0], 0.01) == 7.0 and percentile([], 0.5) is None
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(3, 2.0, 3.0, 3.0, 3.0)
    assert Spread.of([]) == Spread(0, None, None, None, None)


def test_a_bot_that_cuts_in_is_counted_and_does_not_flatter_the_gap() -> None:
    figures = CallFigures()
    assert figures.add_gap(3.0, AnswerTimes(3.4, 3.5)) == pytest.approx(400)
    assert figures.add_gap(5.0, AnswerTimes(4.8, 4.9)) == pytest.approx(-200)
    assert figures.add_gap(9.0, AnswerTimes(None, None)) is None
    assert figures.gaps_ms == pytest.approx([400]) and figures.audible_gaps_ms == pytest.approx([500])
    assert figures.cut_ins == 1


def test_an_interruption_that_does_not_stop_the_prompt_is_counted() -> None:
    figures = CallFigures()
    assert figures.add_barge_in(3.0, 4.0, 3.2) == pytest.approx(200)
    assert figures.missed_barge_ins == 0
    assert figures.add_barge_in(6.0, 7.0, 7.0) == pytest.approx(1000)
    assert figures.missed_barge_ins == 1
    assert summary([figures, CallFigures()])["missed_barge_ins"] == 1


@pytest.mark.parametrize(
    ("spoken", "on"),
    [
        ([(1.0, 5.0)], True),
        ([(1.0, 2.1), (2.9, 5.0)], True),  # it was paused, and went on
        ([(1.0, 2.1), (3.4, 5.0)], True),
        ([(1.0, 2.1), (4.6, 5.0)], False),  # that is something else
        ([(1.0, 2.1)], False),
    ],
)
def test_a_prompt_goes_on_if_it_sounds_soon_after_what_is_no_interruption(
    spoken: list[tuple[float, float]], on: bool
) -> None:
    assert goes_on(track(*spoken), 2.5) is on


def test_a_summary_spreads_over_the_turns_of_all_calls() -> None:
    one = CallFigures(answer_ms=10, gaps_ms=[100, 300], packets=5)
    two = CallFigures(answer_ms=None, gaps_ms=[200], packets=6, cut_ins=1)
    total = summary([one, two])
    assert total["gap_ms"] == {"count": 3, "p50": 200, "p95": 300, "p99": 300, "max": 300}
    assert total["answer_ms"]["count"] == 1 and total["packets"] == 11 and total["cut_ins"] == 1


@pytest.mark.parametrize("phase_s", [0.0, 0.005, 0.011, 0.0199])
@pytest.mark.parametrize("transit_s", [0.0, 0.03])
def test_the_known_delay_of_an_answerer_is_measured_to_the_frame(phase_s: float, transit_s: float) -> None:
    """Mouth, wire, answerer, wire, ear, on virtual time: it beeps 300 ms after the last voiced packet came."""
    playout, ear = Playout(PCMU), Ear(PCMU)
    mouth = Mouth(playout)
    voice = g711.encode((np.sin(np.arange(4000) * 0.3) * 6000).astype(np.int16), "PCMU")
    spoken = mouth.say("hello", PCMU.frame_of_silence * 10 + voice + PCMU.frame_of_silence * 20)
    reply_at = float("inf")
    for tick in range(150):
        left = tick * 0.02
        frame = playout.next_frame(left)
        mouth.sent(frame, left)
        if frame != PCMU.frame_of_silence:
            reply_at = left + transit_s + 0.3
        back = left + phase_s  # the answerer's own 20 ms clock
        ear.frame(voice[:160] if back >= reply_at else PCMU.frame_of_silence, back + transit_s)

    assert spoken.onset == pytest.approx(0.2) and spoken.offset == pytest.approx(0.2 + 0.48)
    answer = answer_after(ear.track, spoken.onset)
    assert answer.first_packet is not None
    expected = 0.3 + 2 * transit_s
    assert expected <= answer.first_packet - spoken.offset + 1e-9 <= expected + 0.0201
