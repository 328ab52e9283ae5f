"""A call whose platform speaks and listens: the session over a platform that carries out operations."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from call_world import CANNED, World

from voicebot.audio import LINEAR_16K
from voicebot.events import (
    AnswerKind,
    BotDone,
    BotMessage,
    CallConfigured,
    Event,
    ExpectedAnswer,
    HangUpAsked,
    InputHint,
    KeyCollection,
    PlaybackEnded,
)
from voicebot.legs.operations import (
    Begun,
    Heard,
    KeyRules,
    NotCarriedOut,
    NotUnderstood,
    Operation,
    Outcome,
    Played,
    Pressed,
    PromptFailed,
    Recognition,
    Silent,
)

pytestmark = pytest.mark.virtual_time

MENU = ExpectedAnswer(AnswerKind.CHOICE, answers=frozenset({"billing", "power"}), commands=frozenset({"help"}))
QUESTION = "Billing or power? Please say which of the two it is."
"""Lasts some 3.5 s."""


class Platform:
    """Accepts every operation at once; the test tells what comes of it."""

    def __init__(self) -> None:
        self.on_outcome: Any = None
        self.began: list[Operation] = []
        self.cancelled = 0

    def begin(self, operation: Operation) -> None:
        self.began.append(operation)
        asyncio.get_running_loop().call_soon(self.tell, Begun(operation.number))

    def cancel(self) -> None:
        self.cancelled += 1

    def tell(self, outcome: Outcome) -> None:
        if self.on_outcome is not None:
            self.on_outcome(outcome)

    @property
    def last(self) -> Operation:
        return self.began[-1]

    @property
    def texts(self) -> list[list[str]]:
        """What each operation says."""
        return [[prompt.text for prompt in operation.prompts] for operation in self.began]


class Call(World):
    """A call that is up; :attr:`events` are those that the turn machine got."""

    def __init__(self, **more: Any) -> None:
        self.platform = Platform()
        self.events: list[Event] = []
        super().__init__(operations=self.platform, **more)
        note = self.session._turns._note
        self.session._turns._note = lambda event: (self.events.append(event), note(event))[1]  # type: ignore[func-returns-value]

    async def asks(self, text: str = QUESTION, *, request: int | None = None, **configured: Any) -> None:
        """The bot says ``text``, has told what it expects, and has finished."""
        request = request or len(self.bot.told)
        self.bot.on_event(CallConfigured(self.now, phrases=("power",), **{"answer": MENU, **configured}))
        self.bot.on_event(BotMessage(self.now, request, text, text, InputHint.EXPECTING))
        self.bot.on_event(BotDone(self.now, request))
        await self.passes(0.2)

    async def passes(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.settle()

    async def comes(self, make: Any, *about: Any) -> None:
        """What has come of the latest operation."""
        self.platform.tell(make(self.platform.last.number, *about))
        await self.settle()

    @property
    def told(self) -> list[str]:
        """What the bot was told last, one word each."""
        return [str(activity.get("text") or activity.get("name") or activity["type"]) for activity in self.bot.told]

    def ended(self) -> list[PlaybackEnded]:
        return [event for event in self.events if isinstance(event, PlaybackEnded)]


async def call(**more: Any) -> Call:
    made = Call(**more)
    await made.settle()
    return made


async def test_a_question_is_one_operation_with_its_answers_and_an_answer_reaches_the_bot() -> None:
    world = await call()
    await world.asks()
    operation = world.platform.last
    assert [prompt.text for prompt in operation.prompts] == [QUESTION]
    assert operation.recognition == Recognition(
        "en-US", True, KeyRules(1, "", 7.0), ("billing", "help", "power"), silence_s=7.0, end_silence_s=0.5
    )
    await world.passes(5.0)
    await world.comes(Heard, "power", 0.8)
    assert world.told[-1] == "power"
    (ended,) = world.ended()
    assert (ended.complete, round(ended.heard_s, 1)) == (True, 3.5)
    assert "interrupted" not in world.told


async def test_who_answers_over_the_question_interrupts_it() -> None:
    world = await call()
    await world.asks()
    await world.passes(2.0)
    await world.comes(Heard, "billing", 0.8)
    (ended,) = world.ended()
    assert not ended.complete and 0.5 < ended.heard_s < 2.0
    assert world.told[-1] == "billing" and world.platform.cancelled == 0


async def test_who_only_listens_hears_the_prompt_again() -> None:
    world = await call()
    await world.asks()
    await world.passes(2.0)
    await world.comes(Heard, "uh-huh", 0.8)
    await world.passes(1.0)
    assert world.platform.texts == [[QUESTION], [QUESTION]]
    assert len(world.bot.told) == 1


async def test_silence_counts_from_when_it_began() -> None:
    world = await call()
    await world.asks()
    began = world.now
    await world.passes(3.5 + 7.0)
    await world.comes(Silent)
    await world.passes(0.0)
    assert world.told[-1] == "noInput" or "input" in str(world.bot.told[-1]).lower()
    (ended,) = world.ended()
    assert ended.complete and ended.at == pytest.approx(began + 3.5, abs=0.1)


async def test_a_platform_waits_no_longer_than_it_can_and_is_asked_again() -> None:
    world = await call()
    await world.asks(no_input_s=30.0)
    assert world.platform.last.recognition is not None and world.platform.last.recognition.silence_s == 20.0
    await world.passes(3.5 + 20.0)
    await world.comes(Silent)
    assert len(world.bot.told) == 1 and not world.platform.last.prompts, "it goes on listening"
    await world.passes(10.1)
    assert len(world.bot.told) == 2


async def test_what_is_not_understood_is_a_no_match_and_then_any_words_will_do() -> None:
    world = await call()
    await world.asks()
    await world.passes(5.5)
    await world.comes(NotUnderstood)
    assert len(world.bot.told) == 2
    await world.asks("Sorry? Billing or power?")
    assert world.platform.last.recognition is not None and not world.platform.last.recognition.phrases
    world.bot.on_event(CallConfigured(world.now, phrases=("other",), answer=MENU))
    await world.passes(4.0)
    await world.comes(Heard, "what do I owe", 0.9)
    await world.asks("Another question?")
    assert world.platform.last.recognition.phrases


async def test_a_sound_over_a_prompt_only_makes_it_be_said_again() -> None:
    world = await call()
    await world.asks()
    await world.passes(1.2)
    await world.comes(NotUnderstood)
    await world.passes(1.5)
    assert world.platform.texts == [[QUESTION], [QUESTION]] and len(world.bot.told) == 1


async def test_keys_are_told_one_by_one() -> None:
    world = await call()
    await world.asks(answer=ExpectedAnswer(AnswerKind.DIGITS, least=6, most=6))
    assert world.platform.last.recognition is not None
    assert world.platform.last.recognition.keys == KeyRules(6, "#", 7.0)
    assert world.platform.last.recognition.end_silence_s == 0.7
    await world.passes(6.0)
    await world.comes(Pressed, "123456")
    assert world.told[-6:] == list("123456")


async def test_a_bot_that_has_keys_collected_says_how() -> None:
    world = await call()
    await world.asks(keys=KeyCollection(4, "*", 3.0))
    assert world.platform.last.recognition is not None
    assert world.platform.last.recognition.keys == KeyRules(4, "*", 3.0)


async def test_what_the_bot_says_while_it_goes_on_is_only_played() -> None:
    world = await call()
    world.says("One moment, please.", done=False)
    await world.passes(0.2)
    assert world.platform.last.recognition is None
    world.says("It is sunny.", done=False)
    await world.passes(0.5)
    assert len(world.platform.began) == 1, "one after the other"
    world.bot.on_event(BotDone(world.now, 1))
    await world.comes(Played)
    assert world.platform.texts == [["One moment, please."], ["It is sunny."]]
    assert world.platform.last.recognition is not None, "it has finished: it may be interrupted now"


async def test_what_must_be_heard_comes_first_and_is_not_interrupted() -> None:
    world = await call()
    world.says("This call is recorded.", InputHint.IGNORING, done=False)
    world.says("Really.", InputHint.IGNORING, done=False)
    await world.asks()
    assert world.platform.texts == [["This call is recorded.", "Really."]]
    assert world.platform.last.recognition is None
    await world.comes(Played)
    assert world.platform.texts[1:] == [[QUESTION]]


async def test_a_prompt_that_only_keys_interrupt() -> None:
    world = await call()
    world.says("Press a key at any time.", InputHint.IGNORING_SPEECH)
    await world.passes(0.2)
    question = world.platform.last.recognition
    assert question is not None and (question.speech, question.silence_s) == (False, 1.0)
    await world.passes(0.5)
    await world.comes(Pressed, "5")
    assert world.told[-1] == "5"


async def test_the_prompts_of_one_operation_end_one_after_the_other() -> None:
    world = await call()
    world.says("A first sentence of some length.", done=False)
    await world.asks()
    assert len(world.platform.last.prompts) == 2
    await world.passes(2.5)
    assert [event.utterance for event in world.ended()] == [1]
    await world.passes(4.0)
    await world.comes(Heard, "power", 0.8)
    assert [event.complete for event in world.ended()] == [True, True]


async def test_what_comes_behind_a_question_is_said_when_that_should_be_over() -> None:
    world = await call()
    await world.asks()
    world.bot.on_event(BotMessage(world.now, 0, "By the way.", "By the way."))
    await world.passes(3.0)
    assert len(world.platform.began) == 1
    await world.passes(3.5)
    assert world.platform.texts[-1] == ["By the way."]


async def test_the_rate_of_the_voice_is_learnt() -> None:
    world = await call()
    world.says("This is said by somebody who speaks slowly.", InputHint.IGNORING, done=False)
    await world.passes(0.2)
    await world.passes(6.0)  # 3 s would be usual
    await world.comes(Played)
    await world.asks()
    await world.passes(4.5)
    await world.comes(Heard, "power", 0.8)
    (first, second) = world.ended()
    assert round(first.heard_s) == 6
    assert not second.complete, "it lasts 7 s"


async def test_what_was_said_while_the_next_operation_began_is_not_lost() -> None:
    world = await call()
    await world.asks()
    await world.passes(4.5)
    await world.comes(Heard, "power", 0.8)
    asked = len(world.bot.told)
    await world.asks("That is all right.", answer=None)
    await world.passes(2.0)
    await world.comes(Silent)
    listening = world.platform.last
    assert not listening.prompts
    world.bot.on_event(BotMessage(world.now, 0, "One more thing to say.", "One more thing to say."))
    await world.passes(0.2)
    world.platform.tell(Heard(listening.number, "hold on please", 0.9))
    await world.passes(1.0)
    assert world.told[asked:][-1] == "hold on please"


async def test_a_prompt_that_cannot_be_said_is_apologised_for_with_a_recording() -> None:
    world = await call()
    await world.asks()
    await world.comes(PromptFailed, 0, "no such voice (400/8565)")
    await world.passes(0.2)
    (apology,) = world.platform.last.prompts
    assert apology.samples == CANNED


async def test_a_platform_that_cannot_listen_is_asked_again_and_the_caller_hears_that_it_takes_a_moment() -> None:
    world = await call(log_words=True)
    await world.asks()
    await world.passes(3.5)
    for _ in range(3):
        await world.comes(NotCarriedOut, "unavailable (500/8564)")
        await world.passes(2.1)
    assert any(prompt.samples == CANNED for operation in world.platform.began for prompt in operation.prompts)
    await world.comes(Played)
    await world.passes(2.1)
    await world.comes(Heard, "power", 0.8)
    assert world.told[-1] == "power"


async def test_an_operation_of_which_nothing_is_told_does_not_hold_the_call() -> None:
    world = await call()
    await world.asks()
    await world.passes(90.0)
    assert len(world.platform.began) > 1


async def test_an_audio_file_goes_as_samples_and_its_text_is_said_if_there_is_none() -> None:
    world = await call()
    for speak in ("instead of the file", ""):
        world.bot.on_event(BotMessage(world.now, 1, "", speak, audio="file:///nowhere.wav"))
    world.bot.on_event(BotDone(world.now, 1))
    await world.until(lambda: world.platform.began)
    await world.passes(0.2)
    assert world.platform.texts[0] == ["instead of the file"]


async def test_before_the_end_of_the_call_everything_is_said_and_nothing_listened_to() -> None:
    world = await call()
    world.says("Goodbye.", done=False)
    world.bot.on_event(HangUpAsked(world.now))
    world.bot.on_event(BotDone(world.now, 1))
    await world.passes(0.2)
    assert world.platform.texts == [["Goodbye."]] and world.platform.last.recognition is None
    await world.comes(Played)
    record = await world.over()
    assert record["end"]["reason"] == "bot"


async def test_a_bot_that_does_not_listen_gets_keys_only() -> None:
    world = await call()
    await world.asks(listening=False)
    assert world.platform.last.recognition is not None and not world.platform.last.recognition.speech


async def test_prompts_are_in_the_voice_and_language_of_the_call() -> None:
    world = await call(voice_name="en-US-JennyNeural")
    world.bot.on_event(CallConfigured(world.now, language="de-DE", voice="de-DE-KatjaNeural"))
    marked = "<speak><break/>Hallo</speak>"
    await world.asks(marked)
    (prompt,) = world.platform.last.prompts
    assert prompt.text.startswith("<speak version") and "de-DE-KatjaNeural" in prompt.text
    assert world.platform.last.recognition is not None and world.platform.last.recognition.language == "de-DE"
    assert LINEAR_16K.rate == 16_000
