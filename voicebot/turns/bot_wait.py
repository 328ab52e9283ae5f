"""What covers the time that the bot takes, and how long the call waits for it."""

from __future__ import annotations

from voicebot.events import BotMessage
from voicebot.turns.call_policy import CallPolicy
from voicebot.turns.table import FloorState, Happening
from voicebot.turns.timers import Timers


class BotWait:
    """The wait for the bot's next message, which begins when the bot has been asked, or has announced one."""

    def __init__(self, policy: CallPolicy, timers: Timers) -> None:
        self._policy = policy
        self._timers = timers
        self._masked = 0
        """How often in this wait the caller has heard that it takes longer."""

    @property
    def announced(self) -> bool:
        """Whether the bot has announced another message that is still to come."""
        return self._timers.runs(Happening.MESSAGE_LATE)

    @property
    def masked_enough(self) -> bool:
        """Whether the caller has heard often enough that it takes longer."""
        return self._policy.masking_retries is not None and self._masked > self._policy.masking_retries

    def entered(self, state: FloorState, now: float) -> None:
        """The floor has entered ``state``."""
        if state is FloorState.WAITING:
            self.over()
        elif state is FloorState.THINKING:
            self._begin(now)

    def _begin(self, now: float) -> None:
        if self._policy.bot_give_up_s > 0 and not self._timers.runs(Happening.BOT_SILENT):
            self._timers.start(Happening.BOT_SILENT, now + self._policy.bot_give_up_s)

    def over(self) -> None:
        """The bot has spoken, or nothing is to come."""
        self._masked = 0
        self._timers.stop((Happening.BOT_SILENT, Happening.MESSAGE_LATE))

    def announce(self, now: float) -> None:
        """The bot has announced another message."""
        self._timers.start(Happening.MESSAGE_LATE, now + self._policy.settings.announced_s)

    def mask(self, now: float) -> BotMessage | None:
        """What the bot wants the caller to hear while it takes longer; None: it has not said."""
        self._masked += 1
        text, audio = self._policy.masking_text, self._policy.masking_audio
        return BotMessage(now, 0, text, text, audio=audio) if text or audio else None
