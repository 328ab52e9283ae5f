"""What a bot asks for in its call: keys, files, recording, transfer, calls, and its words back. On virtual time."""

from __future__ import annotations

import pytest
from turns_call import Call

from voicebot.address import Address
from voicebot.events import (
    AbortPromptsAsked,
    AnswerKind,
    BotDone,
    BotMessage,
    BotRecovered,
    CallAnswered,
    CallAsked,
    CallConfigured,
    ExpectedAnswer,
    HangUpAsked,
    Hypothesis,
    InputHint,
    KeyPressed,
    KeysAsked,
    PlacedCallChanged,
    PlaybackFailed,
    PlaybackStarted,
    RecordingAction,
    RecordingAsked,
    RecordingChanged,
    TransferAsked,
    TransferEnded,
)
from voicebot.turns import (
    Ask,
    AskKind,
    Canned,
    Drop,
    FloorState,
    HangUp,
    PlaceCall,
    Play,
    Record,
    SendKeys,
    Transfer,
    TurnPolicy,
)

YES_OR_NO = frozenset(("yes", "no"))


def test_keys_of_the_bot_are_pressed_when_what_it_said_before_was_heard() -> None:
    call = Call().answered()
    call.on(KeysAsked(0.5, "12#"))
    assert call.take() == []
    call.heard(2.0)
    assert call.take() == [SendKeys("12#")]
    call.on(KeysAsked(2.5, "3"))
    assert call.take() == [SendKeys("3")]


def test_keys_are_pressed_before_the_transfer_that_was_asked_for_after_them() -> None:
    call = Call().answered()
    call.on(KeysAsked(0.5, "9")).on(TransferAsked(0.6, Address.parse("+1425")))
    call.heard(2.0)
    assert call.take() == [SendKeys("9"), Transfer(Address.parse("+1425"))]


def test_a_bot_that_takes_its_words_back_is_heard_with_the_next_ones() -> None:
    call = Call().waiting()
    call.on(KeyPressed(2.1, "1"))
    call.on(BotMessage(2.2, 2, "A very long story", "A very long story"))
    call.on(PlaybackStarted(2.3, call.playing[0]))
    call.take()
    call.on(AbortPromptsAsked(2.5))
    assert call.take() == [Drop()]
    call.on(BotMessage(2.6, 2, "In short: no", "In short: no")).on(BotDone(2.6, 2))
    assert [type(command) for command in call.take()] == [Play]
    assert call.machine.state is FloorState.SPEAKING


def test_taking_back_nothing_does_nothing() -> None:
    call = Call().waiting()
    call.on(AbortPromptsAsked(2.5))
    assert call.take() == []
    assert call.machine.state is FloorState.WAITING


def test_the_recording_is_commanded_and_its_outcome_told_to_who_gave_the_command_a_name() -> None:
    call = Call().waiting()
    call.on(RecordingAsked(2.1, RecordingAction.START, "c1")).on(RecordingAsked(2.2, RecordingAction.STOP))
    assert call.take() == [Record(RecordingAction.START, "c1"), Record(RecordingAction.STOP, "")]
    call.on(RecordingChanged(2.3, RecordingAction.START, "c1", "disk full"))
    call.on(RecordingChanged(2.3, RecordingAction.STOP, ""))
    (ask,) = call.asks()
    assert (ask.kind, ask.action, ask.command, ask.text) == (
        AskKind.COMMAND_RESULT,
        RecordingAction.START,
        "c1",
        "disk full",
    )


def test_a_file_takes_its_place_among_what_is_said_and_the_bot_hears_when_it_fails() -> None:
    call = Call().waiting()
    call.on(KeyPressed(2.1, "1"))
    call.take()
    call.on(BotMessage(2.2, 2, "", "", InputHint.ACCEPTING, audio="https://x/a.wav")).on(BotDone(2.2, 2))
    (play,) = call.take()
    assert isinstance(play, Play)
    assert play.audio == "https://x/a.wav"
    call.on(PlaybackFailed(2.4, call.playing.pop(), 0.0, "HTTP 404"))
    (ask,) = call.asks()
    assert (ask.kind, ask.text) == (AskKind.AUDIO_FAILED, "https://x/a.wav")
    assert call.machine.state is FloorState.THINKING


def test_a_transfer_without_a_target_goes_where_the_settings_say_or_has_failed() -> None:
    call = Call(TurnPolicy(fallback_transfer=Address.parse("+1555"))).waiting()
    call.on(TransferAsked(2.1, None))
    assert call.take() == [Transfer(Address.parse("+1555"))]
    call = Call().waiting()
    call.on(TransferAsked(2.1, None))
    (ask,) = call.asks()
    assert ask.kind is AskKind.TRANSFER_RESULT and ask.transfer is not None and not ask.transfer.accepted
    assert call.machine.state is FloorState.WAITING


def test_keys_of_the_bot_are_pressed_at_once_when_it_has_taken_back_what_it_said() -> None:
    machine = Call().answered().machine
    assert machine.handle(AbortPromptsAsked(0.5)) == [Drop()]
    assert machine.handle(KeysAsked(0.6, "1")) == [SendKeys("1")]


def test_keys_of_the_bot_keep_their_order_though_the_caller_interrupts() -> None:
    call = Call().answered().on(KeysAsked(0.5, "1")).on(Hypothesis(1.0, "wait", 0.5, 0.9))
    assert Drop() in call.take()
    call.on(KeysAsked(1.1, "2"))
    assert call.take() == [SendKeys("1"), SendKeys("2")]


def test_keys_of_the_bot_wait_for_the_answer() -> None:
    call = Call().on(KeysAsked(0.1, "1"))
    call.take()
    call.on(CallAnswered(0.2))
    assert call.take() == [SendKeys("1")]


def test_words_taken_back_twice_are_dropped_once() -> None:
    machine = Call().answered().machine
    assert machine.handle(AbortPromptsAsked(0.5)) == [Drop()]
    assert machine.handle(AbortPromptsAsked(0.6)) == []


def test_the_last_words_of_a_call_are_not_taken_back() -> None:
    call = Call().answered().on(HangUpAsked(0.5)).on(AbortPromptsAsked(0.6))
    assert call.take() == []


def test_nobody_is_told_what_was_heard_of_words_that_the_bot_took_back() -> None:
    call = Call().answered().on(AbortPromptsAsked(0.5))
    assert call.take() == [Drop()]
    assert call.machine.state is FloorState.WAITING
    call = Call().on(BotMessage(0.0, 1, "Hi", "Hi")).on(AbortPromptsAsked(0.1))
    assert [type(command) for command in call.take()] == [Ask, Play, Drop]
    call.on(BotMessage(0.2, 1, "Hello", "Hello")).on(CallAnswered(0.3)).on(KeyPressed(0.4, "1"))
    assert [ask.kind for ask in call.asks()] == [AskKind.INTERRUPTED, AskKind.KEY]


def test_a_file_that_fails_among_other_prompts_leaves_them_alone() -> None:
    call = Call().answered().on(BotMessage(0.5, 0, "", "", InputHint.ACCEPTING, audio="https://x/a.wav"))
    call.take()
    call.on(PlaybackFailed(1.0, call.playing.pop(1), 0.0, "404"))
    assert [ask.kind for ask in call.asks()] == [AskKind.AUDIO_FAILED]
    assert call.machine.state is FloorState.SPEAKING


def test_a_file_with_words_for_it_fails_as_speech_does() -> None:
    call = Call().waiting().on(BotMessage(3.0, 0, "Hi", "Hi", InputHint.ACCEPTING, audio="https://x/a.wav"))
    (play,) = call.take()
    assert play == Play(2, 0, "Hi", "Hi", "", None, "https://x/a.wav")
    call.on(PlaybackFailed(3.1, call.playing.pop(0), 0.0, "no voice"))
    assert [command.canned for command in call.take() if isinstance(command, Play)] == [Canned.BOT]


def test_a_bot_that_can_be_asked_again_is_asked_at_any_time() -> None:
    call = Call().answered().on(BotRecovered(0.5))
    assert [ask.kind for ask in call.asks()] == [AskKind.RESUME]
    assert call.machine.state is FloorState.SPEAKING
    call = Call().waiting().on(BotRecovered(3.0))
    assert call.machine.state is FloorState.THINKING


def gone_on(*settings: CallConfigured) -> Call:
    """A call that went on in another process, and in which words may be lost; its bot is asked for its question."""
    call = Call().on(BotDone(0.0, 1))
    for setting in settings:
        call.on(setting)
    call.on(CallAnswered(0.0)).on(BotRecovered(0.0, words_lost=True))
    return call


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ([], "Are you still there? I could not hear you for a moment."),
        ([CallConfigured(0.0, language="de-CH")], "Sind Sie noch da? Ich konnte Sie einen Moment lang nicht hören."),
        ([CallConfigured(0.0, language="it-IT")], None),
        ([CallConfigured(0.0, still_there="Hello?"), CallConfigured(0.0, language="de-DE")], "Hello?"),
        ([CallConfigured(0.0, still_there="")], None),
    ],
)
def test_whose_words_may_be_lost_is_asked_whether_they_are_there_before_the_question(
    settings: list[CallConfigured], said: str | None
) -> None:
    call = gone_on(*settings)
    commands = call.take()
    plays = [command for command in commands if isinstance(command, Play)]
    assert [play.speak for play in plays] == ([said] if said else [])
    assert [command.kind for command in commands if isinstance(command, Ask)] == [AskKind.START, AskKind.RESUME]
    question = call.on(BotMessage(0.1, 2, "Do you want to cancel?", "Do you want to cancel?")).take()
    assert [type(command) for command in question] == [Play]


def test_where_no_words_are_lost_only_the_question_is_repeated() -> None:
    call = Call().on(BotDone(0.0, 1)).on(CallAnswered(0.0)).on(BotRecovered(0.0))
    assert not [command for command in call.take() if isinstance(command, Play)]


def test_a_yes_to_whether_they_are_there_is_no_answer_to_the_question_behind_it() -> None:
    call = gone_on(CallConfigured(0.0, phrases=(), answer=ExpectedAnswer(AnswerKind.CHOICE, answers=YES_OR_NO)))
    call.on(BotMessage(0.1, 2, "Do you want to cancel?", "Do you want to cancel?", InputHint.EXPECTING))
    call.on(BotDone(0.1, 2)).on(PlaybackStarted(0.2, call.playing[0])).take()
    call.says("yes", 2.6, 2.9).heard(3.6).on(PlaybackStarted(3.6, call.playing[0])).until(5.0)
    assert call.asks() == []
    call.heard(6.0).says("no", 6.2, 6.5).until(9.0)
    assert [(ask.kind, ask.text) for ask in call.asks()] == [(AskKind.SPEECH, "no")]


def test_a_key_need_not_wait_for_the_end_of_it() -> None:
    call = gone_on()
    call.on(PlaybackStarted(0.2, call.playing[0])).take()
    call.on(KeyPressed(0.5, "1"))
    assert [ask.kind for ask in call.asks()] == [AskKind.INTERRUPTED, AskKind.KEY]


def test_a_bot_that_hangs_up_twice_gives_its_last_reason() -> None:
    call = Call().answered().on(HangUpAsked(0.5, "first")).on(HangUpAsked(0.6, "second")).heard(2.0)
    assert call.take() == [HangUp("second")]


def test_one_transfer_is_enough() -> None:
    first, second = Address.parse("+1"), Address.parse("+2")
    call = Call().answered().on(TransferAsked(0.5, first)).on(TransferAsked(0.6, second)).heard(2.0)
    assert call.take() == [Transfer(first)]


def test_a_transfer_that_was_accepted_is_the_end_and_one_that_nobody_wanted_is_none() -> None:
    call = Call().waiting().on(TransferEnded(2.5, False, 486, "Busy Here"))
    assert call.take() == []
    call.on(TransferAsked(3.0, Address.parse("+1"))).on(TransferEnded(4.0, True, 200, "OK"))
    assert call.asks() == [Ask(2, AskKind.TRANSFER_RESULT, "OK", transfer=TransferEnded(4.0, True, 200, "OK"))]
    assert call.machine.state is FloorState.LEAVING


def test_a_call_that_the_bot_has_placed_is_told_and_a_call_that_it_wants_placed() -> None:
    wanted = CallAsked(3.0, Address.parse("+1"))
    call = Call().waiting().on(wanted)
    assert call.take() == [PlaceCall(wanted)]
    changed = PlacedCallChanged(4.0, "answered", "id", Address.parse("+1"))
    assert call.on(changed).asks() == [Ask(2, AskKind.PLACED_CALL, "answered", call=changed)]


@pytest.mark.parametrize(("text", "heard"), [("Welcome to the bank.", "Welcome to the"), ("", "Hello and welcome")])
def test_what_was_heard_is_told_in_the_words_of_the_message_or_else_in_those_that_were_spoken(
    text: str, heard: str
) -> None:
    call = Call().waiting().on(BotMessage(3.0, 0, text, "<speak>Hello and welcome to us.</speak>"))
    call.heard_s = 1.2
    assert [ask.text for ask in call.on(KeyPressed(4.0, "1")).asks()] == [heard, "1"]
