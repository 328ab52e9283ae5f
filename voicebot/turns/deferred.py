"""What has to wait until all that was said has been heard: keys of both sides, a transfer, the end of the call."""

from __future__ import annotations

from voicebot.turns.commands import Command, HangUp, SendKeys, Transfer

MAX_KEPT_KEYS = 64
MAX_BOT_KEYS = 20
"""Strings of keys."""


class Deferred:
    """One call's. What is over the limits is dropped."""

    def __init__(self) -> None:
        self.leaving: HangUp | Transfer | None = None
        """How the call is to end; once this is set, nothing interrupts."""
        self.bot_has_left = False
        """The bot has hung up while a transfer was to come: should that fail, nobody is left to talk to."""
        self._pressed = ""
        self._kept: list[str] = []
        self._behind_drop: list[str] = []
        self._bot_keys: list[SendKeys] = []

    @property
    def keys_kept(self) -> bool:
        """Whether keys wait to be told to the bot."""
        return bool(self._kept)

    @property
    def keys_behind_drop(self) -> bool:
        """Whether keys have dropped the bot's turn and wait until it is known what was heard of it."""
        return bool(self._behind_drop)

    def press(self, key: str) -> None:
        """The caller has pressed ``key``; one of the next three says what becomes of it."""
        self._pressed = key

    def keep_key(self) -> None:
        """It may not interrupt: it is told to the bot after what it may not interrupt."""
        if len(self._kept) < MAX_KEPT_KEYS:
            self._kept.append(self._pressed)

    def put_key_behind_drop(self) -> None:
        """It drops what is playing: it is told to the bot after what was heard of that."""
        self._behind_drop.append(self._pressed)

    def pressed_key(self) -> str:
        """It is told now."""
        return self._pressed

    def kept_keys(self) -> list[str]:
        """Take the keys that were kept."""
        keys, self._kept = self._kept, []
        return keys

    def behind_drop_keys(self) -> list[str]:
        """Take the keys that have dropped the bot's turn."""
        keys, self._behind_drop = self._behind_drop, []
        return keys

    def send_keys(self, keys: str) -> None:
        """The bot sends ``keys``, after what it has said."""
        if len(self._bot_keys) < MAX_BOT_KEYS:
            self._bot_keys.append(SendKeys(keys))

    def bot_keys(self) -> list[Command]:
        """Take the keys that the bot sends."""
        keys, self._bot_keys = self._bot_keys, []
        return list(keys)
