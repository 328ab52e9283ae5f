"""Whatever happens in whatever order: no key is lost, no state is stuck, no word is used twice."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.address import Address
from voicebot.events import (
    AbortPromptsAsked,
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
    KeysAsked,
    LegEnded,
    MessageAnnounced,
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
from voicebot.turns import Ask, AskKind, Command, Drop, FloorState, HangUp, Play, Transfer, TurnMachine, TurnPolicy

STEP_NAMES = (
    *("start", "stop", "hypothesis", "final", "no-match", "key", "message", "done", "failed", "recovered"),
    *("heard", "unrenderable", "lost", "restored", "wait", "transfer-ended", "hang-up", "transfer"),
    *("silence", "bot-keys", "file", "few-words", "no-barge-in", "barge-in", "no-input-speech"),
    *("deaf", "listening", "hypotheses", "no-input-file", "announced", "bot-wait", "bot-give-up", "sounds"),
    *("taken-over",),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(STEP_NAMES), st.sampled_from(list(InputHint)), st.floats(0.01, 3.0)),
    max_size=80,
)


class World:
    """A bot, a caller and a playout that behave legally but at random.

    ``slow_playout``: what was heard of a dropped turn is told with the next step, not at once.
    """

    def __init__(self, policy: TurnPolicy | None = None, *, answered: bool = True, slow_playout: bool = False) -> None:
        self.machine = TurnMachine(policy, "en-US")
        self.slow_playout = slow_playout
        self.dropped: list[int] = []
        self.now = 0.0
        self.asked: list[Ask] = []
        self.open_requests: list[int] = []
        self.playing: list[int] = []
        self.pressed: list[str] = []
        self.finishes: list[Command] = []
        self.words = 0
        self.carry_out(self.machine.start())
        if answered:
            self.handle(CallAnswered(0.0))

    def carry_out(self, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, Ask):
                self.asked.append(command)
                self.open_requests.append(command.request)
            elif isinstance(command, Play):
                self.playing.append(command.utterance)
            elif isinstance(command, HangUp | Transfer):
                self.finishes.append(command)
            elif isinstance(command, Drop):
                self.dropped += self.playing
                self.playing = []
                if not self.slow_playout:
                    self.tell_dropped()

    def tell_dropped(self) -> None:
        dropped, self.dropped = self.dropped, []
        for number in dropped:
            self.handle(PlaybackEnded(self.now, number, 0.5, complete=False))

    def handle(self, event: Event) -> None:
        self.carry_out(self.machine.handle(event))

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        for _ in range(200):
            due = self.machine.deadline
            if due is None or due > end:
                break
            self.now = max(self.now, due)
            self.carry_out(self.machine.wake(self.now))
        else:
            raise AssertionError("a deadline that does not pass")
        self.now = end

    def step(self, what: str, hint: InputHint) -> None:
        now = self.now
        match what:
            case "tell-dropped":
                self.tell_dropped()
            case "answered":
                self.handle(CallAnswered(now))
            case "leg-ended":
                self.handle(LegEnded(now, "caller"))
            case "start":
                self.handle(SpeechStarted(now, now - 0.1))
            case "stop":
                self.handle(SpeechStopped(now, now - 0.2))
            case "hypothesis" | "final":
                self.words += 1
                kind = Hypothesis if what == "hypothesis" else Final
                self.handle(kind(now, f"word{self.words}", now - 0.5, now - 0.1))
            case "two-words":
                self.handle(Hypothesis(now, "two words", now - 0.5, now - 0.1))
            case "no-or-no-problem":
                self.handle(Hypothesis(now, "no", now - 0.6, now - 0.05))
            case "late-mhm":
                self.handle(Final(now, "mhm", now - 1.5, now - 1.0))
            case "no-match":
                self.handle(NoMatch(now, now - 0.5, now - 0.1))
            case "key":
                key = "0123456789*#"[len(self.pressed) % 12]
                self.pressed.append(key)
                self.handle(KeyPressed(now, key))
            case "message":
                request = self.open_requests[0] if self.open_requests else 0
                self.handle(BotMessage(now, request, "some words", "some words", hint))
            case "done" if self.open_requests:
                self.handle(BotDone(now, self.open_requests.pop(0)))
            case "failed" if self.open_requests:
                self.handle(BotFailed(now, self.open_requests.pop(0), "crash"))
            case "recovered":
                self.handle(BotRecovered(now))
            case "taken-over":
                self.handle(BotRecovered(now, words_lost=True))
            case "sounds" if self.playing:
                self.handle(PlaybackStarted(now, self.playing[0]))
            case "heard" if self.playing:
                self.handle(PlaybackEnded(now, self.playing.pop(0), 1.0, complete=True))
            case "unrenderable" if self.playing:
                self.handle(PlaybackFailed(now, self.playing.pop(0), 0.0, "no voice"))
            case "lost":
                self.handle(RecognitionLost(now, "gone"))
            case "restored":
                self.handle(RecognitionRestored(now))
            case "silence":
                self.handle(AbortPromptsAsked(now))
            case "bot-keys":
                self.handle(KeysAsked(now, "1"))
            case "file":
                self.handle(BotMessage(now, 0, "", "", hint, audio="https://x/a.wav"))
            case "few-words":
                self.handle(CallConfigured(now, barge_in_words=2, end_silence_s=1.5))
            case "no-barge-in" | "barge-in":
                self.handle(CallConfigured(now, barge_in=what == "barge-in", keys_barge_in=what == "barge-in"))
            case "no-input-speech":
                self.handle(CallConfigured(now, no_input_speech="Hello?", no_input_s=1.0))
            case "no-input-file":
                self.handle(CallConfigured(now, no_input_audio="https://x/a.wav", no_input_s=1.0))
            case "deaf" | "listening":
                self.handle(CallConfigured(now, listening=what == "listening"))
            case "announced":
                self.handle(MessageAnnounced(now))
            case "bot-wait":
                self.handle(CallConfigured(now, masking_s=0.5, masking_retries=0, masking_text="Wait."))
            case "bot-give-up":
                self.handle(CallConfigured(now, bot_give_up_s=2.0))
            case "hypotheses":
                self.handle(CallConfigured(now, hypotheses=True))
            case "hang-up":
                self.handle(HangUpAsked(now))
            case "transfer":
                self.handle(TransferAsked(now, Address.parse("+1555")))
            case "transfer-ended" if self.finishes and isinstance(self.finishes[-1], Transfer):
                self.handle(TransferEnded(now, False, 486, "busy"))


@settings(max_examples=2 * settings.default.max_examples)
@given(STEPS)
def test_any_course_of_events_leaves_something_to_wait_for(steps: list[tuple[str, InputHint, float]]) -> None:
    world = World()
    for what, hint, seconds in steps:
        world.step(what, hint)
        world.pass_time(seconds)
        machine = world.machine
        if machine.state in (FloorState.SPEAKING, FloorState.YIELDING):
            assert world.playing, "speaking without anything to play"
        if machine.state in (FloorState.WAITING, FloorState.CALLER, FloorState.THINKING, FloorState.YIELDING):
            assert machine.deadline is not None or machine.state is FloorState.CALLER, "silence without a deadline"
        if machine.state is FloorState.LEAVING:
            assert world.finishes, "leaving without having been told to"


@settings(max_examples=2 * settings.default.max_examples)
@given(STEPS)
def test_every_key_reaches_the_bot_in_order_unless_the_call_is_on_its_way_out(
    steps: list[tuple[str, InputHint, float]],
) -> None:
    world = World()
    for what, hint, seconds in steps:
        if what in ("hang-up", "transfer", "failed", "unrenderable", "lost"):
            continue
        world.step(what, hint)
        world.pass_time(seconds)
    while world.playing and not world.finishes:  # let the bot finish what it is saying
        world.step("heard", InputHint.ACCEPTING)
    if not world.finishes:  # a caller who has begun to speak ends; keys that waited for that go out then
        world.step("stop", InputHint.ACCEPTING)
        world.pass_time(3.0)
    told = [a.text for a in world.asked if a.kind is AskKind.KEY]
    if world.finishes or world.machine.floor.no_inputs > world.machine.floor.policy.max_no_inputs:
        assert told == world.pressed[: len(told)]
    else:
        assert told == world.pressed


@settings(max_examples=2 * settings.default.max_examples)
@given(STEPS)
def test_no_recognised_word_is_told_twice(steps: list[tuple[str, InputHint, float]]) -> None:
    world = World()
    for what, hint, seconds in steps:
        world.step(what, hint)
        world.pass_time(seconds)
    words = [w for a in world.asked if a.kind is AskKind.SPEECH for w in a.text.split()]
    assert len(words) == len(set(words))
