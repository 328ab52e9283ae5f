from __future__ import annotations

import math

import pytest

from bench.floor.cases import Case, Purpose
from bench.floor.scoring import Times, Turn, Utterance, Verdict, score, turns_of, words_right
from bench.floor.sources import Made
from voicebot.caller.ear import Mark, Track

TIMES = Times(onset=10.0, offset=12.0, until=16.0)
ANSWER = Case("six", "digits6", "digits", Purpose.ANSWER, Made("x"), value="603927")
OPEN = Case("open", "open", "open", Purpose.ANSWER, Made("x"), value="I lost my card.")
MHM = Case("mhm", "story", "back-channel", Purpose.NO_INTERRUPTION, Made("x"))
STOP = Case("stop", "story", "interruption", Purpose.INTERRUPTION, Made("x"))


def track(*spoken: tuple[float, float]) -> Track:
    """A track of 20 s in which the bot is audible in the intervals ``spoken``."""
    made = Track()
    for frame in range(1000):
        at = frame * 0.02
        made.add(at, Mark.AUDIBLE if any(begin - 1e-9 <= at < end for begin, end in spoken) else Mark.SILENT)
    return made


def turn(asked: float, answered: str, said: str = "words", kind: str = "speech") -> Turn:
    return Turn(kind, asked, said, answered)


def prompt(
    started: float, ended: float, *, heard_s: float | None = None, complete: bool = True, text: str = "Your statement."
) -> Turn:
    heard_s = ended - started if heard_s is None else heard_s
    return Turn("start", 5.0, "", "A story.", (Utterance(text, started, ended, heard_s, complete),))


def test_the_gap_is_from_the_last_audible_sample_to_the_first_of_the_answer() -> None:
    outcome = score(ANSWER, TIMES, track((5, 9), (12.4, 14)), [turn(12.3, "Okay. [603927] Number?")])
    assert outcome.gap_ms == pytest.approx(400, abs=21)
    assert (outcome.verdict, outcome.cut_off, outcome.taken) == (Verdict.RIGHT, False, "603927")


@pytest.mark.parametrize(
    ("turns", "verdict"),
    [
        ([turn(12.3, "Okay. [603920] Number?")], Verdict.WRONG),
        ([turn(12.3, "[no-match] Sorry?")], Verdict.NO_MATCH),
        ([turn(12.3, "[part] And the rest?")], Verdict.NO_MATCH),
        ([turn(12.3, "[part] And the rest?"), turn(14, "Okay. [603927] Number?")], Verdict.RIGHT),
        ([turn(12.3, "[no-match] Sorry?", "", "no-match")], Verdict.NO_MATCH),
        ([turn(12.3, "I heard 603927. Is that right?")], Verdict.ASKED),
        ([turn(12.3, "[part] And the rest?"), turn(14, "I heard 603927. Is that right?")], Verdict.ASKED),
        ([turn(12.3, "I heard 603920. Is that right?")], Verdict.NO_MATCH),
        ([turn(12.3, "I heard 603927. Is that right?"), turn(14, "Okay. [603927] Number?")], Verdict.RIGHT),
        ([turn(12.3, "[agent] An agent. [-] Is that right?")], Verdict.WRONG),
        ([turn(12.3, "[no-input] Are you there?", "", "no-input")], Verdict.NOTHING),
        ([turn(8.0, "Okay. [603927] Number?"), turn(17.0, "Okay. [603927] Number?")], Verdict.NOTHING),
        ([], Verdict.NOTHING),
    ],
)
def test_what_the_bot_took_is_in_its_messages(turns: list[Turn], verdict: Verdict) -> None:
    assert score(ANSWER, TIMES, track((12.4, 14)), turns).verdict is verdict


def test_an_answer_that_begins_while_the_caller_speaks_is_a_cut_off_and_has_no_gap() -> None:
    outcome = score(ANSWER, TIMES, track((11.0, 14)), [turn(10.9, "[part] And the rest?")])
    assert outcome.cut_off
    assert outcome.gap_ms is None


def test_a_bot_that_is_asked_too_early_has_cut_off_the_caller_even_if_it_is_not_heard() -> None:
    assert score(ANSWER, TIMES, track((12.4, 14)), [turn(11.0, "[603927]")]).cut_off
    assert not score(ANSWER, TIMES, track((12.4, 14)), [turn(11.99, "[603927]")]).cut_off


def test_open_speech_is_right_if_most_of_its_words_came() -> None:
    heard = [turn(12.3, "Okay. [I lost my cart] What can I do for you?", "I lost my cart")]
    assert score(OPEN, TIMES, track((12.4, 14)), heard).verdict is Verdict.RIGHT
    cut = [turn(12.3, "Okay. [I] What can I do for you?", "I")]
    assert score(OPEN, TIMES, track((12.4, 14)), cut).verdict is Verdict.NO_MATCH
    assert words_right("a a b", "a b c") == pytest.approx(2 / 3)


def test_a_prompt_that_goes_on_without_a_pause_was_not_interrupted() -> None:
    outcome = score(MHM, TIMES, track((8, 15)), [prompt(8.0, 15.0)])
    assert not (outcome.false_interruption or outcome.resumed or outcome.missed)


def test_a_prompt_that_paused_and_went_on_was_resumed() -> None:
    outcome = score(MHM, TIMES, track((8, 10.1), (10.9, 15.8)), [prompt(8.0, 15.8, heard_s=7.0)])
    assert outcome.resumed
    assert not outcome.false_interruption


def test_a_sound_that_drops_the_prompt_is_a_false_interruption() -> None:
    assert score(MHM, TIMES, track((8, 10.1)), [prompt(8.0, 10.1, complete=False)]).false_interruption


@pytest.mark.parametrize("kind", ["speech", "no-match"])
def test_a_sound_that_reaches_the_bot_is_a_false_interruption(kind: str) -> None:
    turns = [prompt(8.0, 15.0), turn(15.1, "[no-match] Sorry?", kind=kind)]
    assert score(MHM, TIMES, track((8, 15)), turns).false_interruption


def test_the_utterances_that_follow_are_not_the_prompt_that_was_spoken_over() -> None:
    turns = [prompt(8.0, 11.0), prompt(11.1, 13.0, complete=False)]
    assert score(MHM, TIMES, track((8, 13)), [prompt(8.0, 15.0, text="Sorry?")]).problem
    assert not score(MHM, TIMES, track((8, 13)), turns).dropped


def test_an_interruption_stops_the_prompt_and_reaches_the_bot() -> None:
    turns = [prompt(8.0, 10.1, complete=False), turn(12.3, "[no-match] Sorry?")]
    outcome = score(STOP, TIMES, track((8, 10.1), (12.4, 14)), turns)
    assert not outcome.missed
    assert outcome.stop_ms == pytest.approx(100, abs=21)


def test_the_answer_to_the_beginning_of_an_interruption_is_not_the_prompt() -> None:
    turns = [prompt(8.0, 10.1, complete=False), turn(11.0, "Sorry?"), turn(12.3, "[no-match] Sorry?")]
    outcome = score(STOP, TIMES, track((8, 10.1), (11.1, 11.9), (12.4, 14)), turns)
    assert outcome.stop_ms == pytest.approx(100, abs=21)


def test_an_interruption_that_does_not_reach_the_bot_was_missed() -> None:
    assert score(STOP, TIMES, track((8, 15)), [prompt(8.0, 15.0)]).missed
    assert score(STOP, TIMES, track((8, 15)), [prompt(8.0, 15.0), turn(14, "", "", "no-match")]).missed


def test_turns_are_read_from_a_record_on_the_clock_of_the_caller() -> None:
    utterance = {
        "text": "Hello.",
        "first_packet_ms": 300.0,
        "playback_end_ms": 1300.0,
        "heard_s": 1.0,
        "complete": True,
        "failed": None,
    }
    never = {**utterance, "first_packet_ms": None}
    record = {
        "turns": [
            {
                "kind": "start",
                "caller": {"text": ""},
                "bot": {"asked_ms": None, "text": "Hello.", "utterances": [utterance, never]},
            },
            {
                "kind": "speech",
                "ended": "complete",
                "caller": {"text": "yes"},
                "bot": {"asked_ms": 2000.0, "text": "[yes]", "utterances": []},
            },
        ]
    }
    first, second = turns_of(record, 100.0)
    assert math.isnan(first.asked)
    (spoken,) = first.utterances
    assert (spoken.started, spoken.ended) == pytest.approx((100.3, 101.3))
    assert (first.ended, second.ended) == ("", "complete")
    assert (second.asked, second.said, second.answered) == (102.0, "yes", "[yes]")
