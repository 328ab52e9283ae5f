"""Has the bot's reply to what the caller is probably saying made ready, before the turn is over.

The bot is asked on trial, without any effect (:meth:`voicebot.bots.Conversation.trial`), and the first prompts of what
it would say are rendered. Nothing of it is played: when the turn is over, the bot is asked as always, and what it says
is found ready. So nothing has to be taken back when it comes out differently. The prompts are held until the bot has
answered, or the caller goes on.

Where the answer to a question can only be one of a few, the reply to each is made ready as well, while the caller
listens to the question: what must be rendered for it is rendered when nothing else is. Such prompts are held until the
bot has answered.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from voicebot.audio import AudioFormat
from voicebot.bots import Conversation
from voicebot.calls.asking import asked_activity
from voicebot.calls.playback import SpeechSource
from voicebot.events import BotDone, BotFailed, BotMessage, CallConfigured, Event, SpeechStarted
from voicebot.speech import HeldPrompt, PromptVoice, Speech, Urgency
from voicebot.tasks import BackgroundTasks
from voicebot.turns import Ask, AskKind, Prepare

logger = logging.getLogger(__name__)

MOST_PROMPTS = 3
"""Of one reply. Later ones are rendered while these are played."""
AHEAD_PROMPTS = 2
"""Of the reply to an answer that is only one of a few."""
AHEAD_AFTER_S = 0.2
"""After the bot's answer: first, its own prompts are rendered."""


@dataclass(slots=True)
class PreparedCounts:
    """What was made ready in a call. ``trials``: how often the bot was asked on trial; ``ahead``: how often with an
    answer of which the caller had said nothing yet. ``prompts``: how many prompts were rendered for both; ``used`` of
    them were said, ``thrown_away`` were not."""

    trials: int = 0
    ahead: int = 0
    prompts: int = 0
    used: int = 0
    thrown_away: int = 0

    def as_dict(self) -> dict[str, int]:
        """The counts as they are in the record."""
        return {
            "trials": self.trials,
            "ahead": self.ahead,
            "prompts": self.prompts,
            "used": self.used,
            "thrown_away": self.thrown_away,
        }


class Preparing:
    """Of one call. ``voice()``: that of the call now; ``audio``: its format. ``ahead``: whether replies are also made
    ready before the caller has said anything."""

    def __init__(
        self, source: SpeechSource, audio: AudioFormat, voice: Callable[[], PromptVoice], *, ahead: bool
    ) -> None:
        self.counts = PreparedCounts()
        self._source = source
        self._audio = audio
        self._voice = voice
        self._ahead = ahead
        self._trials = BackgroundTasks(logger)
        self._conversation: Conversation | None = None
        self._likely: tuple[str, ...] = ()
        """What the caller may answer, if it is one of a few."""
        self._reply_to: Prepare | None = None
        self._reply: dict[Speech, HeldPrompt] = {}
        self._replies_ahead: dict[Speech, HeldPrompt] = {}
        self._asked = 0
        """The request with which the bot was asked in truth, until it has answered."""
        self._said: list[HeldPrompt] = []
        """What was held and is being said: the playback may not have begun with it."""

    def begin(self, conversation: Conversation) -> None:
        """The call has a bot."""
        self._conversation = conversation

    def reply_to(self, likely: Prepare) -> None:
        """The caller's turn may be over: find out what the bot would say, and have it rendered."""
        if self._conversation is None or (self._reply_to == likely and not self._asked):
            return
        self._drop_reply()
        self._asked = 0
        self._reply_to = likely
        self.counts.trials += 1
        self._trials.spawn(self._prepare(self._conversation, likely), "preparing a reply")

    def asked(self, request: int) -> None:
        """The bot is asked in truth."""
        self._trials.cancel()
        _release(self._said)
        self._asked = request

    def saying(self, speech: Speech) -> bool:
        """``speech`` is about to be played. Whether it was made ready."""
        held = self._reply.pop(speech, None) or self._replies_ahead.pop(speech, None)
        if held is None:
            return False
        self.counts.used += 1
        self._said.append(held)
        return True

    def note(self, event: Event) -> None:
        """Take one event of the call: with some, what was made ready is not needed any more."""
        match event:
            case CallConfigured() if event.phrases is not None or event.answer is not None:
                self._likely = event.answer.likely if event.answer is not None else ()
            case SpeechStarted() if not self._asked:  # the caller goes on
                self._drop_reply()
            case BotDone(request=request) | BotFailed(request=request) if request and request == self._asked:
                self._drop_reply()
                self._drop(self._replies_ahead)
                self._asked = 0
                if self._likely and self._ahead and self._conversation is not None and isinstance(event, BotDone):
                    self._trials.spawn(self._look_ahead(self._conversation, self._likely), "looking ahead")

    async def close(self) -> None:
        """Throw everything away."""
        self._drop_reply()
        self._drop(self._replies_ahead)
        _release(self._said)
        await self._trials.close()

    async def _prepare(self, conversation: Conversation, likely: Prepare) -> None:
        prompts = await self._told(conversation, likely.text, likely.prompt_heard)
        self._hold(prompts, MOST_PROMPTS, self._reply, Urgency.SOON)

    async def _look_ahead(self, conversation: Conversation, answers: tuple[str, ...]) -> None:
        await asyncio.sleep(AHEAD_AFTER_S)
        for text in answers:
            self.counts.ahead += 1
            prompts = await self._told(conversation, text, 1.0)
            self._hold(prompts, AHEAD_PROMPTS, self._replies_ahead, Urgency.PERHAPS)

    async def _told(self, conversation: Conversation, text: str, prompt_heard: float) -> list[Speech]:
        """What the bot would say to ``text``, without what is no speech."""
        voice = self._voice()
        activity = asked_activity(Ask(0, AskKind.SPEECH, text, prompt_heard=prompt_heard), voice.language)
        prompts = []
        for event in await conversation.trial(activity):
            match event:
                case CallConfigured(voice=name, language=language):
                    voice = voice.changed(name, language)
                case BotMessage(speak=said, locale=locale, audio="") if said:
                    prompts.append(voice.speech(said, locale, self._audio))
        return prompts

    def _hold(self, prompts: list[Speech], most: int, place: dict[Speech, HeldPrompt], urgency: Urgency) -> None:
        """Have the first ``most`` of ``prompts`` rendered that are not there yet."""
        for speech in prompts:
            held = self._source.prepare(speech, urgency) if most and speech not in place else None
            if held is None:
                continue
            most -= 1
            before = self._replies_ahead.pop(speech, None)
            if before is not None:
                before.release()
            else:
                self.counts.prompts += 1
            place[speech] = held

    def _drop_reply(self) -> None:
        self._trials.cancel()
        self._reply_to = None
        self._drop(self._reply)

    def _drop(self, held: dict[Speech, HeldPrompt]) -> None:
        self.counts.thrown_away += len(held)
        _release(list(held.values()))
        held.clear()


def _release(held: list[HeldPrompt]) -> None:
    while held:
        held.pop().release()
