"""Silence, noise and what fails, on virtual time: each test is a little call."""

from __future__ import annotations

import pytest
from turns_call import POLICY, Call

from voicebot.address import Address
from voicebot.events import (
    BotDone,
    BotFailed,
    BotMessage,
    BotRecovered,
    CallAnswered,
    CallConfigured,
    HangUpAsked,
    HoldEnded,
    HoldStarted,
    Hypothesis,
    KeyPressed,
    NoMatch,
    PlaybackEnded,
    PlaybackFailed,
    RecognitionLost,
    RecognitionRestored,
    SpeechStarted,
    SpeechStopped,
)
from voicebot.turns import (
    Ask,
    AskKind,
    Canned,
    Drop,
    Expect,
    FloorState,
    HangUp,
    Play,
    Transfer,
    TurnEnd,
    TurnPolicy,
)

# --- silence and noise ----------------------------------------------------------------------------------------------


def test_silence_is_told_with_a_count_and_a_word_resets_it() -> None:
    call = Call().waiting().until(2.0 + POLICY.no_input_s)
    assert call.asks() == [Ask(2, AskKind.NO_INPUT, count=1)]
    call.on(BotMessage(9.1, 2, "Still there?", "Still there?")).on(BotDone(9.1, 2)).heard(10.0)
    assert call.until(17.0).asks()[0].count == 2
    call.on(BotDone(17.1, 3)).says("yes", 18.0, 18.5).until(19.0)
    assert call.machine.floor.no_inputs == 0


def test_the_bot_may_set_its_own_patience_and_phrases() -> None:
    call = Call().answered().on(CallConfigured(1.0, ("yes", "no"), 2.5))
    assert call.take() == [Expect(("yes", "no"))]
    call.heard(2.0)
    assert call.until(4.4).asks() == []
    assert call.until(4.5).asks()[0].kind is AskKind.NO_INPUT


def test_endless_silence_ends_the_call_whatever_the_bot_does() -> None:
    call = Call().waiting()
    for request in range(2, 2 + POLICY.max_no_inputs):
        call.until(call.now + POLICY.no_input_s).on(BotDone(call.now, request))
    call.take()
    call.until(call.now + POLICY.no_input_s)
    commands = call.take()
    assert isinstance(commands[0], Play)
    assert commands[0].canned is Canned.GOODBYE
    call.heard(call.now + 1)
    assert call.take() == [HangUp("no-input")]


def test_speech_without_words_is_a_no_match_and_a_short_noise_is_not() -> None:
    call = Call().waiting().on(SpeechStarted(3.1, 3.0)).on(SpeechStopped(4.2, 4.0))
    call.on(NoMatch(4.3, 3.0, 4.0)).until(4.4)
    assert call.asks() == [Ask(2, AskKind.NO_MATCH, count=1, ended=TurnEnd.SILENCE)]
    call.on(BotDone(4.5, 2)).on(SpeechStarted(6.1, 6.0)).on(SpeechStopped(6.3, 6.1))
    call.until(6.1 + POLICY.no_words_ms / 1000)
    assert call.asks() == []
    assert call.machine.state is FloorState.WAITING


def test_a_caller_who_never_stops_is_cut_with_the_words_so_far() -> None:
    call = Call().waiting().on(SpeechStarted(3.1, 3.0)).on(Hypothesis(20.0, "la la la", 3.0, 20.0))
    assert [a.text for a in call.until(3.0 + POLICY.max_turn_s).asks()] == ["la la la"]


# --- failures --------------------------------------------------------------------------------------------------------


def test_a_failed_bot_is_apologised_for_once_and_its_recovery_asks_it_to_go_on() -> None:
    call = Call().waiting().on(KeyPressed(3.0, "1")).on(KeyPressed(3.1, "2"))
    call.take()
    call.on(BotFailed(4.0, 2, "host is gone")).on(BotFailed(4.0, 3, "host is gone"))
    assert [c.canned for c in call.take() if isinstance(c, Play)] == [Canned.BOT]
    call.heard(6.0)
    assert call.on(BotRecovered(7.0)).asks() == [Ask(4, AskKind.RESUME)]


def test_a_bot_that_fails_again_and_again_leads_to_the_fallback() -> None:
    call = Call(TurnPolicy(fallback_transfer=Address.parse("+15550100"))).waiting()
    for i in range(POLICY.max_failures):
        at = 3.0 + 10 * i
        call.on(KeyPressed(at, "1")).on(BotFailed(at + 1, 2 + i, "crashed")).heard(at + 3)
    assert call.take()[-1] == Transfer(Address.parse("+15550100"))


def test_recognition_that_is_absent_at_the_start_gives_an_apology_and_the_fallback() -> None:
    call = Call().on(RecognitionLost(0.0, "refused")).on(CallAnswered(0.1))
    plays = [c for c in call.take() if isinstance(c, Play)]
    assert [p.canned for p in plays] == [Canned.SPEECH_SERVICE]
    assert call.heard(3.0).take() == [HangUp("speech-service")]


def test_without_recognition_at_the_start_nobody_waits_for_a_greeting() -> None:
    call = Call().on(BotMessage(0.1, 1, "welcome", "welcome")).on(RecognitionLost(0.2, "refused"))
    call.on(BotMessage(0.3, 1, "late", "late")).on(CallAnswered(0.4))
    commands = call.take()
    assert Drop() in commands
    assert [c.canned for c in commands[commands.index(Drop()) :] if isinstance(c, Play)] == [Canned.SPEECH_SERVICE]


def test_a_short_outage_of_recognition_is_not_noticed_and_a_long_one_is_told_then_given_up() -> None:
    call = Call(TurnPolicy(no_input_s=60)).waiting().on(RecognitionLost(3.0, "gone")).on(RecognitionRestored(4.0))
    assert call.until(20.0).take() == []
    call.on(RecognitionLost(20.0, "gone")).until(24.0)
    assert [c.canned for c in call.take() if isinstance(c, Play)] == [Canned.WAIT]
    call.heard(25.0).until(36.0)
    assert [c.canned for c in call.take() if isinstance(c, Play)] == [Canned.SPEECH_SERVICE]


def test_silence_during_an_outage_is_not_held_against_the_caller() -> None:
    call = Call().waiting().on(RecognitionLost(8.0, "gone")).until(9.0)
    assert call.asks() == []
    assert call.machine.floor.no_inputs == 0


def test_a_prompt_that_cannot_be_rendered_is_replaced_by_an_apology_and_the_third_leads_to_the_fallback() -> None:
    call = Call().waiting()
    for i in range(POLICY.max_failures):
        at = 3.0 + 5 * i
        call.on(BotMessage(at, 0, "x", "x"))
        call.on(PlaybackFailed(at + 1, call.playing.pop(0), 0.0, "synthesis timed out"))
        last = i == POLICY.max_failures - 1
        apology = Canned.SPEECH_SERVICE if last else Canned.BOT  # nobody is told to call again while the call goes on
        assert [c.canned for c in call.take() if isinstance(c, Play) and c.canned] == [apology]
        call.heard(at + 2)
    assert call.take() == [HangUp("speech-service")]


def test_a_bot_that_thinks_long_is_covered_by_one_moment_please() -> None:
    call = Call().waiting().on(KeyPressed(3.0, "1"))
    call.take()
    call.until(3.0 + POLICY.masking_s)
    assert [c.canned for c in call.take() if isinstance(c, Play)] == [Canned.WAIT]


def test_a_bot_that_fails_while_one_moment_please_is_played_is_apologised_for() -> None:
    call = Call().waiting().on(KeyPressed(3.0, "1")).until(3.0 + POLICY.masking_s)
    call.take()
    call.on(BotFailed(3.1 + POLICY.masking_s, 2, "host is gone"))
    assert [c.canned for c in call.take() if isinstance(c, Play)] == [Canned.BOT]


def test_a_prompt_that_cannot_be_rendered_behind_one_moment_please_is_apologised_for() -> None:
    call = Call().waiting().on(KeyPressed(3.0, "1")).until(3.0 + POLICY.masking_s).on(BotMessage(9.0, 2, "x", "x"))
    call.take()
    call.on(PlaybackFailed(9.1, call.playing.pop(1), 0.0, "no voice"))
    assert [c.canned for c in call.take() if isinstance(c, Play)] == [Canned.BOT]


def test_a_greeting_that_comes_after_recognition_was_lost_is_not_played() -> None:
    call = Call().on(RecognitionLost(0.0, "refused")).on(BotMessage(0.1, 1, "welcome", "welcome"))
    assert [c.canned for c in call.take() if isinstance(c, Play)] == [Canned.SPEECH_SERVICE]


def test_an_apology_that_cannot_be_rendered_brings_no_other() -> None:
    call = Call().waiting().on(KeyPressed(3.0, "1")).on(BotFailed(4.0, 2, "crashed"))
    call.take()
    call.on(PlaybackFailed(4.1, call.playing.pop(0), 0.0, "no voice"))
    assert call.take() == []
    assert call.machine.state is FloorState.WAITING


def test_a_prompt_that_cannot_be_rendered_behind_an_apology_brings_no_other() -> None:
    call = Call().waiting().on(KeyPressed(3.0, "1")).on(BotFailed(4.0, 2, "crashed")).on(BotMessage(4.1, 0, "x", "x"))
    call.take()
    call.on(PlaybackFailed(4.2, call.playing.pop(1), 0.0, "no voice"))
    assert call.take() == []
    assert call.machine.state is FloorState.SPEAKING


def test_nobody_apologises_for_a_last_prompt_that_cannot_be_rendered() -> None:
    call = Call().waiting().on(BotMessage(3.0, 0, "Bye.", "Bye.")).on(HangUpAsked(3.1))
    call.take()
    call.on(PlaybackFailed(3.2, call.playing.pop(0), 0.0, "no voice"))
    assert call.take() == [HangUp("completed")]


def test_nobody_apologises_for_a_bot_that_fails_after_it_has_hung_up() -> None:
    call = Call().waiting().on(BotMessage(3.0, 0, "Bye.", "Bye.")).on(HangUpAsked(3.1))
    call.take()
    assert call.on(BotFailed(3.2, 0, "crashed")).take() == []


def test_a_bot_that_works_in_between_has_not_failed_again_and_again() -> None:
    call = Call().waiting()
    for i in range(POLICY.max_failures):
        at = 3.0 + 10 * i
        call.on(KeyPressed(at, "1")).on(BotFailed(at + 1, 2 + 2 * i, "crashed")).heard(at + 3)
        call.on(KeyPressed(at + 4, "1")).on(BotDone(at + 5, 3 + 2 * i))
    assert not [c for c in call.take() if isinstance(c, HangUp)]


@pytest.mark.parametrize("complete", [True, False])
def test_a_prompt_that_is_played_to_its_end_resets_the_failures_of_synthesis(complete: bool) -> None:
    call = Call().waiting()
    for i in range(POLICY.max_failures):
        at = 3.0 + 5 * i
        call.on(BotMessage(at, 0, "x", "x")).on(PlaybackFailed(at + 1, call.playing.pop(0), 0.0, "no voice"))
        call.heard(at + 2).on(BotMessage(at + 2, 0, "x", "x"))
        call.on(PlaybackEnded(at + 3, call.playing.pop(0), 1.0, complete))
    assert bool([c for c in call.take() if isinstance(c, HangUp)]) is not complete


def test_recognition_that_comes_back_late_is_not_given_up() -> None:
    call = Call(TurnPolicy(no_input_s=60)).waiting().on(RecognitionLost(3.0, "gone")).on(RecognitionLost(5.0, "gone"))
    call.until(7.0).heard(8.0)
    assert [c.canned for c in call.take() if isinstance(c, Play)] == [Canned.WAIT]
    call.on(RecognitionRestored(10.0)).until(40.0)
    assert call.take() == []


def test_nobody_waits_for_recognition_in_a_call_that_is_to_end() -> None:
    call = Call().waiting().on(BotMessage(3.0, 0, "Bye.", "Bye.")).on(HangUpAsked(3.1)).on(RecognitionLost(3.2, "gone"))
    call.take()
    assert call.until(60.0).take() == []
    call = Call().waiting().on(RecognitionLost(3.0, "gone")).on(BotMessage(3.1, 0, "Bye.", "Bye.")).on(HangUpAsked(3.2))
    call.take()
    assert call.until(60.0).take() == []


def test_silence_while_recognition_is_away_is_covered_and_not_counted() -> None:
    call = Call(TurnPolicy(lost_recognition_s=60)).waiting().on(RecognitionLost(3.0, "gone")).until(9.0)
    assert [c.canned for c in call.take() if isinstance(c, Play)] == [Canned.WAIT]
    assert call.machine.floor.no_inputs == 0


def test_on_hold_nobody_is_waited_for() -> None:
    call = Call().waiting().on(HoldStarted(4.0)).until(100.0)
    assert call.take() == []
    call.on(HoldEnded(100.0)).until(104.9)
    assert call.take() == []
    assert [ask.kind for ask in call.until(105.0).asks()] == [AskKind.NO_INPUT]


def test_each_no_match_is_counted_until_something_is_understood() -> None:
    call = Call().waiting()
    for i in (1, 2):
        at = 3.0 * i
        call.on(SpeechStarted(at + 0.1, at)).on(SpeechStopped(at + 1.2, at + 1.0)).on(NoMatch(at + 1.3, at, at + 1.0))
        assert [ask.count for ask in call.until(at + 2).asks() if ask.kind is AskKind.NO_MATCH] == [i]
        call.on(BotDone(at + 2, call.machine.floor.requests.count))
    call.says("yes", 9.0, 9.5).until(10.0)
    assert call.machine.floor.no_matches == 0


@pytest.mark.parametrize(("voiced_s", "told"), [(0.5, 1), (0.49, 0)])
def test_a_noise_of_the_least_length_counts(voiced_s: float, told: int) -> None:
    call = Call(TurnPolicy(min_no_match_s=0.5)).waiting()
    call.on(SpeechStarted(8.1, 8.0)).on(SpeechStopped(8.0 + voiced_s + 0.2, 8.0 + voiced_s))
    assert len(call.until(15.0).asks()) == told
