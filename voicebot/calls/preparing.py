"""Has the bot's reply to what the caller is probably saying made ready, before the turn is over.

The bot is asked on trial, without any effect (:meth:`voicebot.bots.Conversation.trial`), and the first prompts of what
it would say are rendered. Nothing of it is played: when the turn is over, the bot is asked as always, and what it says
is found ready. So nothing has to be taken back when it comes out differently. The prompts are held until the bot has
answered, or the caller goes on.
"""

from __future__ import annotations

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


@dataclass(slots=True)
class PreparedCounts:
    """What was made ready in a call. ``trials``: how often the bot was asked on trial; ``prompts``: how many prompts
    were rendered for it; ``used`` of them were said, ``thrown_away`` were not."""

    trials: int = 0
    prompts: int = 0
    used: int = 0
    thrown_away: int = 0

    def as_dict(self) -> dict[str, int]:
        """The counts as they are in the record."""
        return {
            "trials": self.trials,
            "prompts": self.prompts,
            "used": self.used,
            "thrown_away": self.thrown_away,
        }


class _Reply:
    """What was made ready for one text of the caller."""

    def __init__(self, likely: Prepare) -> None:
        self.to = likely
        self.held: dict[Speech, HeldPrompt] = {}


class Preparing:
    """Of one call. ``voice()``: that of the call now; ``audio``: its format."""

    def __init__(self, source: SpeechSource, audio: AudioFormat, voice: Callable[[], PromptVoice]) -> None:
        self.counts = PreparedCounts()
        self._source = source
        self._audio = audio
        self._voice = voice
        self._trials = BackgroundTasks(logger)
        self._reply: _Reply | None = None
        self._asked = 0
        """The request with which the bot was asked for the reply in truth; 0: it was not yet."""
        self._said: list[HeldPrompt] = []
        """What was held and is being said: the playback may not have begun with it."""

    def reply_to(self, likely: Prepare, conversation: Conversation | None) -> None:
        """The caller's turn may be over: find out from ``conversation`` what the bot would say; have it rendered."""
        if conversation is None or (self._reply is not None and not self._asked and self._reply.to == likely):
            return
        self._drop()
        self._reply = reply = _Reply(likely)
        self.counts.trials += 1
        self._trials.spawn(self._prepare(reply, conversation), "preparing a reply")

    def asked(self, request: int) -> None:
        """The bot is asked in truth."""
        self._trials.cancel()
        self._release(self._said)
        self._asked = request

    def saying(self, speech: Speech) -> bool:
        """``speech`` is about to be played. Whether it was made ready."""
        held = self._reply.held.pop(speech, None) if self._reply is not None else None
        if held is None:
            return False
        self.counts.used += 1
        self._said.append(held)
        return True

    def note(self, event: Event) -> None:
        """Take one event of the call: with some, what was made ready is not needed any more."""
        match event:
            case SpeechStarted() if not self._asked:  # the caller goes on
                self._drop()
            case BotDone(request=request) | BotFailed(request=request) if request and request == self._asked:
                self._drop()

    async def close(self) -> None:
        """Throw everything away."""
        self._drop()
        self._release(self._said)
        await self._trials.close()

    async def _prepare(self, reply: _Reply, conversation: Conversation) -> None:
        voice = self._voice()
        ask = Ask(0, AskKind.SPEECH, reply.to.text, prompt_heard=reply.to.prompt_heard)
        for event in await conversation.trial(asked_activity(ask, voice.language)):
            match event:
                case CallConfigured(voice=name, language=language):
                    voice = voice.changed(name, language)
                case BotMessage(speak=text, locale=locale, audio="") if text and len(reply.held) < MOST_PROMPTS:
                    self._hold(reply, voice.speech(text, locale, self._audio))

    def _hold(self, reply: _Reply, speech: Speech) -> None:
        held = self._source.prepare(speech, Urgency.SOON) if speech not in reply.held else None
        if held is not None:
            reply.held[speech] = held
            self.counts.prompts += 1

    def _drop(self) -> None:
        """Throw the reply away."""
        self._trials.cancel()
        reply, self._reply, self._asked = self._reply, None, 0
        if reply is not None:
            self.counts.thrown_away += len(reply.held)
            self._release([*reply.held.values()])

    def _release(self, held: list[HeldPrompt]) -> None:
        while held:
            held.pop().release()
