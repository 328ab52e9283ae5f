"""The policy of one call: the settings, with what the bot has changed for its call (``CallConfigured``)."""

from __future__ import annotations

from typing import TypeVar

from voicebot.events import CallConfigured, ExpectedAnswer, KeyCollection, Pace
from voicebot.turns.commands import Command, Expect, Listen, UseVoice
from voicebot.turns.policy import TurnPolicy
from voicebot.turns.still_there import still_there

T = TypeVar("T")


class CallPolicy:
    """The bot may change it at any time, for the rest of its call."""

    def __init__(self, settings: TurnPolicy, language: str = "") -> None:
        self.settings = settings
        """For everything that the bot cannot change."""
        self.language = language
        """That of the call now ("en-US"); ``""``: not known."""
        self.listening = settings
        """For the end of the caller's turn."""
        self.expected: ExpectedAnswer | None = None
        """What the answer that the bot waits for looks like."""
        self._hints: tuple[str, ...] = ()
        """Phrases that the recogniser should expect, by the bot."""
        self.asked = False
        """Whether the bot has said so since it was last told something by the caller."""
        self._pace: Pace | None = None
        self._end_silence_s = 0.0
        self.no_input_s = settings.no_input_s
        self.max_no_inputs = settings.max_no_inputs
        self.no_input_speech = ""
        self.no_input_audio = ""
        self.no_input_event = False
        self.masking_s = settings.masking_s
        self.masking_text = ""
        self.masking_audio = ""
        self.masking_retries: int | None = None
        """How often the caller hears again that the bot takes longer; None: as long as it does."""
        self.bot_give_up_s = 0.0
        """0: never."""
        self._still_there: str | None = None
        self.barge_in = settings.barge_in
        self.barge_in_words = 1
        self.keys_barge_in = True
        self.keys = KeyCollection()
        """How keys are collected, if that is not done here."""
        self.hypotheses = False
        """Whether the bot gets hypotheses."""

    def take(self, event: CallConfigured) -> list[Command]:
        """Apply what ``event`` sets; None leaves a value unchanged. Returns what the call has to do for it."""
        if event.phrases is not None or event.no_input_s is not None:
            self.no_input_s = _or(event.no_input_s, self.settings.no_input_s)
        if event.phrases is not None or event.answer is not None:
            self.expected = event.answer
            self.asked = event.answer is not None
        self.language = event.language or self.language
        if event.phrases is not None or event.pace is not None:
            self._pace = event.pace
        self._end_silence_s = _or(event.end_silence_s, self._end_silence_s)
        self.listening = self.settings if self._pace is None else self.settings.at_pace(self._pace)
        if self._end_silence_s > 0:
            self.listening = self.listening.with_end_silence(self._end_silence_s)
        self.no_input_speech = _or(event.no_input_speech, self.no_input_speech)
        self.no_input_audio = _or(event.no_input_audio, self.no_input_audio)
        self.no_input_event = _or(event.no_input_event, self.no_input_event)
        self.max_no_inputs = _or(event.no_input_retries, self.max_no_inputs)
        self.masking_s = _or(event.masking_s, self.masking_s)
        self.masking_text = event.masking_text or self.masking_text
        self.masking_audio = _or(event.masking_audio, self.masking_audio)
        self.masking_retries = _or(event.masking_retries, self.masking_retries)
        self.bot_give_up_s = _or(event.bot_give_up_s, self.bot_give_up_s)
        self._still_there = _or(event.still_there, self._still_there)
        self.barge_in = _or(event.barge_in, self.barge_in)
        self.barge_in_words = max(1, _or(event.barge_in_words, self.barge_in_words))
        self.keys_barge_in = _or(event.keys_barge_in, self.keys_barge_in)
        self.keys = _or(event.keys, self.keys)
        self.hypotheses = _or(event.hypotheses, self.hypotheses)
        commands: list[Command] = []
        if event.phrases is not None:
            self._hints = event.phrases
            commands.append(Expect(event.phrases))
        elif event.answer is not None:  # a bot that gives no hints with it would give these
            commands.append(Expect(tuple(dict.fromkeys((*self._hints, *sorted(event.answer.answers))))))
        if event.listening is not None:
            commands.append(Listen(event.listening))
        if event.voice or event.language:
            commands.append(UseVoice(event.voice, event.language))
        return commands

    @property
    def reminder(self) -> bool:
        """Whether the bot has set a prompt for a silent caller, and is not told of the silence itself."""
        return bool(self.no_input_speech or self.no_input_audio) and not self.no_input_event

    @property
    def still_there(self) -> str:
        """What the caller hears whose words may be lost with another process; ``""``: nothing."""
        return _or(self._still_there, still_there(self.language))

    def audio_failed(self, audio: str) -> None:
        """The file at ``audio`` cannot be fetched: for a silent caller, use the text instead, or else tell the bot."""
        if audio == self.no_input_audio:
            self.no_input_audio = ""
        if audio == self.masking_audio:
            self.masking_audio = ""


def _or(wished: T | None, present: T) -> T:
    return present if wished is None else wished
