"""The policy of one call: what the settings say, as far as the bot has not set it otherwise (``CallConfigured``)."""

from __future__ import annotations

from voicebot.events import CallConfigured
from voicebot.turns.commands import Command, Expect, Listen, UseVoice
from voicebot.turns.policy import TurnPolicy


class CallPolicy:
    """Changed by the bot for the rest of its call; the turn machine asks it at each decision."""

    def __init__(self, policy: TurnPolicy) -> None:
        self.settings = policy
        self.listening = policy
        """What the caller's turns are ended by."""
        self.no_input_s = policy.no_input_s
        self.max_no_inputs = policy.max_no_inputs
        self.no_input_speech = ""
        self.no_input_audio = ""
        self.no_input_event = False
        self.masking_s = policy.masking_s
        self.masking_text = ""
        self.barge_in = policy.barge_in
        self.barge_in_words = 1
        self.keys_barge_in = True
        self.hypotheses = False
        """Whether the bot hears what the recogniser believes so far."""

    def take(self, event: CallConfigured) -> list[Command]:
        """Take over what ``event`` sets, where None leaves what is; returns what the call has to do for it."""
        if event.phrases is not None or event.no_input_s is not None:
            self.no_input_s = event.no_input_s if event.no_input_s is not None else self.settings.no_input_s
        if event.end_silence_s is not None:
            wanted = event.end_silence_s
            self.listening = self.settings.with_end_silence(wanted) if wanted > 0 else self.settings
        if event.barge_in_words is not None:
            self.barge_in_words = max(1, event.barge_in_words)
        if event.no_input_retries is not None:
            self.max_no_inputs = event.no_input_retries
        if event.masking_text:
            self.masking_text = event.masking_text
        for name in _TAKEN_AS_THEY_ARE:
            wished = getattr(event, name)
            if wished is not None:
                setattr(self, name, wished)
        commands: list[Command] = []
        if event.phrases is not None:
            commands.append(Expect(event.phrases))
        if event.listening is not None:
            commands.append(Listen(event.listening))
        if event.voice or event.language:
            commands.append(UseVoice(event.voice, event.language))
        return commands


_TAKEN_AS_THEY_ARE = (
    "barge_in",
    "keys_barge_in",
    "no_input_speech",
    "no_input_audio",
    "no_input_event",
    "masking_s",
    "hypotheses",
)
