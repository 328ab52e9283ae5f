"""The plain course of a call, and its end, on virtual time: each test is a little call."""

from __future__ import annotations

import pytest
from turns_call import Call, kinds

from voicebot.address import Address
from voicebot.events import (
    BotDone,
    BotMessage,
    CallAnswered,
    Final,
    HangUpAsked,
    Hypothesis,
    InputHint,
    KeyPressed,
    LegEnded,
    RecordingAction,
    RecordingAsked,
    RecordingChanged,
    SpeechMayStart,
    SpeechStarted,
    SpeechStopped,
    TransferAsked,
    TransferEnded,
    TurnScored,
)
from voicebot.turns import (
    Ask,
    AskKind,
    Canned,
    FloorState,
    HangUp,
    Pause,
    Play,
    Resume,
    Transfer,
    TurnEnd,
    TurnPolicy,
)

# --- the plain course of a call -------------------------------------------------------------------------------------


def test_the_bot_is_asked_for_its_greeting_before_the_call_is_answered() -> None:
    call = Call()
    assert call.take() == [Ask(1, AskKind.START)]
    call.on(BotMessage(0.0, 1, "Hi", "Hi"))
    assert kinds(call.take()) == [Play]
    assert call.machine.state is FloorState.STARTING
    assert call.on(CallAnswered(0.1)).machine.state is FloorState.SPEAKING


def test_what_the_caller_says_is_asked_when_the_final_is_there_and_it_is_quiet_long_enough() -> None:
    call = Call().waiting().says("My bill please.", 3.0, 4.0, final_after=0.3)
    assert call.asks() == []  # 300 ms after the last sample: a breath may be longer
    assert call.until(4.34).asks() == []
    assert call.until(4.35).asks() == [Ask(2, AskKind.SPEECH, "My bill please.", 0.9, ended=TurnEnd.FINAL)]
    assert call.machine.state is FloorState.THINKING


def test_a_hypothesis_that_covers_the_speech_wins_the_race_when_the_final_is_late() -> None:
    call = Call().waiting()
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.9, "my bill", 3.0, 3.9)).on(SpeechStopped(4.2, 4.0))
    assert call.until(4.44).asks() == []
    assert call.until(4.45).asks() == [Ask(2, AskKind.SPEECH, "my bill", None, ended=TurnEnd.SILENCE)]


def test_the_final_of_a_turn_that_a_hypothesis_ended_is_not_used_again() -> None:
    call = Call().waiting()
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.9, "my bill", 3.0, 4.0)).on(SpeechStopped(4.2, 4.0)).until(4.5)
    call.take()
    call.on(Final(5.0, "My bills.", 3.0, 4.1)).until(8.0)
    assert [a for a in call.asks() if a.kind is AskKind.SPEECH] == []


def test_a_hypothesis_that_does_not_cover_the_last_words_waits_for_patience() -> None:
    call = Call().waiting()
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.6, "to pay my", 3.0, 3.5)).on(SpeechStopped(4.7, 4.5))
    assert call.until(5.69).asks() == []
    assert [a.text for a in call.until(5.7).asks()] == ["to pay my"]


def test_phrases_with_a_short_pause_between_them_are_one_turn() -> None:
    call = Call().waiting()
    call.on(SpeechStarted(3.1, 3.0)).on(SpeechStopped(3.7, 3.5)).on(Final(3.8, "One two three.", 3.0, 3.5))
    call.on(SpeechStarted(3.82, 3.8)).on(SpeechStopped(4.7, 4.5)).on(Final(4.8, "Four five six, please.", 3.8, 4.5))
    assert [a.text for a in call.until(5.0).asks()] == ["One two three. Four five six, please."]


def test_groups_of_digits_with_a_longer_pause_between_them_are_one_turn() -> None:
    call = Call().waiting()
    call.on(SpeechStarted(3.1, 3.0)).on(SpeechStopped(3.7, 3.5)).on(Final(3.9, "830", 3.0, 3.5))
    call.on(SpeechStarted(4.1, 4.0)).on(SpeechStopped(5.2, 5.0)).on(Final(5.4, "166", 4.0, 5.0))
    assert call.until(5.69).asks() == []
    assert [a.text for a in call.until(5.7).asks()] == ["830 166"]


def test_a_number_waits_for_the_final() -> None:
    call = Call().waiting()
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.9, "my number is six oh three one", 3.0, 3.9))
    call.on(SpeechStopped(4.2, 4.0)).on(Final(4.9, "My number is 603137.", 3.0, 4.0))
    assert [a.text for a in call.until(5.0).asks()] == ["My number is 603137."]


def test_a_number_whose_final_does_not_come_is_taken_from_the_hypothesis_in_the_end() -> None:
    call = Call().waiting()
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.9, "60 31", 3.0, 3.9)).on(SpeechStopped(4.2, 4.0))
    assert call.until(6.49).asks() == []
    assert [a.text for a in call.until(6.5).asks()] == ["60 31"]


def test_a_caller_who_goes_on_after_the_hypothesis_was_used_is_asked_only_for_the_rest() -> None:
    call = Call().waiting()
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.9, "I would like it", 3.0, 4.0)).on(SpeechStopped(4.2, 4.0))
    call.until(4.5)
    call.on(SpeechStarted(4.7, 4.6)).on(SpeechStopped(5.7, 5.5))
    call.on(Final(5.9, "I would like it to pay my bill.", 3.0, 5.5)).until(6.0)
    assert [a.text for a in call.asks() if a.kind is AskKind.SPEECH] == ["I would like it", "to pay my bill."]


def test_a_bot_turn_without_messages_gives_the_floor_back() -> None:
    call = Call().waiting().on(KeyPressed(3.0, "1"))
    assert call.asks() == [Ask(2, AskKind.KEY, "1")]
    assert call.on(BotDone(3.1, 2)).machine.state is FloorState.WAITING


def test_messages_are_played_as_they_come_and_the_floor_is_the_callers_after_the_last() -> None:
    call = Call().waiting().says("yes", 3.0, 3.5).until(4.0)
    call.on(BotMessage(4.1, 2, "One moment.", "One moment."))
    assert call.machine.state is FloorState.SPEAKING
    call.heard(5.0)
    assert call.machine.state is FloorState.THINKING  # the bot has not said that it is done
    call.on(BotMessage(5.1, 2, "Here it is.", "Here it is.")).on(BotDone(5.1, 2)).heard(6.0)
    assert call.machine.state is FloorState.WAITING


def test_a_silent_message_is_not_played() -> None:
    call = Call().waiting().on(BotMessage(3.0, 0, "shown only", ""))
    assert call.take() == []


# --- ends ------------------------------------------------------------------------------------------------------------


def test_hang_up_waits_until_the_last_prompt_was_heard_and_nothing_interrupts_it() -> None:
    call = Call().waiting().says("bye", 3.0, 3.3).until(3.8)
    call.on(BotMessage(3.9, 2, "Goodbye.", "Goodbye.")).on(HangUpAsked(3.9)).on(BotDone(3.9, 2))
    call.take()
    call.on(SpeechStarted(4.2, 4.1)).on(Hypothesis(4.4, "bye", 4.1, 4.3)).on(KeyPressed(4.5, "1"))
    assert call.take() == []
    assert call.heard(5.0).take() == [HangUp("completed")]


def test_a_hang_up_that_is_asked_while_the_caller_talks_over_the_prompt_lets_the_prompt_finish() -> None:
    call = Call().answered().on(SpeechStarted(1.1, 1.0)).on(HangUpAsked(1.2))
    assert kinds(call.take()) == [Pause, Resume]
    assert call.heard(2.0).take() == [HangUp("completed")]


def test_a_transfer_waits_for_the_prompt_and_a_refused_one_goes_back_to_the_bot() -> None:
    call = Call().waiting().on(BotMessage(3.0, 0, "I connect you.", "I connect you."))
    call.on(TransferAsked(3.0, Address.parse("+15550100"), {"X-Account": "42"}))
    call.take()
    assert call.heard(4.0).take() == [Transfer(Address.parse("+15550100"), {"X-Account": "42"})]
    assert call.machine.state is FloorState.LEAVING
    call.on(TransferEnded(5.0, False, 486, "Busy Here"))
    assert call.asks() == [
        Ask(2, AskKind.TRANSFER_RESULT, "Busy Here", transfer=TransferEnded(5.0, False, 486, "Busy Here"))
    ]
    assert call.machine.state is FloorState.THINKING


@pytest.mark.parametrize(("asked", "attended"), [(True, True), (False, False), (None, False)])
def test_a_transfer_is_attended_only_where_the_bot_or_the_settings_ask_for_it(
    asked: bool | None, attended: bool
) -> None:
    target = Address.parse("+15550100")
    call = Call().waiting()
    call.take()
    call.on(TransferAsked(3.0, target, {}, asked, "A caller about a bill."))
    assert call.take() == [Transfer(target, {}, attended, "A caller about a bill.")]


def test_a_transfer_that_fails_after_the_bot_has_ended_the_conversation_ends_the_call_with_a_word() -> None:
    call = (
        Call()
        .waiting()
        .on(TransferAsked(3.0, Address.parse("+1")))
        .on(HangUpAsked(3.0))
        .on(TransferEnded(4.0, False, 503, "no"))
    )
    assert call.take()[-1] == Play(2, 0, "", "", "", Canned.GOODBYE, hint=InputHint.IGNORING)
    assert call.heard(5.0).take() == [HangUp("transfer-failed")]


def test_nothing_happens_after_the_leg_has_ended() -> None:
    call = Call().waiting().on(LegEnded(3.0, "caller")).says("hello", 4.0, 4.5).on(KeyPressed(5.0, "1")).until(100.0)
    assert call.take() == []
    assert call.machine.deadline is None


def test_after_the_leg_has_ended_nothing_is_passed_on_either() -> None:
    call = Call().waiting().on(LegEnded(3.0, "caller"))
    call.on(RecordingAsked(3.1, RecordingAction.STOP, "c1")).on(BotMessage(3.2, 0, "Bye", "Bye"))
    call.on(RecordingChanged(3.3, RecordingAction.STOP, "c1"))
    assert call.take() == []


@pytest.mark.parametrize("score", [None, 0.9])
@pytest.mark.parametrize("pause_s", [0.3, 0.42])
def test_who_goes_on_behind_a_statement_of_a_few_words_is_not_cut_off(score: float | None, pause_s: float) -> None:
    call = Call(TurnPolicy(prepare=False)).waiting().on(SpeechStarted(3.1, 3.0)).on(SpeechStopped(3.6, 3.5))
    if score is not None:
        call.on(TurnScored(3.65, 3.5, score))
    call.on(Final(3.7, "I called.", 3.0, 3.5, 0.9))
    again = 3.5 + pause_s
    call.on(SpeechMayStart(again + 0.05, again + 0.15)).on(SpeechStarted(again + 0.1, again))
    assert call.asks() == []
    call.on(SpeechStopped(5.6, 5.5)).on(Final(5.7, "And nobody answered.", again, 5.5, 0.9)).until(7.0)
    assert [ask.text for ask in call.asks() if ask.kind is AskKind.SPEECH] == ["I called. And nobody answered."]
