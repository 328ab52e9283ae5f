from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio import Samples
from voicebot.localspeech.engines import Decode, DecodeKind, Transcript
from voicebot.localspeech.options import Options
from voicebot.localspeech.recognition import RecognitionTurn, ServiceMessage, TurnOutput, Void
from voicebot.localspeech.scripted import LevelDetector

RATE = 8000
FRAME = 256
VOICE = np.full(FRAME, 0.5, np.float32)
QUIET = np.zeros(FRAME, np.float32)


class CountingDetector(LevelDetector):
    resets = 0

    def reset(self) -> None:
        self.resets += 1


class Client:
    """Feeds a turn frame by frame; keeps what was sent and what is to be decoded."""

    def __init__(self, **options: Any) -> None:
        self.detector = CountingDetector()
        self.turn = RecognitionTurn(RATE, Options(**options), self.detector)
        self.sent: list[ServiceMessage] = []
        self.decodes: list[Decode] = []
        self.void: list[int] = []

    def take(self, outputs: list[TurnOutput]) -> list[ServiceMessage]:
        fresh = [output for output in outputs if isinstance(output, ServiceMessage)]
        self.sent += fresh
        self.decodes += [output for output in outputs if isinstance(output, Decode)]
        self.void += [output.number for output in outputs if isinstance(output, Void)]
        return fresh

    def hear(self, frame: Samples, count: int) -> list[ServiceMessage]:
        return [message for _ in range(count) for message in self.take(self.turn.audio(frame))]

    def result(self, kind: DecodeKind, text: str, which: int = 0) -> list[ServiceMessage]:
        decode = [decode for decode in self.decodes if decode.kind is kind][which]
        self.decodes.remove(decode)
        return self.take(self.turn.decoded(decode.number, Transcript(text, 0.8)))

    def kinds(self) -> list[DecodeKind]:
        return [decode.kind for decode in self.decodes]

    def paths(self) -> list[str]:
        return [message.path for message in self.sent]


def test_a_word_goes_from_start_over_hypotheses_to_its_phrase() -> None:
    client = Client()
    client.hear(QUIET, 10)
    assert [message.path for message in client.hear(VOICE, 3)] == ["speech.startDetected"]
    client.hear(VOICE, 9)
    assert client.kinds() == [DecodeKind.HYPOTHESIS]
    assert client.result(DecodeKind.HYPOTHESIS, "Bill")[0].body["Text"] == "bill"
    client.hear(QUIET, 8)
    client.result(DecodeKind.FINAL, "Billing.")
    client.hear(QUIET, 10)
    assert client.paths() == ["speech.startDetected", "speech.hypothesis", "speech.hypothesis", "speech.phrase"]
    phrase = client.sent[-1].body
    assert (phrase["RecognitionStatus"], phrase["DisplayText"]) == ("Success", "Billing.")
    assert (phrase["Offset"], phrase["Duration"]) == (10 * 320_000, 12 * 320_000)
    assert phrase["NBest"][0]["Confidence"] == 0.8
    assert phrase["NBest"][0]["Lexical"] == "billing"


def test_a_decode_tells_where_its_audio_begins_in_the_stream_and_what_of_its_end_nobody_has_heard() -> None:
    client = Client()
    stream = np.random.default_rng(1).uniform(0.3, 0.6, 46 * FRAME).astype(np.float32)
    stream[: 10 * FRAME] = stream[34 * FRAME :] = 0.001
    client.hear(QUIET, 30)
    for at in range(0, len(stream), FRAME):
        client.hear(stream[at : at + FRAME], 1)
        if DecodeKind.HYPOTHESIS in client.kinds() and client.decodes[-1].kind is DecodeKind.HYPOTHESIS:
            client.take(client.turn.decoded(client.decodes[-1].number, Transcript("yes", 0.8)))
    whole = np.concatenate((np.zeros(30 * FRAME, np.float32), stream))
    assert {DecodeKind.HYPOTHESIS, DecodeKind.FINAL} == set(client.kinds())
    for decode in client.decodes:
        assert decode.begin == 40 * FRAME - int(0.3 * RATE)
        heard = len(decode.samples) - decode.tail
        assert not decode.samples[heard:].any()
        assert (decode.samples[:heard] == whole[decode.begin :][:heard]).all()


def test_a_hypothesis_is_worth_beginning_only_while_its_phrase_is_being_spoken() -> None:
    client = Client()
    client.hear(VOICE, 12)
    hypothesis = client.decodes[0]
    assert hypothesis.kind is DecodeKind.HYPOTHESIS
    assert hypothesis.wanted()
    client.hear(QUIET, 1)
    assert not hypothesis.wanted()
    client.hear(VOICE, 1)
    assert hypothesis.wanted()
    client.hear(QUIET, 30)
    client.hear(VOICE, 12)
    assert not hypothesis.wanted()


def test_a_commit_in_the_quiet_ends_the_phrase_at_once_and_is_acknowledged() -> None:
    client = Client(segmentation_s=0.8)
    client.hear(VOICE, 6)
    client.hear(QUIET, 8)
    client.result(DecodeKind.FINAL, "Yes.")
    phrase = client.take(client.turn.commit("7"))[0]
    assert (phrase.path, phrase.body["DisplayText"]) == ("speech.phrase", "Yes.")
    assert phrase.body["clientAudioMetadata"] == {"X-Client-Commit-Token": "7"}
    assert client.hear(QUIET, 40) == []


def test_a_commit_before_the_final_result_is_there_sends_it_when_it_comes() -> None:
    client = Client(segmentation_s=0.8)
    client.hear(VOICE, 6)
    client.hear(QUIET, 8)
    assert client.take(client.turn.commit("1")) == []
    assert [message.path for message in client.result(DecodeKind.FINAL, "Yes.")] == ["speech.phrase"]
    assert client.decodes == []


def test_a_commit_cuts_nobody_who_is_speaking_and_does_nothing_where_nobody_is() -> None:
    client = Client(segmentation_s=0.8)
    assert client.turn.commit("1") == []
    client.hear(VOICE, 6)
    assert client.take(client.turn.commit("2")) == []
    client.hear(VOICE, 6)
    client.hear(QUIET, 20)
    assert client.kinds() == [DecodeKind.FINAL, DecodeKind.FINAL]
    assert "speech.phrase" not in client.paths()
    client.hear(QUIET, 20)
    client.result(DecodeKind.FINAL, "One two.", -1)
    assert client.sent[-1].body["DisplayText"] == "One two."


def test_what_nobody_waits_for_any_more_is_void() -> None:
    client = Client(segmentation_s=0.5)
    client.hear(VOICE, 9)
    hypothesis = client.decodes[0].number
    assert not client.void
    client.hear(QUIET, 8)
    assert client.void == [hypothesis]  # the final decode hears all of it
    final = client.decodes[-1].number
    client.hear(VOICE, 3)
    assert client.void == [hypothesis, final]  # the speaker went on


def test_a_final_that_has_come_is_not_void() -> None:
    client = Client(segmentation_s=0.5)
    client.hear(VOICE, 6)
    client.hear(QUIET, 8)
    client.result(DecodeKind.FINAL, "One.")
    client.hear(VOICE, 3)
    assert client.void == []


def test_no_hypothesis_is_asked_for_in_the_quiet_before_the_final() -> None:
    client = Client(segmentation_s=0.5)
    client.hear(VOICE, 6)
    client.hear(QUIET, 2)
    client.hear(VOICE, 20)
    asked = [decode.samples.size for decode in client.decodes]
    client.hear(QUIET, 8)
    assert len(asked) == 1
    assert client.kinds() == [DecodeKind.HYPOTHESIS, DecodeKind.FINAL]


def test_hypotheses_come_every_240_ms_and_of_long_speech_less_often() -> None:
    client = Client()
    asked: list[int] = []
    for frame in range(300):
        client.hear(VOICE, 1)
        if client.decodes:
            asked.append(frame)
            client.result(DecodeKind.HYPOTHESIS, "and")
    gaps = np.diff(asked) * 0.032
    assert max(gaps[:8]) <= 0.26
    assert min(gaps[-3:]) > 0.4


def test_what_a_final_heard_on_suspicion_is_not_heard_again_at_once() -> None:
    client = Client()
    client.turn = RecognitionTurn(RATE, Options(), client.detector, lambda: 0.096)
    client.hear(VOICE, 9)
    client.result(DecodeKind.HYPOTHESIS, "Bill")
    client.hear(VOICE, 4)
    client.hear(QUIET, 4)
    client.hear(VOICE, 2)
    assert client.kinds() == [DecodeKind.FINAL]  # and no hypothesis with 64 ms more
    client.hear(VOICE, 4)
    assert client.kinds() == [DecodeKind.FINAL, DecodeKind.HYPOTHESIS]


def test_who_has_paused_and_gone_on_may_pause_for_longer_in_this_phrase() -> None:
    client = Client()
    client.turn = RecognitionTurn(RATE, Options(), client.detector, lambda: 0.096)
    for quiet in (3, 4, 5, 6, 6):
        client.hear(VOICE, 4)
        finals = client.kinds().count(DecodeKind.FINAL)
        client.hear(QUIET, quiet - 1)
        assert client.kinds().count(DecodeKind.FINAL) == finals
        client.hear(QUIET, 1)
        assert client.kinds().count(DecodeKind.FINAL) == finals + 1


class LateDetector(CountingDetector):
    """Notices the end of a voice some frames late."""

    quiet = 99

    def __init__(self, late: int = 5, least: float = 0.01) -> None:
        self.late, self.least = late, least

    def __call__(self, frame: Samples) -> float:
        self.quiet = 0 if abs(frame).max() > self.least else self.quiet + 1
        return float(self.quiet <= self.late)


def suspicious(hypotheses: bool = False, **options: Any) -> Client:
    """A client whose voice activity is late; the final decode begins where the level falls."""
    client = Client(**options)
    client.detector = LateDetector()
    client.turn = RecognitionTurn(
        RATE, Options(**options), client.detector, lambda: 0.096, lambda: 0.24 if hypotheses else 60.0, lambda: True
    )
    client.hear(QUIET, 30)
    client.hear(VOICE, 10)
    client.decodes.clear()
    client.turn.decoded(1, None)
    return client


FAINT = np.full(FRAME, 0.008, np.float32)
"""The end of a word that voice activity does not hear."""


class Sure(CountingDetector):
    """As sure of a voice in each frame as it is told."""

    score = 0.0

    def __call__(self, _frame: Samples) -> float:
        return self.score


def behind_a_voice(score: float, *, after: int = 0) -> Client:
    """A client that hears, behind a voice and ``after`` frames of quiet, what is much fainter and has ``score``."""
    client, detector = Client(), Sure()
    client.turn = RecognitionTurn(RATE, Options(), detector, lambda: 0.096, lambda: 60.0)
    client.hear(QUIET, 30)
    for frame, told, count in ((VOICE, 1.0, 10), (QUIET, 0.0, after), (FAINT, score, 12), (QUIET, 0.0, 12)):
        detector.score = told
        client.hear(frame, count)
    return client


@pytest.mark.parametrize(("score", "frames"), [(0.0, 10), (0.6, 10), (0.85, 10), (0.9, 22)])
def test_what_is_much_fainter_behind_a_voice_goes_on_with_it_only_if_that_is_sure(score: float, frames: int) -> None:
    client = behind_a_voice(score)
    phrase = client.result(DecodeKind.FINAL, "Yes.", -1)[0]
    assert phrase.path == "speech.phrase"
    assert phrase.body["Duration"] == frames * 320_000


@pytest.mark.parametrize(("after", "score", "phrases"), [(15, 0.6, 1), (15, 0.9, 2), (40, 0.6, 2)])
def test_for_a_second_behind_a_voice_a_faint_one_must_be_sure(after: int, score: float, phrases: int) -> None:
    assert behind_a_voice(score, after=after).kinds().count(DecodeKind.FINAL) == phrases


def test_a_fall_of_the_level_begins_the_final_decode_whose_result_counts_when_the_voice_has_ended() -> None:
    client = suspicious()
    client.hear(QUIET, 1)
    assert client.kinds() == []
    client.hear(QUIET, 1)
    assert client.kinds() == [DecodeKind.FINAL]
    assert [message.path for message in client.result(DecodeKind.FINAL, "Yes.")] == ["speech.hypothesis"]
    covering, phrase = client.hear(QUIET, 40)
    assert (phrase.path, phrase.body["DisplayText"]) == ("speech.phrase", "Yes.")
    assert client.decodes == []
    assert client.void == []
    # when voice activity agrees, the words are known to be all until the end of the phrase
    assert (covering.path, covering.body["Text"]) == ("speech.hypothesis", "yes")
    assert covering.body["Duration"] == phrase.body["Duration"]


def test_a_final_that_was_begun_at_the_fall_may_come_after_the_phrase_has_ended() -> None:
    client = suspicious()
    client.hear(QUIET, 40)
    assert client.kinds() == [DecodeKind.FINAL]
    assert [message.path for message in client.result(DecodeKind.FINAL, "Yes.")] == ["speech.phrase"]


def test_a_commit_takes_what_was_begun_at_the_fall() -> None:
    client = suspicious(segmentation_s=0.8)
    client.hear(QUIET, 3)
    client.result(DecodeKind.FINAL, "Yes.")
    client.take(client.turn.commit("1"))
    assert "speech.phrase" not in client.paths()  # a fall of the level ends nothing
    client.hear(QUIET, 5)
    assert client.sent[-1].body["DisplayText"] == "Yes."


def test_what_was_begun_at_a_fall_is_no_more_than_a_hypothesis_when_the_level_is_back() -> None:
    client = suspicious()
    client.hear(QUIET, 3)
    suspicion = client.decodes[0]
    assert suspicion.wanted()
    client.hear(VOICE, 1)
    assert not suspicion.wanted()  # if it has not begun, it need not
    hypothesis = client.result(DecodeKind.FINAL, "One.")[0]
    assert (hypothesis.path, hypothesis.body["Text"]) == ("speech.hypothesis", "one")
    assert hypothesis.body["Offset"] + hypothesis.body["Duration"] == 42 * 320_000  # with the quiet that it heard
    client.hear(VOICE, 5)
    client.hear(QUIET, 40)
    assert client.kinds() == [DecodeKind.FINAL]
    assert client.result(DecodeKind.FINAL, "One two.")[0].body["DisplayText"] == "One two."


def test_the_faint_end_of_a_word_after_the_fall_is_heard_by_a_decode_of_its_own() -> None:
    client = suspicious()
    client.hear(QUIET, 2)
    first = client.decodes[0]
    client.hear(FAINT, 2)
    client.hear(QUIET, 6)
    assert client.kinds() == [DecodeKind.FINAL, DecodeKind.FINAL]
    assert client.void == [first.number]
    assert client.decodes[1].samples.size > first.samples.size
    assert client.result(DecodeKind.FINAL, "Sick.") == []
    client.hear(QUIET, 30)
    assert client.result(DecodeKind.FINAL, "Six.")[0].body["DisplayText"] == "Six."


def test_what_is_heard_after_the_fall_and_is_no_voice_needs_no_decode_of_its_own() -> None:
    client = suspicious()
    client.turn = RecognitionTurn(RATE, Options(), CountingDetector(), lambda: 0.096, lambda: 60.0, lambda: True)
    client.hear(QUIET, 30)
    client.hear(VOICE, 10)
    client.hear(QUIET, 2)
    client.hear(FAINT, 1)  # voice activity has noticed the end, and hears no voice in it
    client.hear(QUIET, 10)
    assert client.kinds().count(DecodeKind.FINAL) == 1
    assert client.result(DecodeKind.FINAL, "Yes.")[0].body["DisplayText"] == "Yes."


def noise(level: float) -> Samples:
    return np.resize(np.array((level, -level), np.float32), FRAME)


def noisy(late: int = 5) -> Client:
    """Somebody has spoken in noise, and has stopped; voice activity is ``late``, the final decode has begun."""
    client = Client()
    client.turn = RecognitionTurn(RATE, Options(), LateDetector(late, 0.2), lambda: 0.096, lambda: 60.0, lambda: True)
    client.hear(noise(0.04), 90)
    client.hear(VOICE, 10)
    client.decodes.clear()
    client.turn.decoded(1, None)
    client.hear(noise(0.04), 2)
    return client


def test_where_the_level_stays_low_in_noise_the_words_are_said_again_as_all_that_was_heard() -> None:
    client = noisy(late=9)
    before = client.result(DecodeKind.FINAL, "Yes.")[0].body
    assert client.hear(noise(0.04), 2) == []
    again = client.hear(noise(0.04), 2)[0].body  # voice activity still hears a voice
    assert again["Text"] == before["Text"] == "yes"
    assert again["Duration"] == before["Duration"] + 3 * 320_000


def test_what_is_committed_while_voice_activity_hears_a_voice_is_heard_as_well_as_if_it_had_ended() -> None:
    client = Client()
    client.hear(VOICE, 12)
    before = client.decodes.pop()
    client.take(client.turn.commit("1"))
    assert client.void == [before.number]
    assert client.kinds() == [DecodeKind.FINAL]
    assert client.decodes[0].wanted()
    client.hear(VOICE, 3)
    said = client.result(DecodeKind.FINAL, "Hours.")[0]
    assert (said.path, said.body["Text"], said.body["Duration"]) == ("speech.hypothesis", "hours", 12 * 320_000)
    client.hear(VOICE, 12)  # it was no end
    assert client.kinds() == [DecodeKind.HYPOTHESIS]


def test_what_is_committed_is_not_heard_again_where_it_is_being_heard() -> None:
    client = noisy(late=9)
    assert client.turn.commit("1") == []
    client.result(DecodeKind.FINAL, "Hours.")
    again = client.take(client.turn.commit("2"))[0]  # with the quiet after it
    assert (again.path, again.body["Text"], client.decodes) == ("speech.hypothesis", "hours", [])
    assert client.turn.commit("3") == []
    client.hear(noise(0.04), 40)
    assert client.sent[-1].body["DisplayText"] == "Hours."


def test_what_was_doubtful_is_heard_again_when_it_is_committed() -> None:
    client = noisy(late=9)
    client.take(client.turn.decoded(client.decodes.pop().number, Transcript("Our.", 0.2)))
    assert client.turn.commit("1") == []  # nothing more was heard
    client.hear(noise(0.04), 2)
    client.take(client.turn.commit("2"))
    assert client.result(DecodeKind.FINAL, "Hours.")[0].body["Text"] == "hours"


def test_doubtful_words_are_not_said_again() -> None:
    client = noisy(late=9)
    client.take(client.turn.decoded(client.decodes.pop().number, Transcript("Run.", 0.2)))
    assert client.hear(noise(0.04), 6) == []


@pytest.mark.parametrize(("late", "decodes"), [(3, 1), (10, 1), (14, 2)])
def test_in_noise_voice_activity_may_be_late_but_not_by_a_word(late: int, decodes: int) -> None:
    client = noisy(late)
    client.hear(noise(0.09), 3)  # louder than the noise was, but no voice
    client.hear(noise(0.04), 16)
    assert client.kinds().count(DecodeKind.FINAL) == decodes


def test_doubtful_words_are_heard_once_more_with_the_quiet_after_them() -> None:
    client = suspicious()
    client.hear(QUIET, 2)
    client.take(client.turn.decoded(client.decodes.pop().number, Transcript("Run.", 0.2)))
    client.hear(QUIET, 40)
    assert client.result(DecodeKind.FINAL, "Wrong.")[0].body["DisplayText"] == "Wrong."


def test_the_next_fall_after_one_in_vain_must_last_for_longer() -> None:
    client = suspicious()
    client.hear(QUIET, 2)
    client.hear(VOICE, 4)
    client.decodes.clear()
    client.hear(QUIET, 2)
    assert client.kinds() == []
    client.hear(QUIET, 1)
    assert client.kinds() == [DecodeKind.FINAL]


def test_no_hypothesis_is_made_of_what_the_final_hears_since_the_fall() -> None:
    client = suspicious(hypotheses=True)
    client.hear(QUIET, 2)
    client.result(DecodeKind.FINAL, "Yes.")
    client.hear(QUIET, 5)
    assert client.decodes == []


def test_a_slow_model_still_makes_hypotheses_of_many_falls_in_vain() -> None:
    client = suspicious()
    client.hear(QUIET, 3)
    for _ in range(4):  # each of them before a result has come
        client.hear(VOICE, 5)
        client.hear(QUIET, 3)
    client.hear(VOICE, 1)
    first = client.decodes[0].number
    assert client.void == [decode.number for decode in client.decodes[1:]]
    assert client.take(client.turn.decoded(first, Transcript("One.", 0.8)))[0].body["Text"] == "one"


def test_a_hypothesis_that_comes_after_what_was_heard_until_the_fall_is_void() -> None:
    client = suspicious(hypotheses=True)
    client.hear(QUIET, 1)
    client.hear(VOICE, 10)
    client.hear(QUIET, 2)
    assert client.kinds() == [DecodeKind.HYPOTHESIS, DecodeKind.FINAL]
    client.result(DecodeKind.FINAL, "One two.")
    assert client.result(DecodeKind.HYPOTHESIS, "one") == []


def test_without_room_a_fall_of_the_level_begins_nothing() -> None:
    client = suspicious()
    client.turn = RecognitionTurn(RATE, Options(), client.detector, lambda: 0.096, lambda: 60.0, lambda: False)
    client.hear(QUIET, 10)
    client.hear(VOICE, 10)
    client.decodes.clear()
    client.hear(QUIET, 7)
    assert client.decodes == []


def test_a_hypothesis_covers_what_it_heard_not_what_was_said_while_it_was_made() -> None:
    client = Client()
    client.hear(VOICE, 9)
    client.hear(VOICE, 20)
    body = client.result(DecodeKind.HYPOTHESIS, "six oh")[0].body
    assert 0 < body["Offset"] + body["Duration"] <= 9 * 320_000


def test_a_hypothesis_that_comes_in_the_next_phrase_is_void() -> None:
    client = Client()
    client.hear(VOICE, 12)
    client.hear(QUIET, 20)
    client.hear(VOICE, 6)
    assert client.result(DecodeKind.HYPOTHESIS, "six") == []


def test_the_final_is_asked_for_before_the_phrase_has_ended_and_says_itself_as_hypothesis() -> None:
    client = Client(segmentation_s=0.8)
    client.hear(VOICE, 6)
    client.hear(QUIET, 8)
    assert client.kinds() == [DecodeKind.FINAL]
    assert [message.path for message in client.result(DecodeKind.FINAL, "Yes.")] == ["speech.hypothesis"]
    assert [message.path for message in client.hear(QUIET, 20)] == ["speech.phrase"]


def test_a_late_final_goes_out_when_it_comes() -> None:
    client = Client()
    client.hear(VOICE, 6)
    client.hear(QUIET, 40)
    assert client.paths() == ["speech.startDetected"]
    assert [message.path for message in client.result(DecodeKind.FINAL, "Yes.")] == ["speech.phrase"]


def test_a_final_is_void_when_the_speaker_goes_on() -> None:
    client = Client(segmentation_s=0.5)
    client.hear(VOICE, 6)
    client.hear(QUIET, 8)
    client.hear(VOICE, 6)
    assert client.result(DecodeKind.FINAL, "One.") == []
    client.hear(QUIET, 30)
    client.result(DecodeKind.FINAL, "One two.")
    assert [message.body["DisplayText"] for message in client.sent if message.path == "speech.phrase"] == ["One two."]


def test_phrases_go_out_in_the_order_in_which_they_were_spoken() -> None:
    client = Client()
    for _ in range(2):
        client.hear(VOICE, 6)
        client.hear(QUIET, 20)
    assert [decode.phrase for decode in client.decodes if decode.kind is DecodeKind.FINAL] == [0, 1]
    assert client.result(DecodeKind.FINAL, "Second.", which=1) == []
    sent = client.result(DecodeKind.FINAL, "First.")
    assert [message.body["DisplayText"] for message in sent] == ["First.", "Second."]


@pytest.mark.parametrize(
    ("text", "confidence", "said"),
    [("Power.", 0.34, False), ("Power.", 0.9, True), ("Power to the", 0.34, True), ("No power.", 0.5, False)],
)
def test_a_doubtful_hypothesis_is_not_said_where_a_client_would_take_it_for_the_answer(
    text: str, confidence: float, said: bool
) -> None:
    client = Client(expected=("power", "no power", "hours"))
    client.hear(VOICE, 12)
    messages = client.take(client.turn.decoded(client.decodes[0].number, Transcript(text, confidence)))
    assert [message.body["Text"] for message in messages] == ([text.strip(".").lower()] if said else [])
    client.hear(QUIET, 8)
    client.take(client.turn.decoded(client.decodes[-1].number, Transcript("Hours.", 0.5)))
    client.hear(QUIET, 10)
    assert client.sent[-1].body["DisplayText"] == "Hours.", "a result has its confidence with it"


def test_only_one_hypothesis_is_asked_for_at_a_time() -> None:
    client = Client()
    client.hear(VOICE, 100)
    assert client.kinds() == [DecodeKind.HYPOTHESIS]


def test_a_skipped_hypothesis_says_nothing_and_the_next_is_asked_for() -> None:
    client = Client()
    client.hear(VOICE, 10)
    number = client.decodes.pop().number
    assert client.turn.decoded(number, None) == []
    client.hear(VOICE, 20)
    assert client.kinds() == [DecodeKind.HYPOTHESIS]


def test_speech_without_words_is_no_match() -> None:
    client = Client()
    client.hear(VOICE, 6)
    client.hear(QUIET, 20)
    client.result(DecodeKind.FINAL, "")
    assert client.sent[-1].body["RecognitionStatus"] == "NoMatch"
    assert "DisplayText" not in client.sent[-1].body


def test_the_end_of_the_audio_ends_phrase_and_turn_in_order() -> None:
    client = Client()
    client.hear(VOICE, 6)
    client.take(client.turn.end_of_audio())
    assert not client.turn.ended
    client.result(DecodeKind.FINAL, "Bye.")
    assert client.paths()[-3:] == ["speech.phrase", "speech.endDetected", "turn.end"]
    assert client.turn.ended
    assert client.turn.end_of_audio() == []


def test_a_silent_turn_ends_at_once() -> None:
    client = Client()
    client.hear(QUIET, 300)
    client.take(client.turn.end_of_audio())
    assert client.paths() == ["speech.endDetected", "turn.end"]


def test_long_speech_is_cut_into_phrases() -> None:
    client = Client()
    client.hear(VOICE, 1300)
    finals = [decode for decode in client.decodes if decode.kind is DecodeKind.FINAL]
    assert len(finals) == 2
    assert all(len(decode.samples) <= 20 * RATE for decode in finals)


def test_the_audio_of_a_phrase_reaches_a_little_beyond_it() -> None:
    client = Client()
    client.hear(QUIET, 100)
    client.hear(VOICE, 20)
    client.hear(QUIET, 10)
    samples = next(decode for decode in client.decodes if decode.kind is DecodeKind.FINAL).samples
    assert int((samples > 0).sum()) == 20 * FRAME
    assert samples[0] == 0 and samples[-1] == 0


@pytest.mark.parametrize("pause_s", [0.128, 0.2, 0.3])
def test_what_is_decoded_does_not_depend_on_when_the_pause_is_noticed(pause_s: float) -> None:
    def final(pause_s: float) -> Samples:
        client = Client()
        client.turn = RecognitionTurn(RATE, Options(), client.detector, lambda: pause_s)
        client.hear(QUIET, 100)
        client.hear(VOICE, 6)
        client.hear(QUIET, 10)
        return client.decodes[-1].samples

    assert final(pause_s).tolist() == final(0.096).tolist()


def test_a_pause_is_shorter_while_there_is_room() -> None:
    pause_s = 0.2
    client = Client()
    client.turn = RecognitionTurn(RATE, Options(), client.detector, lambda: pause_s)
    client.hear(VOICE, 6)
    client.hear(QUIET, 4)
    assert client.kinds() == []
    pause_s = 0.096
    client.hear(QUIET, 1)
    assert client.kinds() == [DecodeKind.FINAL]


def test_a_phrase_tells_what_may_have_been_said_instead() -> None:
    client = Client()
    client.hear(VOICE, 6)
    client.hear(QUIET, 20)
    heard = Transcript("Yes.", 0.7, (Transcript("Yeah.", 0.2), Transcript("Guess.", 0.1)))
    phrase = client.take(client.turn.decoded(client.decodes[-1].number, heard))[-1]
    assert [(one["Display"], one["Confidence"]) for one in phrase.body["NBest"]] == [
        ("Yes.", 0.7), ("Yeah.", 0.2), ("Guess.", 0.1),
    ]  # fmt: skip
    assert phrase.body["NBest"][1]["Lexical"] == "yeah"


def test_the_detector_is_made_fresh_after_each_two_seconds_of_quiet() -> None:
    client = Client()
    client.hear(QUIET, 130)
    assert client.detector.resets == 2
    client.hear(VOICE, 100)
    assert client.detector.resets == 2


def test_interactive_recognition_ends_with_its_first_phrase() -> None:
    client = Client(mode="interactive")
    client.hear(VOICE, 6)
    client.hear(QUIET, 20)
    client.result(DecodeKind.FINAL, "Yes.")
    assert client.paths()[-3:] == ["speech.phrase", "speech.endDetected", "turn.end"]


def test_interactive_recognition_gives_up_on_silence_and_continuous_does_not() -> None:
    once, always = Client(mode="interactive", initial_silence_s=1.0), Client()
    once.hear(QUIET, 40)
    always.hear(QUIET, 1000)
    assert once.sent[0].body["RecognitionStatus"] == "InitialSilenceTimeout"
    assert once.turn.ended
    assert always.sent == []


def test_the_models_being_hopelessly_late_loses_the_oldest_phrase_not_the_turn() -> None:
    client = Client()
    for _ in range(12):
        client.hear(VOICE, 6)
        client.hear(QUIET, 20)
    statuses = [message.body["RecognitionStatus"] for message in client.sent if message.path == "speech.phrase"]
    assert statuses == ["NoMatch"] * 4


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 700)), max_size=40))
def test_pieces_of_any_size_give_what_whole_frames_give(pieces: list[tuple[bool, int]]) -> None:
    samples = [(VOICE if voiced else QUIET)[0].repeat(size) for voiced, size in pieces]
    pieced, whole = Client(), Client()
    for piece in samples:
        pieced.take(pieced.turn.audio(piece))
    if samples:
        whole.take(whole.turn.audio(np.concatenate(samples)))
    assert [m for m in pieced.sent if m.path == "speech.startDetected"] == [
        m for m in whole.sent if m.path == "speech.startDetected"
    ]
    finals = [
        [(d.phrase, d.samples.tolist()) for d in client.decodes if d.kind is DecodeKind.FINAL]
        for client in (pieced, whole)
    ]
    # The audio after a phrase depends on how much was there when it was asked for: compare what both have.
    assert [phrase for phrase, _ in finals[0]] == [phrase for phrase, _ in finals[1]]


def test_the_context_is_read_as_the_sdk_writes_it() -> None:
    context = {
        "phraseDetection": {"CONVERSATION": {"segmentation": {"segmentationSilenceTimeoutMs": 500}}},
        "phraseOutput": {"format": "Detailed"},
        "dgi": {
            "Groups": [{"Type": "Generic", "Items": [{"Text": "billing"}, {"Text": "outage"}, {"Text": "billing"}]}]
        },
        "continuation": {"previousServiceTag": "abc", "audio": {"streams": {"1": {"offset": "5120000"}}}},
    }
    options = Options.from_context(context, "conversation", {})
    assert options == Options("conversation", 0.5, 5.0, ("billing", "outage"), "abc")


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["phraseDetection", "dgi", "Groups", "Items", "Text", "continuation", "offset", "segmentation"]
            ),
            children,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["phraseDetection", "dgi", "continuation", "phraseOutput"]), json, max_size=4))
def test_an_odd_context_keeps_the_defaults_in_range(context: dict[str, Any]) -> None:
    options = Options.from_context(context, "conversation", {})
    assert 0.1 <= options.segmentation_s <= 5


@pytest.mark.parametrize("value", ["nan", "inf", -1, 10**9, None, "x", [], float("nan")])
def test_a_silence_out_of_range_is_the_default(value: Any) -> None:
    assert Options.from_context({}, "conversation", {"segmentationSilenceTimeoutMs": value}).segmentation_s == 0.35
