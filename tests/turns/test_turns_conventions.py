"""What a bot sets for its call, on virtual time: each test is a little call."""

from __future__ import annotations

from turns_call import Call

from voicebot.events import (
    AnswerKind,
    BotDone,
    BotFailed,
    BotMessage,
    CallConfigured,
    ExpectedAnswer,
    Final,
    Hypothesis,
    KeyPressed,
    MessageAnnounced,
    PlaybackEnded,
    PlaybackFailed,
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
    Listen,
    Pause,
    Play,
    Resume,
    TurnEnd,
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
    assert call.take() == [Pause(), Resume()]
    call.on(SpeechStarted(2.5, 2.4)).on(Hypothesis(3.0, "no I want", 2.4, 2.9))
    assert call.machine.state is FloorState.CALLER
    assert Drop() in call.take()


def test_a_caller_who_is_asked_for_a_long_answer_may_pause() -> None:
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


def test_a_bot_that_wants_hypotheses_gets_them_one_at_a_time() -> None:
    call = configured(Call().waiting(), 2.0, hypotheses=True)
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.3, "my", 3.0, 3.2))
    call.on(Hypothesis(3.5, "my bill", 3.0, 3.4))
    assert [(ask.kind, ask.text) for ask in call.asks()] == [(AskKind.HYPOTHESIS, "my")]
    call.on(BotDone(3.6, 2)).on(Hypothesis(3.7, "my bill is", 3.0, 3.6))
    assert [(ask.kind, ask.text) for ask in call.asks()] == [(AskKind.HYPOTHESIS, "my bill is")]
    call.on(SpeechStopped(4.2, 4.0)).on(Final(4.3, "My bill is wrong.", 3.0, 4.0)).until(4.5)
    assert [(ask.kind, ask.text) for ask in call.asks()] == [(AskKind.SPEECH, "My bill is wrong.")]


def test_a_hypothesis_that_the_bot_failed_to_handle_is_no_reason_to_apologise() -> None:
    call = configured(Call().waiting(), 2.0, hypotheses=True)
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.3, "my", 3.0, 3.2))
    call.take()
    call.on(BotFailed(3.4, 2, "500"))
    assert call.take() == []
    assert call.machine.state is FloorState.CALLER


def test_a_bot_that_does_not_listen_gets_only_keys_until_it_listens_again() -> None:
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


def wants_waiting(**facts: object) -> Call:
    call = configured(Call().waiting(), 2.0, masking_s=1.0, masking_text="Wait.", **facts)
    call.on(KeyPressed(2.1, "1"))
    call.take()
    return call


def plays(call: Call) -> list[str]:
    return [command.speak for command in call.take() if isinstance(command, Play)]


def test_a_bot_says_how_often_its_words_cover_its_silence() -> None:
    call = wants_waiting(masking_retries=1)
    assert plays(call.until(3.2)) == ["Wait."]
    assert plays(call.heard(4.0).until(5.1)) == ["Wait."]
    assert plays(call.heard(6.0).until(60.0)) == []
    assert call.machine.state is FloorState.THINKING


def test_words_of_the_bot_begin_the_count_again() -> None:
    call = wants_waiting(masking_retries=0)
    assert plays(call.until(3.2)) == ["Wait."]
    call.heard(4.0).on(BotMessage(4.1, 2, "So", "So")).heard(5.0)
    assert plays(call.until(6.2)) == ["So", "Wait."]


def test_a_file_may_cover_the_silence_of_the_bot() -> None:
    call = wants_waiting(masking_audio="https://x/music.wav").until(3.2)
    assert [(play.audio, play.speak) for play in call.take() if isinstance(play, Play)] == [
        ("https://x/music.wav", "Wait.")
    ]


def test_a_bot_that_stays_silent_for_longer_than_it_allows_itself_is_given_up() -> None:
    call = configured(Call().waiting(), 2.0, bot_give_up_s=10.0, masking_s=60.0)
    call.on(KeyPressed(3.0, "1")).until(12.9)
    assert call.machine.state is FloorState.THINKING
    call.take()
    call.until(13.0)
    assert [command.canned for command in call.take() if isinstance(command, Play)] == [Canned.SPEECH_SERVICE]
    call.heard(14.0)
    assert call.take() == [HangUp("bot")]


def test_a_bot_that_speaks_in_time_is_not_given_up() -> None:
    call = configured(Call().waiting(), 2.0, bot_give_up_s=10.0, no_input_s=100.0)
    call.on(KeyPressed(3.0, "1")).on(BotMessage(9.0, 2, "So", "So")).on(BotDone(9.0, 2)).heard(10.0).until(60.0)
    assert not [command for command in call.take() if isinstance(command, HangUp)]


def test_while_another_message_is_announced_it_is_not_the_callers_turn() -> None:
    call = Call().waiting().on(KeyPressed(2.0, "1"))
    call.on(BotMessage(2.1, 2, "Let me see.", "Let me see.")).on(MessageAnnounced(2.1)).on(BotDone(2.2, 2)).heard(3.0)
    assert call.machine.state is FloorState.THINKING
    assert call.until(6.5).asks() == [Ask(2, AskKind.KEY, "1")]
    call.on(BotMessage(6.6, 0, "Here.", "Here.")).heard(8.0)
    assert call.machine.state is FloorState.WAITING


def test_an_announcement_of_nothing_ends_after_a_while() -> None:
    call = Call().waiting().on(MessageAnnounced(2.0))
    assert call.machine.state is FloorState.THINKING
    for second in range(3, 60):
        call.until(float(second))
        if call.playing:
            call.heard(second + 0.5)
    assert AskKind.NO_INPUT in [ask.kind for ask in call.asks()]


def test_noise_over_a_prompt_that_failed_is_forgotten() -> None:
    call = Call().answered().on(SpeechStarted(1.1, 1.0)).until(1.1 + 4.0).on(SpeechStopped(6.0, 5.8))
    call.on(PlaybackFailed(6.1, call.playing.pop(0), 0.0, "no voice"))
    call.take()
    call.on(SpeechStarted(7.0, 6.9))
    assert [type(command) for command in call.take()] == [Pause]


def test_a_hypothesis_is_not_told_before_it_is_known_what_was_heard() -> None:
    machine = configured(Call().answered(), 0.1, hypotheses=True).machine
    assert machine.handle(Hypothesis(1.0, "wait my bill", 0.5, 0.9))[0] == Drop()
    assert machine.handle(PlaybackEnded(1.1, 1, 1.0, complete=False)) != []
    (ask,) = machine.handle(Hypothesis(1.2, "wait my bill is", 0.5, 1.1))
    assert isinstance(ask, Ask)
    assert (ask.kind, ask.text) == (AskKind.HYPOTHESIS, "wait my bill is")


def test_what_a_caller_says_on_while_nobody_listens_is_not_for_the_bot() -> None:
    call = Call().waiting().on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.3, "four", 3.0, 3.2))
    configured(call, 3.4, listening=False)
    assert call.machine.state is FloorState.CALLER
    call.on(SpeechStopped(4.0, 3.8)).until(7.0)
    assert call.asks() == [Ask(2, AskKind.NO_MATCH, count=1, ended=TurnEnd.SILENCE)]


def test_a_silent_bot_that_takes_long_is_covered_by_our_own_words_and_its_own_ones_come_first() -> None:
    call = Call().waiting().on(KeyPressed(2.1, "1")).until(6.1)
    assert [command.canned for command in call.take() if isinstance(command, Play)] == [Canned.WAIT]


def test_silence_after_the_last_reminder_ends_the_call() -> None:
    call = configured(Call().waiting(), 2.0, no_input_speech="Hello?", no_input_retries=2, no_input_s=3.0)
    for at, count in ((9.0, 1), (14.0, 2)):
        call.until(at)
        assert [command.speak for command in call.take() if isinstance(command, Play)] == ["Hello?"]
        assert call.machine.floor.no_inputs == count
        call.heard(at)
    call.until(17.0)
    assert [command.canned for command in call.take() if isinstance(command, Play)] == [Canned.GOODBYE]


def test_the_recogniser_expects_what_the_bot_expects_where_it_gives_no_hints() -> None:
    call = Call().waiting()
    offered = ExpectedAnswer(AnswerKind.CHOICE, answers=frozenset({"no", "yes"}))
    configured(call, 2.0, phrases=("Contoso",))
    configured(call, 3.0, answer=offered)
    configured(call, 4.0, answer=ExpectedAnswer(AnswerKind.OPEN))
    configured(call, 5.0, phrases=("four",), answer=offered)
    assert call.take() == [
        Expect(("Contoso",)),
        Expect(("Contoso", "no", "yes")),
        Expect(("Contoso",)),
        Expect(("four",)),
    ]
