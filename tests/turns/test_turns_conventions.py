"""What a bot sets and asks for in its call, on virtual time: each test is a little call."""

from __future__ import annotations

from test_turns_machine import Call

from voicebot.address import Address
from voicebot.events import (
    AbortPromptsAsked,
    BotDone,
    BotFailed,
    BotMessage,
    CallConfigured,
    Final,
    Hypothesis,
    InputHint,
    KeyPressed,
    KeysAsked,
    PlaybackFailed,
    PlaybackStarted,
    RecordingAction,
    RecordingAsked,
    RecordingChanged,
    SpeechStarted,
    SpeechStopped,
    TransferAsked,
)
from voicebot.turns import (
    Ask,
    AskKind,
    Drop,
    Expect,
    FloorState,
    HangUp,
    Listen,
    Pause,
    Play,
    Record,
    Resume,
    SendKeys,
    Transfer,
    TurnPolicy,
    UseVoice,
)


def configured(call: Call, at: float, **facts: object) -> Call:
    return call.on(CallConfigured(at, **facts))  # type: ignore[arg-type]


def test_a_setting_leaves_the_others_as_they_are() -> None:
    call = Call().waiting()
    configured(call, 2.0, phrases=("billing",), no_input_s=20.0)
    assert call.take() == [Expect(("billing",))]
    configured(call, 2.1, voice="en-US-AriaNeural")
    assert call.take() == [UseVoice("en-US-AriaNeural")]
    assert call.machine.floor.policy.no_input_s == 20.0


def test_barge_in_switched_off_lets_a_prompt_be_heard() -> None:
    call = configured(Call().answered(), 0.1, barge_in=False)
    call.on(SpeechStarted(0.5, 0.4)).on(Hypothesis(0.8, "stop", 0.4, 0.7))
    assert call.machine.state is FloorState.SPEAKING
    assert not [command for command in call.take() if isinstance(command, Pause | Drop)]
    configured(call, 0.9, barge_in=True)
    call.on(SpeechStopped(1.0, 0.9)).on(SpeechStarted(1.3, 1.2))
    assert call.machine.state is FloorState.YIELDING


def test_keys_that_may_not_barge_in_wait_until_the_prompt_was_heard() -> None:
    call = configured(Call().answered(), 0.1, keys_barge_in=False)
    call.on(KeyPressed(0.5, "1"))
    assert call.take() == []
    call.heard(2.0)
    assert [(ask.kind, ask.text) for ask in call.asks()] == [(AskKind.KEY, "1")]


def test_a_barge_in_of_too_few_words_pauses_the_prompt_and_it_goes_on() -> None:
    call = configured(Call().answered(), 0.1, barge_in_words=3)
    call.on(SpeechStarted(0.5, 0.4)).on(Hypothesis(0.7, "well", 0.4, 0.6)).on(SpeechStopped(0.9, 0.7))
    call.on(Final(1.0, "Well.", 0.4, 0.7, 0.9))
    assert call.take() == [Pause()]
    call.until(2.0)
    assert call.take() == [Resume()]
    call.on(SpeechStarted(2.5, 2.4)).on(Hypothesis(3.0, "no I want", 2.4, 2.9))
    assert call.machine.state is FloorState.CALLER
    assert Drop() in call.take()


def test_a_caller_who_is_to_tell_at_length_may_pause() -> None:
    call = configured(Call().waiting(), 2.0, end_silence_s=1.5)
    call.says("it began last week", 3.0, 4.0)
    call.until(5.4)
    assert not call.asks()
    call.until(5.6)
    assert [ask.text for ask in call.asks()] == ["it began last week"]
    configured(call, 5.7, end_silence_s=0.0)
    call.on(BotDone(5.8, 2)).says("and then", 7.0, 8.0)
    call.until(8.5)
    assert [ask.text for ask in call.asks()] == ["and then"]


def test_silence_is_answered_by_the_speech_that_the_bot_set_and_ends_after_its_retries() -> None:
    call = configured(Call().waiting(), 2.0, no_input_speech="Are you there?", no_input_retries=1, no_input_s=3.0)
    call.on(KeyPressed(2.1, "1")).on(BotDone(2.2, 2))
    call.take()
    call.until(5.3)
    assert [command.text for command in call.take() if isinstance(command, Play)] == ["Are you there?"]
    call.heard(6.0).until(9.1)
    commands = call.take()
    assert not [command for command in commands if isinstance(command, Ask)]
    call.heard(10.0)
    assert HangUp("no-input") in call.take()


def test_a_bot_that_wants_the_event_hears_of_the_silence_itself() -> None:
    call = configured(Call().waiting(), 2.0, no_input_speech="Hello?", no_input_event=True)
    call.until(30.0)
    assert [ask.kind for ask in call.asks()][:1] == [AskKind.NO_INPUT]


def test_silence_is_answered_by_the_file_that_the_bot_set_and_by_its_words_when_it_cannot_be_had() -> None:
    call = configured(Call().waiting(), 2.0, no_input_speech="Hello?", no_input_audio="https://x/a.wav", no_input_s=3.0)
    call.on(KeyPressed(2.1, "1")).on(BotDone(2.2, 2))
    call.take()
    call.until(5.3)
    (play,) = [command for command in call.take() if isinstance(command, Play)]
    assert play.audio == "https://x/a.wav"
    call.on(PlaybackFailed(5.5, play.utterance, 0.0, "404"))
    assert [(ask.kind, ask.text) for ask in call.asks()] == [(AskKind.AUDIO_FAILED, "https://x/a.wav")]
    call.on(BotDone(5.6, 3)).until(8.7)
    (play,) = [command for command in call.take() if isinstance(command, Play)]
    assert (play.audio, play.speak) == ("", "Hello?")


def test_a_bot_that_asks_for_it_hears_what_is_being_said_one_belief_at_a_time() -> None:
    call = configured(Call().waiting(), 2.0, hypotheses=True)
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.3, "my", 3.0, 3.2))
    call.on(Hypothesis(3.5, "my bill", 3.0, 3.4))
    assert [(ask.kind, ask.text) for ask in call.asks()] == [(AskKind.HYPOTHESIS, "my")]
    call.on(BotDone(3.6, 2)).on(Hypothesis(3.7, "my bill is", 3.0, 3.6))
    assert [(ask.kind, ask.text) for ask in call.asks()] == [(AskKind.HYPOTHESIS, "my bill is")]
    call.on(SpeechStopped(4.2, 4.0)).on(Final(4.3, "My bill is wrong.", 3.0, 4.0)).until(4.5)
    assert [(ask.kind, ask.text) for ask in call.asks()] == [(AskKind.SPEECH, "My bill is wrong.")]


def test_a_belief_that_the_bot_did_not_take_is_no_reason_to_apologise() -> None:
    call = configured(Call().waiting(), 2.0, hypotheses=True)
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.3, "my", 3.0, 3.2))
    call.take()
    call.on(BotFailed(3.4, 2, "500"))
    assert call.take() == []
    assert call.machine.state is FloorState.CALLER


def test_a_bot_that_does_not_listen_is_told_of_keys_alone_until_it_listens_again() -> None:
    call = Call().waiting()
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.3, "four four", 3.0, 3.2)).on(SpeechStopped(3.4, 3.2))
    assert call.machine.state is FloorState.CALLER
    configured(call, 3.5, listening=False)
    assert call.take() == [Listen(False)]
    assert call.machine.state is FloorState.WAITING
    call.on(Final(3.6, "4 4", 3.0, 3.2)).on(KeyPressed(4.0, "5"))
    assert [(ask.kind, ask.text) for ask in call.asks()] == [(AskKind.KEY, "5")]
    configured(call, 4.2, listening=True)
    assert call.take() == [Listen(True)]


def test_a_prompt_that_was_paused_goes_on_when_nobody_listens_any_more() -> None:
    call = Call().answered()
    call.on(SpeechStarted(0.5, 0.4))
    call.take()
    configured(call, 0.6, listening=False)
    assert call.take() == [Listen(False), Resume()]
    assert call.machine.state is FloorState.SPEAKING


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


def test_a_bot_that_thinks_is_covered_by_its_own_words_after_its_own_time() -> None:
    call = configured(Call().waiting(), 2.0, masking_s=1.0, masking_text="Let me look that up.")
    call.on(KeyPressed(2.1, "1"))
    call.take()
    call.until(3.0)
    assert call.take() == []
    call.until(3.2)
    assert [command.speak for command in call.take() if isinstance(command, Play)] == ["Let me look that up."]
    call.heard(4.5)
    assert call.machine.state is FloorState.THINKING


def test_a_transfer_without_a_target_goes_where_the_settings_say_or_has_failed() -> None:
    call = Call(TurnPolicy(fallback_transfer=Address.parse("+1555"))).waiting()
    call.on(TransferAsked(2.1, None))
    assert call.take() == [Transfer(Address.parse("+1555"))]
    call = Call().waiting()
    call.on(TransferAsked(2.1, None))
    (ask,) = call.asks()
    assert (ask.kind, ask.accepted) == (AskKind.TRANSFER_RESULT, False)
    assert call.machine.state is FloorState.WAITING
