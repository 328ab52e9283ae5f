"""The patience of a conversation: every number that decides whose turn it is, in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace

from voicebot.address import Address


@dataclass(frozen=True, slots=True)
class TurnPolicy:
    """The settings of [turns] have their names and defaults from here.

    The defaults suit a service line; docs/architecture.md says how they were chosen.
    """

    # end of the caller's turn
    end_silence_ms: int = 350
    """Quiet after the last voiced sample before a turn may end at all: a breath is shorter."""
    race_grace_ms: int = 100
    """How much longer the recogniser's final may take before a hypothesis that covers the speech is used instead."""
    number_silence_ms: int = 700
    """In the place of ``end_silence_ms`` when the last word is a number: who reads out digits pauses between groups."""
    patience_ms: int = 1200
    """Quiet after which the turn ends with whatever words there are, covering or not."""
    no_words_ms: int = 2500
    """Quiet after which speech that brought no words is given up."""
    max_turn_s: float = 30.0
    """A caller (or a radio) that never stops is cut here, with the words so far."""
    min_no_match_s: float = 0.35
    """Shorter noises without words are not held against the caller: no no-match is counted."""

    # barge-in
    barge_in: bool = True
    """Whether speech may interrupt at all; each prompt's hint may forbid it besides."""
    barge_in_resume_ms: int = 800
    """Quiet without any word, after which an interrupted prompt goes on: it was a cough."""
    max_yield_s: float = 4.0
    """How long unworded noise may hold a prompt up; after that only words interrupt this prompt."""

    # silence
    no_input_s: float = 7.0
    """Silence after a question before the bot is told of it; the bot may set its own."""
    max_no_inputs: int = 6
    """Consecutive silences after which the call is given up, whatever the bot thinks."""
    masking_s: float = 4.0
    """A bot that thinks for longer is covered by "one moment, please"."""

    # failure
    lost_recognition_s: float = 4.0
    """How long recognition may be away before the caller is told."""
    give_up_s: float = 12.0
    """How long after that before the fallback is taken."""
    max_failures: int = 3
    """Consecutive failures (bot or synthesis) after which the fallback is taken."""
    fallback_transfer: Address | None = None
    """Where callers go when we cannot serve them; None: an apology and a hang-up."""

    def with_end_silence(self, seconds: float) -> TurnPolicy:
        """The same, but a turn goes on over pauses of up to ``seconds``: the caller is asked to tell at length."""
        pause_ms = round(seconds * 1000)
        return replace(
            self,
            end_silence_ms=pause_ms,
            number_silence_ms=max(self.number_silence_ms, pause_ms),
            patience_ms=max(self.patience_ms, pause_ms + self.race_grace_ms),
            no_words_ms=max(self.no_words_ms, pause_ms + self.race_grace_ms),
        )
