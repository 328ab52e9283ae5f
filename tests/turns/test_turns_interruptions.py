"""Who interrupts whom, by voice and by keys, on virtual time: each test is a little call."""

from __future__ import annotations

import pytest
from turns_call import POLICY, Call, kinds

from voicebot.address import Address
from voicebot.events import (
    BotDone,
    BotMessage,
    CallConfigured,
    Final,
    HangUpAsked,
    Hypothesis,
    InputHint,
    KeyPressed,
    NoMatch,
    PlaybackEnded,
    SpeechDoubted,
    SpeechStarted,
    SpeechStopped,
    TransferAsked,
    TransferEnded,
)
from voicebot.turns import (
    Ask,
    AskKind,
    Drop,
    FloorState,
    Pause,
    Play,
    Resume,
    TurnPolicy,
)

# --- barge-in --------------------------------------------------------------------------------------------------------


def test_a_voice_pauses_the_prompt_and_words_drop_all_of_it() -> None:
    call = Call().answered()
    call.on(BotMessage(0.1, 0, "And more.", "And more."))
    call.take()
    call.on(SpeechStarted(1.1, 1.0))
    assert kinds(call.take()) == [Pause]
    assert call.machine.state is FloorState.YIELDING
    call.on(Hypothesis(1.3, "my", 1.0, 1.2)).on(Hypothesis(1.5, "my bill", 1.0, 1.4))
    assert call.machine.state is FloorState.CALLER
    commands = call.take()
    assert kinds(commands) == [Drop, Ask]
    interrupted = commands[1]
    assert isinstance(interrupted, Ask)
    assert interrupted.kind is AskKind.INTERRUPTED
    assert interrupted.text == "Welcome. How"
    assert interrupted.heard_s == 1.0


def test_a_cough_pauses_the_prompt_and_it_goes_on() -> None:
    call = Call().answered().on(SpeechStarted(1.1, 1.0)).on(SpeechStopped(1.5, 1.3))
    call.take()
    call.until(2.09)
    assert call.take() == []
    call.until(2.1)
    assert kinds(call.take()) == [Resume]
    assert call.machine.state is FloorState.SPEAKING


def test_a_no_match_over_a_prompt_resumes_it_at_once() -> None:
    call = Call().answered().on(SpeechStarted(1.1, 1.0)).on(SpeechStopped(1.5, 1.3)).on(NoMatch(1.7, 1.0, 1.3))
    assert kinds(call.take()) == [Pause, Resume]


def test_noise_that_does_not_end_holds_a_prompt_up_only_for_so_long_and_only_once() -> None:
    call = Call().answered().on(SpeechStarted(1.1, 1.0))
    call.take()
    call.until(1.1 + POLICY.max_yield_s)
    assert kinds(call.take()) == [Resume]
    call.on(SpeechStopped(6.0, 5.8)).on(SpeechStarted(7.0, 6.9))
    assert call.take() == []  # now only words interrupt this prompt
    call.on(Hypothesis(7.5, "an agent", 6.9, 7.4))
    assert Drop in kinds(call.take())


def test_words_interrupt_although_voice_activity_missed_them() -> None:
    call = Call().answered().on(Hypothesis(1.5, "wait", 1.0, 1.4))
    assert kinds(call.take())[0] is Drop


def test_several_words_that_no_other_result_confirms_pause_the_prompt_and_drop_it_in_the_end() -> None:
    call = Call().answered().on(Hypothesis(1.5, "my bill", 1.0, 1.4))
    assert kinds(call.take()) == [Pause]
    assert Drop in kinds(call.until(2.4).take())


def test_our_own_words_coming_back_as_an_echo_interrupt_nothing_and_are_no_answer() -> None:
    call = Call().answered("Welcome. How can I help?")
    call.on(Hypothesis(1.5, "how can I", 1.0, 1.4)).on(Final(1.9, "How can I help?", 1.0, 1.8)).until(4.0)
    assert call.take() == []
    call.heard(4.0).until(5.0)
    assert call.asks() == []


@pytest.mark.parametrize("hint", [InputHint.IGNORING, InputHint.IGNORING_SPEECH])
def test_a_prompt_that_ignores_speech_is_not_interrupted_and_what_is_said_over_it_no_answer(hint: InputHint) -> None:
    call = Call().answered(hint=hint).says("yes", 1.0, 1.5).until(1.9)
    assert call.take() == []
    call.heard(2.0).until(2.0 + POLICY.no_input_s - 0.1)
    assert call.asks() == []
    assert call.machine.state is FloorState.WAITING


def test_with_barge_in_off_no_prompt_is_interrupted_by_speech() -> None:
    call = Call(TurnPolicy(barge_in=False)).answered().on(SpeechStarted(1.1, 1.0)).on(Final(1.9, "stop", 1.0, 1.5))
    assert call.take() == []


def test_messages_of_a_dropped_turn_that_come_later_are_not_played() -> None:
    call = Call().waiting().says("hours", 3.0, 3.5).until(4.0)
    call.on(BotMessage(4.1, 2, "We are open.", "We are open."))
    call.on(SpeechStarted(5.1, 5.0)).on(Hypothesis(5.4, "stop", 5.0, 5.3))
    call.take()
    call.on(BotMessage(5.5, 2, "From nine to five.", "From nine to five."))
    assert call.take() == []


def test_a_reply_that_comes_while_the_caller_goes_on_speaking_is_held_and_dropped_for_the_new_words() -> None:
    call = Call().waiting().says("a question", 3.0, 3.5).until(4.0)
    call.on(SpeechStarted(4.1, 4.0)).on(BotMessage(4.2, 2, "Pardon?", "Pardon?")).on(BotDone(4.2, 2))
    assert call.machine.state is FloorState.YIELDING
    call.on(SpeechStopped(5.2, 5.0)).on(Final(5.3, "my bill", 4.0, 5.0)).until(6.0)
    assert [a.text for a in call.asks() if a.kind is AskKind.SPEECH] == ["a question", "my bill"]


def test_a_reply_that_comes_during_a_cough_is_played_after_it() -> None:
    call = Call().waiting().says("my bill", 3.0, 3.5).until(4.0)
    call.on(SpeechStarted(4.1, 4.0)).on(BotMessage(4.2, 2, "Sure.", "Sure.")).on(SpeechStopped(4.5, 4.3))
    call.take()
    call.until(5.2)
    assert kinds(call.take()) == [Resume]


# --- keys ------------------------------------------------------------------------------------------------------------


def test_a_key_drops_the_prompt_at_once_and_is_told_after_what_was_heard() -> None:
    call = Call().answered().on(KeyPressed(1.0, "5"))
    commands = call.take()
    assert kinds(commands) == [Drop, Ask, Ask]
    assert [c.kind for c in commands if isinstance(c, Ask)] == [AskKind.INTERRUPTED, AskKind.KEY]
    assert call.machine.state is FloorState.THINKING


@pytest.mark.parametrize("hint", [InputHint.IGNORING, InputHint.IGNORING_NON_SPEECH])
def test_a_key_over_a_prompt_that_ignores_keys_is_delivered_after_it(hint: InputHint) -> None:
    call = Call().answered(hint=hint).on(KeyPressed(1.0, "5")).on(KeyPressed(1.1, "6"))
    assert call.take() == []
    assert [a.text for a in call.heard(2.0).asks()] == ["5", "6"]


def test_keys_during_thinking_and_while_speaking_are_all_delivered_in_order() -> None:
    call = Call().waiting()
    for i, key in enumerate("123456"):
        call.on(KeyPressed(3.0 + i / 10, key))
    call.on(SpeechStarted(4.0, 3.9)).on(KeyPressed(4.1, "#"))
    assert "".join(a.text for a in call.asks() if a.kind is AskKind.KEY) == "123456#"


def test_an_end_key_that_comes_late_interrupts_nothing_and_is_told_to_nobody() -> None:
    call = Call().waiting()
    call.on(KeyPressed(3.0, "6")).on(CallConfigured(3.1, late_end_key="#")).on(
        BotMessage(3.1, 2, "Thank you.", "Thank you.")
    )
    call.on(BotDone(3.1, 2)).take()
    call.on(KeyPressed(4.0, "#")).on(KeyPressed(4.5, "#"))
    assert call.take() == []
    call.on(KeyPressed(5.0, "1"))
    assert [type(command) for command in call.take()] == [Drop, Ask, Ask]


def test_words_end_what_was_keyed_in() -> None:
    call = Call().waiting()
    call.on(KeyPressed(3.0, "6")).on(CallConfigured(3.1, late_end_key="#")).on(BotDone(3.1, 2))
    call.says("hello", 3.2, 3.5).until(5.0).take()
    call.on(KeyPressed(5.5, "#"))
    assert [ask.text for ask in call.asks()] == ["#"]


def test_words_before_a_key_are_asked_before_it() -> None:
    call = Call().waiting().on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.5, "account", 3.0, 3.4))
    call.on(KeyPressed(3.6, "1"))
    assert [(a.kind, a.text) for a in call.asks()] == [(AskKind.SPEECH, "account"), (AskKind.KEY, "1")]


def test_keys_before_the_answer_and_during_a_transfer_that_fails_are_kept() -> None:
    call = Call().on(KeyPressed(0.0, "1")).answered()
    call.on(TransferAsked(1.0, Address.parse("+1"))).on(KeyPressed(1.5, "2")).heard(2.0)
    call.take()
    call.on(KeyPressed(2.5, "3")).on(TransferEnded(3.0, False, 486, "Busy Here"))
    assert [a.text for a in call.asks() if a.kind is AskKind.KEY] == ["1", "2", "3"]


def test_a_key_makes_a_new_start_with_the_counts_of_silence() -> None:
    call = Call().waiting().until(9.0)
    assert call.machine.floor.no_inputs == 1
    call.on(BotDone(9.1, 2)).on(KeyPressed(9.2, "1"))
    assert call.machine.floor.no_inputs == 0
    call.on(BotDone(9.3, 3)).until(16.3).on(BotMessage(16.4, 4, "Hello?", "Hello?"))
    assert call.machine.floor.no_inputs == 1
    call.on(KeyPressed(16.5, "1"))
    assert call.machine.floor.no_inputs == 0


def test_a_key_over_a_dropped_turn_is_told_after_what_was_heard_of_it() -> None:
    call = Call().answered()
    machine = call.machine
    assert machine.handle(Hypothesis(1.0, "wait", 0.5, 0.9))[0] == Drop()
    assert machine.handle(KeyPressed(1.1, "1")) == [Drop()]
    asks = machine.handle(PlaybackEnded(1.2, 1, 1.0, complete=False))
    assert [ask.kind for ask in asks if isinstance(ask, Ask)] == [AskKind.INTERRUPTED, AskKind.KEY]


def test_the_bot_is_not_told_what_was_said_before_it_is_known_what_was_heard() -> None:
    machine = Call().answered().machine
    machine.handle(Final(1.0, "billing", 0.2, 0.9))
    assert machine.deadline is None
    asks = [*machine.handle(PlaybackEnded(2.0, 1, 1.0, complete=False)), *machine.wake(2.0)]
    assert [ask.kind for ask in asks if isinstance(ask, Ask)] == [AskKind.INTERRUPTED, AskKind.SPEECH]


def test_words_that_the_bot_was_told_already_begin_no_turn() -> None:
    call = Call().waiting().says("my bill", 3.0, 4.0).until(4.5).on(BotDone(4.6, 2))
    assert call.machine.state is FloorState.WAITING
    call.on(Hypothesis(4.7, "my bill", 3.0, 4.1)).on(Hypothesis(4.8, "", 4.5, 4.7))
    assert call.machine.state is FloorState.WAITING
    assert call.on(Hypothesis(4.9, "and", 4.5, 4.8)).machine.state is FloorState.CALLER


def test_a_corrected_final_of_words_that_the_bot_was_told_is_no_answer_though_the_caller_talks_again() -> None:
    call = Call().waiting().on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.9, "my bill", 3.0, 4.0))
    call.on(SpeechStopped(4.2, 4.0)).until(4.5)
    call.on(SpeechStarted(4.7, 4.6)).on(Final(4.8, "My bills.", 3.0, 4.1)).on(SpeechStopped(5.4, 5.2))
    call.on(Final(5.5, "Please.", 4.6, 5.2)).until(6.0)
    assert [ask.text for ask in call.asks() if ask.kind is AskKind.SPEECH] == ["my bill", "Please."]


def test_a_noise_without_words_ends_the_turn_when_it_is_quiet_long_enough() -> None:
    call = Call().waiting().on(SpeechStarted(3.1, 3.0)).on(SpeechStopped(4.2, 4.0)).on(NoMatch(4.21, 3.0, 4.0))
    assert call.until(4.34).asks() == []
    assert [ask.kind for ask in call.until(4.35).asks()] == [AskKind.NO_MATCH]


def test_a_caller_who_goes_on_speaking_after_a_cough_is_heard() -> None:
    call = Call().answered().on(SpeechStarted(1.1, 1.0)).on(SpeechStopped(1.5, 1.3)).on(SpeechStarted(1.9, 1.8))
    call.take()
    call.until(3.0)
    assert call.take() == []
    call.on(NoMatch(3.0, 1.0, 1.3))
    assert call.take() == [], "it is about what was spoken before"
    call.on(SpeechStopped(3.4, 3.2)).until(4.0)
    assert kinds(call.take()) == [Resume]


def test_after_a_cough_the_caller_begins_afresh() -> None:
    call = Call().answered().on(SpeechStarted(1.1, 1.0)).on(SpeechStopped(1.5, 1.3)).until(2.1).heard(2.2)
    assert call.machine.state is FloorState.WAITING


def test_too_few_words_pause_the_prompt_only_for_a_while() -> None:
    call = Call().answered().on(CallConfigured(0.1, barge_in_words=2)).on(SpeechStarted(1.1, 1.0))
    call.on(SpeechStopped(1.5, 1.3)).on(Hypothesis(1.6, "bill", 1.0, 1.3)).on(NoMatch(1.7, 1.0, 1.1))
    call.on(Hypothesis(1.8, "bill please", 1.0, 1.3)).until(2.7)
    assert Drop() in call.take()


def test_a_paused_prompt_that_ends_makes_room_for_the_caller() -> None:
    call = Call().answered().on(SpeechStarted(1.1, 1.0)).heard(1.2)
    assert call.machine.state is FloorState.CALLER


def test_words_said_over_a_prompt_that_lets_no_speech_in_begin_no_turn_after_it() -> None:
    call = Call().answered(hint=InputHint.IGNORING_SPEECH).on(Hypothesis(1.5, "yes", 1.0, 1.4)).until(1.9)
    call.on(Hypothesis(1.95, "yes please", 1.0, 1.9)).heard(2.0)
    assert call.machine.state is FloorState.WAITING


def test_what_is_said_while_the_bot_thinks_is_told_and_it_goes_on_thinking() -> None:
    call = Call().waiting().says("my bill", 3.0, 4.0).until(4.5)
    call.take()
    call.says("please", 5.0, 5.5).until(6.0)
    assert [ask.text for ask in call.asks()] == ["please"]
    assert call.machine.state is FloorState.THINKING


def test_noise_while_the_bot_thinks_does_not_count_as_a_no_match() -> None:
    call = Call().waiting().says("my bill", 3.0, 4.0).until(4.5)
    call.take()
    call.on(SpeechStarted(5.1, 5.0)).on(SpeechStopped(6.2, 6.0)).until(8.4)
    assert call.asks() == []


def test_a_reply_to_words_that_are_said_already_gives_way_at_once() -> None:
    call = Call().waiting().says("a question", 3.0, 3.5).until(4.0)
    call.on(SpeechStarted(4.1, 4.0)).on(Hypothesis(4.4, "my bill", 4.0, 4.3)).on(BotMessage(4.5, 2, "Yes?", "Yes?"))
    assert kinds(call.take())[-4:] == [Play, Pause, Drop, Ask]
    assert call.machine.state is FloorState.CALLER


def test_a_reply_that_nothing_may_interrupt_is_played_over_the_caller() -> None:
    call = Call().waiting().says("a question", 3.0, 3.5).until(4.0)
    call.on(SpeechStarted(4.1, 4.0)).on(BotMessage(4.2, 2, "Wait.", "Wait.", InputHint.IGNORING))
    assert call.machine.state is FloorState.SPEAKING


@pytest.mark.parametrize("state", ["before the answer", "while leaving"])
def test_nothing_is_due_where_nothing_is_waited_for(state: str) -> None:
    call = Call() if state == "before the answer" else Call().waiting().on(HangUpAsked(2.5))
    call.take()
    call.says("hello", 3.0, 3.5).until(60.0)
    assert call.take() == []
    assert call.machine.deadline is None


@pytest.mark.parametrize(("text", "drops"), [("weasels have eaten our phones", False), ("stop", True)])
@pytest.mark.parametrize("final_at", [3.0, 6.0])
def test_a_voice_that_may_be_somebody_elses_interrupts_with_a_command_only(
    text: str, drops: bool, final_at: float
) -> None:
    call = Call().answered("We have a long message for you about everything.", InputHint.ACCEPTING)
    call.take()
    call.on(SpeechStarted(2.0, 1.9)).on(SpeechDoubted(2.4)).on(Hypothesis(2.5, text, 1.9, 2.4))
    call.on(SpeechStopped(2.8, 2.7)).on(Final(final_at, text, 1.9, 2.7, 0.9))
    call.until(8.0)
    commands = call.take()
    assert (Drop in kinds(commands)) is drops
    asked = [each.text for each in commands if isinstance(each, Ask) and each.kind is AskKind.SPEECH]
    assert asked == ([text] if drops else [])


def test_the_next_voice_is_not_doubtful() -> None:
    call = Call().answered("We have a long message for you about everything.", InputHint.ACCEPTING)
    call.on(SpeechStarted(2.0, 1.9)).on(SpeechDoubted(2.4)).on(SpeechStopped(2.8, 2.7)).on(NoMatch(2.8, 1.9, 2.7))
    call.take()
    call.on(SpeechStarted(4.0, 3.9)).on(Hypothesis(4.3, "I have", 3.9, 4.2)).on(Hypothesis(4.5, "I have a", 3.9, 4.4))
    assert Drop in kinds(call.commands)
