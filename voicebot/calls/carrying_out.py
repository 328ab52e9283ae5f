"""What follows from the commands of the turn machine: each goes to the part of the call that it is for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from voicebot.bots import Conversation
from voicebot.calls.asking import asked_activity
from voicebot.calls.by_platform import PlatformTalk
from voicebot.calls.lifecycle import Lifecycle, Phase
from voicebot.calls.placed_calls import PlacedCalls
from voicebot.calls.playback import Playback, PromptAudio
from voicebot.calls.preparing import Preparing
from voicebot.calls.record import RecordBuilder
from voicebot.calls.services import CallServices
from voicebot.calls.talking import Talking
from voicebot.calls.transferring import PARTING_S, Transferring
from voicebot.events import Event
from voicebot.legs import Leg
from voicebot.rtp import Playout
from voicebot.speech import APOLOGY_TEXTS
from voicebot.tasks import BackgroundTasks
from voicebot.turns import (
    Ask,
    Command,
    Commit,
    Drop,
    Expect,
    HangUp,
    Listen,
    Overlapped,
    Pause,
    PlaceCall,
    Play,
    Prepare,
    Record,
    Resume,
    ScoreTurn,
    SendKeys,
    Transfer,
    UseVoice,
)


class CarryingOut:
    """Of the call ``call``. ``talk``: its parts. ``tell`` gets the events that follow; ``asked()`` is called when the
    bot has been asked something; ``ours`` returns when it is known that the call is this process's.

    ``conversation``: with the bot, to be set before that is asked.
    """

    def __init__(
        self,
        call: str,
        leg: Leg,
        services: CallServices,
        talk: Talking,
        *,
        builder: RecordBuilder,
        preparing: Preparing,
        lifecycle: Lifecycle,
        tasks: BackgroundTasks,
        tell: Callable[[Event], None],
        asked: Callable[[], None],
        ours: Callable[[], Awaitable[None]],
        log: logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self.conversation: Conversation | None = None
        speaker = partial(_speaker, services.audio, talk.playback)
        self.transferring = Transferring(call, leg, services.rules.transfers, speaker)
        self._leg = leg
        self._services = services
        self._hearing, self._playback, self._recording = talk.hearing, talk.playback, talk.recording
        self._builder = builder
        self._preparing = preparing
        self._lifecycle = lifecycle
        self._tasks = tasks
        self._tell = tell
        self._asked = asked
        self._ours = ours
        self._log = log
        self._placed_calls = PlacedCalls(services.place, tell, log)
        self._loop = asyncio.get_running_loop()

    def carry_out(self, command: Command) -> None:
        match command:
            case Ask():
                self._ask(command)
            case Play():
                ready = self._preparing.saying(self._playback.speech(command))
                now = self._loop.time()
                self._builder.spoken(command.utterance, text_of(command), command.request, now, prepared=ready)
                self._playback.play(command)
            case Pause():
                self._playback.pause()
            case Resume():
                self._playback.resume()
            case Drop():
                self._playback.drop()
            case Overlapped():
                self._builder.overlapped(command, self._loop.time())
            case Expect(phrases):
                self._hearing.expect(phrases)
            case Commit():
                self._hearing.commit()
            case Prepare():
                self._preparing.reply_to(command)
            case ScoreTurn(offset):
                self._hearing.score(offset)
            case Listen(on):
                self._hearing.listening = on
                self._log.info("listening" if on else "not listening")
            case UseVoice(name, language):
                self._use_voice(name, language)
            case SendKeys(keys):
                self._log.info("keys: %s", self._words(keys) or len(keys))
                self._leg.send_keys(keys)
            case Record(action, name):
                self._recording.carry_out(action, name)
            case PlaceCall(asked):
                self._tasks.spawn(self._placed_calls.place(asked), "placing a call")
            case Transfer():
                self._lifecycle.reach(Phase.GREETED)  # only an answered call can be transferred
                self._tasks.spawn(self._transfer(command), "the transfer")
            case HangUp(reason):
                self._log.info("hanging up: %s", reason)
                self._tasks.spawn(self._part(), "hanging up")

    def _ask(self, ask: Ask) -> None:
        self._builder.asked(ask.request, ask.text, ask.kind, self._loop.time(), ended=ask.ended)
        self._log.info("asked the bot: %s %s", ask.kind.value, self._words(ask.text) or ask.count or "")
        assert self.conversation is not None, "the bot is asked from its greeting on"
        self._preparing.asked(ask.request)
        self.conversation.send(ask.request, asked_activity(ask, self._playback.voice.language))
        self._asked()

    def _use_voice(self, name: str, language: str) -> None:
        before = self._playback.voice
        self._playback.voice = before.changed(name, language)
        if language and language != before.language:
            self._tasks.spawn(self._hearing.listen_in(language), "changing the language")

    async def hang_up(self) -> None:
        """End the call, as soon as it is known that it still is this process's."""
        await self._ours()
        await self._leg.hang_up()

    async def _part(self) -> None:
        await asyncio.sleep(PARTING_S)
        await self.hang_up()

    async def _transfer(self, transfer: Transfer) -> None:
        await self._lifecycle.until(Phase.UP)
        ended = await self.transferring.carry_out(transfer)
        if ended.accepted:
            self._log.info("transferred to %s", transfer.target)
        else:
            self._log.warning("the transfer to %s failed: %s %s", transfer.target, ended.status or "", ended.message)
        self._tell(ended)

    def _words(self, text: str) -> str:
        """``text`` as the log may show it: all of it, masked or nothing."""
        return self._builder.kept(text) if self._services.keeping.log_words else ""


def _speaker(audio: PromptAudio, beside: Playback | PlatformTalk, playout: Playout) -> Playback:
    """A playback on another leg, such as that of a consultation, with the voice that the call has now."""
    return Playback(playout, audio, beside.voice, lambda _: None)


def text_of(command: Play) -> str:
    """What the record shows of a prompt."""
    return APOLOGY_TEXTS[command.canned.value] if command.canned else command.text or command.speak
