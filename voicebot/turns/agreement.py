"""What holds for one call: the policy, and what its bot has set since (``BotConfigured``), which goes before it."""

from __future__ import annotations

from voicebot.events import BotConfigured
from voicebot.turns.policy import TurnPolicy


class Agreement:
    """Begins as the policy has it. See :class:`~voicebot.events.BotConfigured` for what each means."""

    def __init__(self, policy: TurnPolicy) -> None:
        self._policy = policy
        self.ear = policy
        """The policy for the end of the caller's turn."""
        self.no_input_s = policy.no_input_s
        self.max_no_inputs = policy.max_no_inputs
        self.no_input_speech = ""
        self.no_input_event = False
        self.masking_s = policy.masking_s
        self.masking_text = ""
        self.barge_in = policy.barge_in
        self.barge_in_words = 1
        self.keys_barge_in = True

    def configure(self, event: BotConfigured) -> None:
        """Take over what ``event`` sets."""
        if event.phrases is not None or event.no_input_s is not None:
            self.no_input_s = event.no_input_s if event.no_input_s is not None else self._policy.no_input_s
        if event.end_silence_s is not None:
            wanted = event.end_silence_s
            self.ear = self._policy.with_end_silence(wanted) if wanted > 0 else self._policy
        if event.barge_in is not None:
            self.barge_in = event.barge_in
        if event.keys_barge_in is not None:
            self.keys_barge_in = event.keys_barge_in
        if event.barge_in_words is not None:
            self.barge_in_words = max(1, event.barge_in_words)
        if event.no_input_speech is not None:
            self.no_input_speech = event.no_input_speech
        if event.no_input_event is not None:
            self.no_input_event = event.no_input_event
        if event.no_input_retries is not None:
            self.max_no_inputs = event.no_input_retries
        if event.masking_s is not None:
            self.masking_s = event.masking_s
        if event.masking_text:
            self.masking_text = event.masking_text
