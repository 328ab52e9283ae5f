"""The turn machine on virtual time: each test is a little call."""

from __future__ import annotations

import pytest

from voicebot.address import Address
from voicebot.events import (
    BotDone,
    BotFailed,
    BotMessage,
    BotRecovered,
    CallAnswered,
    CallConfigured,
    Event,
    Final,
    HangUpAsked,
    Hypothesis,
    InputHint,
    KeyPressed,
    LegEnded,
    NoMatch,
    PlaybackEnded,
    PlaybackFailed,
    PlaybackStarted,
    RecognitionLost,
    RecognitionRestored,
    SpeechStarted,
    SpeechStopped,
    TransferAsked,
    TransferEnded,
)
from voicebot.turns import (
    Ask,
    AskKind,
    Canned,
    Command,
    Drop,
    Expect,
    FloorState,
    HangUp,
    Pause,
    Play,
    Resume,
    Transfer,
    TurnMachine,
    TurnPolicy,
)

POLICY = TurnPolicy()


class Call:
    """Drives the machine as a session does: events at times, due timers in between, drops answered at once."""

    def __init__(self, policy: TurnPolicy = POLICY) -> None:
        self.machine = TurnMachine(policy)
        self.now = 0.0
        self.commands: list[Command] = []
        self.playing: list[int] = []
        self.heard_s = 1.0
        self._carry_out(self.machine.start())

    def until(self, at: float) -> Call:
        """Let time pass; what is due on the way happens on the way."""
        while (due := self.machine.deadline) is not None and due <= at:
            self.now = max(self.now, due)
            self._carry_out(self.machine.wake(self.now))
        self.now = max(self.now, at)
        return self

    def on(self, event: Event) -> Call:
        self.until(event.at)
        self._carry_out(self.machine.handle(event))
        return self

    def _carry_out(self, commands: list[Command]) -> None:
        for command in commands:
            self.commands.append(command)
            if isinstance(command, Play):
                self.playing.append(command.utterance)
            if isinstance(command, Drop):
                dropped, self.playing = self.playing, []
                for i, number in enumerate(dropped):
                    heard = self.heard_s if i == 0 else 0.0
                    self._carry_out(self.machine.handle(PlaybackEnded(self.now, number, heard, complete=False)))

    def take(self) -> list[Command]:
        """The commands since the last look."""
        commands, self.commands = self.commands, []
        return commands

    def asks(self) -> list[Ask]:
        return [c for c in self.take() if isinstance(c, Ask)]

    # --- what callers and bots do -----------------------------------------------------------------------------------

    def answered(self, greeting: str = "Welcome. How can I help?", hint: InputHint = InputHint.EXPECTING) -> Call:
        """A call that was answered and greeted at 0.0; the greeting is playing."""
        self.on(BotMessage(0.0, 1, greeting, greeting, hint)).on(BotDone(0.0, 1)).on(CallAnswered(0.0))
        self.on(PlaybackStarted(0.02, self.playing[0]))
        self.take()
        return self

    def waiting(self) -> Call:
        """... and the greeting was heard at 2.0."""
        self.answered().heard(2.0)
        self.take()
        return self

    def heard(self, at: float) -> Call:
        """The first utterance is out."""
        return self.on(PlaybackEnded(at, self.playing.pop(0), 2.0, complete=True))

    def says(self, text: str, start: float, end: float, final_after: float = 0.4) -> Call:
        """The caller speaks from ``start`` to ``end``; the final follows."""
        self.on(SpeechStarted(start + 0.1, start))
        self.on(SpeechStopped(end + 0.2, end))
        return self.on(Final(end + final_after, text, start, end, 0.9))


def kinds(commands: list[Command]) -> list[type[Command]]:
    return [type(c) for c in commands]


# --- the plain course of a call ------------------------------------------------------------------------------------


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
    assert call.until(4.35).asks() == [Ask(2, AskKind.SPEECH, "My bill please.", 0.9)]
    assert call.machine.state is FloorState.THINKING


def test_a_hypothesis_that_covers_the_speech_wins_the_race_when_the_final_is_late() -> None:
    call = Call().waiting()
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.9, "my bill", 3.0, 3.9)).on(SpeechStopped(4.2, 4.0))
    assert call.until(4.44).asks() == []
    assert call.until(4.45).asks() == [Ask(2, AskKind.SPEECH, "my bill", None)]


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
    call.on(SpeechStarted(3.1, 3.0)).on(Hypothesis(3.9, "I would like", 3.0, 4.0)).on(SpeechStopped(4.2, 4.0))
    call.until(4.5)
    call.on(SpeechStarted(4.7, 4.6)).on(SpeechStopped(5.7, 5.5))
    call.on(Final(5.9, "I would like to pay my bill.", 3.0, 5.5)).until(6.0)
    assert [a.text for a in call.asks() if a.kind is AskKind.SPEECH] == ["I would like", "to pay my bill."]


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


# --- barge-in ------------------------------------------------------------------------------------------------------


def test_a_voice_pauses_the_prompt_and_words_drop_all_of_it() -> None:
    call = Call().answered()
    call.on(BotMessage(0.1, 0, "And more.", "And more."))
    call.take()
    call.on(SpeechStarted(1.1, 1.0))
    assert kinds(call.take()) == [Pause]
    assert call.machine.state is FloorState.YIELDING
    call.on(Hypothesis(1.5, "billing", 1.0, 1.4))
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
    call = Call().answered().on(Hypothesis(1.5, "billing", 1.0, 1.4))
    assert Drop in kinds(call.take())


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
    call.on(SpeechStarted(5.1, 5.0)).on(Hypothesis(5.4, "no", 5.0, 5.3))
    call.take()
    call.on(BotMessage(5.5, 2, "From nine to five.", "From nine to five."))
    assert call.take() == []


def test_a_reply_that_comes_while_the_caller_goes_on_speaking_is_held_and_dropped_for_the_new_words() -> None:
    call = Call().waiting().says("I would like", 3.0, 3.5).until(4.0)
    call.on(SpeechStarted(4.1, 4.0)).on(BotMessage(4.2, 2, "Pardon?", "Pardon?")).on(BotDone(4.2, 2))
    assert call.machine.state is FloorState.YIELDING
    call.on(SpeechStopped(5.2, 5.0)).on(Final(5.3, "my bill", 4.0, 5.0)).until(6.0)
    assert [a.text for a in call.asks() if a.kind is AskKind.SPEECH] == ["I would like", "my bill"]


def test_a_reply_that_comes_during_a_cough_is_played_after_it() -> None:
    call = Call().waiting().says("my bill", 3.0, 3.5).until(4.0)
    call.on(SpeechStarted(4.1, 4.0)).on(BotMessage(4.2, 2, "Sure.", "Sure.")).on(SpeechStopped(4.5, 4.3))
    call.take()
    call.until(5.2)
    assert kinds(call.take()) == [Resume]


# --- keys ----------------------------------------------------------------------------------------------------------


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


# --- silence and noise ---------------------------------------------------------------------------------------------


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
    assert call.asks() == [Ask(2, AskKind.NO_MATCH, count=1)]
    call.on(BotDone(4.5, 2)).on(SpeechStarted(6.1, 6.0)).on(SpeechStopped(6.3, 6.1)).until(
        6.1 + POLICY.no_words_ms / 1000
    )
    assert call.asks() == []
    assert call.machine.state is FloorState.WAITING


def test_a_caller_who_never_stops_is_cut_with_the_words_so_far() -> None:
    call = Call().waiting().on(SpeechStarted(3.1, 3.0)).on(Hypothesis(20.0, "la la la", 3.0, 20.0))
    assert [a.text for a in call.until(3.0 + POLICY.max_turn_s).asks()] == ["la la la"]


# --- ends ----------------------------------------------------------------------------------------------------------


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
    call.on(TransferAsked(3.0, Address.parse("+15550100"), {"account": "42"}))
    call.take()
    assert call.heard(4.0).take() == [Transfer(Address.parse("+15550100"), {"account": "42"})]
    assert call.machine.state is FloorState.LEAVING
    call.on(TransferEnded(5.0, False, 486, "Busy Here"))
    assert call.asks() == [Ask(2, AskKind.TRANSFER_RESULT, "Busy Here", accepted=False, status=486)]
    assert call.machine.state is FloorState.THINKING


def test_a_transfer_that_fails_after_the_bot_has_ended_the_conversation_ends_the_call_with_a_word() -> None:
    call = (
        Call()
        .waiting()
        .on(TransferAsked(3.0, Address.parse("+1")))
        .on(HangUpAsked(3.0))
        .on(TransferEnded(4.0, False, 503, "no"))
    )
    assert call.take()[-1] == Play(2, 0, "", "", "", Canned.GOODBYE)
    assert call.heard(5.0).take() == [HangUp("transfer-failed")]


def test_nothing_happens_after_the_leg_has_ended() -> None:
    call = Call().waiting().on(LegEnded(3.0, "caller")).says("hello", 4.0, 4.5).on(KeyPressed(5.0, "1")).until(100.0)
    assert call.take() == []
    assert call.machine.deadline is None


# --- failures ------------------------------------------------------------------------------------------------------


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
    assert call.take()[-1] == Transfer(Address.parse("+15550100"), {"reason": "bot"})


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
