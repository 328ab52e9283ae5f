"""What has to wait until everything said before has been heard: keys of both sides, a transfer, the end of the call."""

from __future__ import annotations

from voicebot.turns.commands import Command, HangUp, SendKeys, Transfer

MAX_KEPT_KEYS = 64
LATE_KEY_S = 5.0
"""How long after the last key an end key may still belong to what was keyed in."""
MAX_BOT_KEYS = 20
"""The most strings of keys that the bot may have waiting."""


class Deferred:
    """What waits in one call. Keys over the limits are dropped."""

    def __init__(self) -> None:
        self.leaving: HangUp | Transfer | None = None
        """How the call is to end, None if it goes on. Once this is set, the caller cannot interrupt."""
        self.bot_has_left = False
        """Whether the bot hung up while a transfer was pending: if that fails, the call ends."""
        self._pressed = ""
        self._pressed_at = float("-inf")
        self._late_end_key = ""
        self._kept: list[str] = []
        self._dropping_keys: list[str] = []
        self._bot_keys: list[SendKeys] = []

    @property
    def keys_kept(self) -> bool:
        """Whether kept keys wait to be sent to the bot."""
        return bool(self._kept)

    @property
    def dropped_by_key(self) -> bool:
        """Whether keys that dropped the bot's turn wait until it is known how much of it was heard."""
        return bool(self._dropping_keys)

    def allow_late_end_key(self, key: str) -> None:
        """The keys so far are an answer, and ``key``, if it follows them now, is a part of it; ``""``: no key is."""
        self._late_end_key = key

    def press(self, key: str, at: float) -> bool:
        """The caller has pressed ``key``. True: one of the next three methods is called for it. False: it only ends
        what was keyed in before, and is ignored."""
        if key == self._late_end_key and at - self._pressed_at <= LATE_KEY_S:
            return False
        self._pressed, self._pressed_at = key, at
        self._late_end_key = ""
        return True

    def keep_key(self) -> None:
        """The pressed key must not interrupt: keep it for the bot until the prompt has been heard."""
        if len(self._kept) < MAX_KEPT_KEYS:
            self._kept.append(self._pressed)

    def keep_dropping_key(self) -> None:
        """The pressed key drops the prompt: keep it for the bot until it is known how much of that was heard."""
        self._dropping_keys.append(self._pressed)

    def pressed_key(self) -> str:
        """The pressed key is sent to the bot now."""
        return self._pressed

    def kept_keys(self) -> list[str]:
        """Take the keys that were kept."""
        keys, self._kept = self._kept, []
        return keys

    def dropping_keys(self) -> list[str]:
        """Take the keys that dropped the bot's turn."""
        keys, self._dropping_keys = self._dropping_keys, []
        return keys

    def send_keys(self, keys: str) -> None:
        """The bot wants ``keys`` sent, after what it has said."""
        if len(self._bot_keys) < MAX_BOT_KEYS:
            self._bot_keys.append(SendKeys(keys))

    def bot_keys(self) -> list[Command]:
        """Take the keys that the bot wants sent."""
        keys, self._bot_keys = self._bot_keys, []
        return list(keys)
