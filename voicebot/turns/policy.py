"""Every number that decides whose turn it is, in one place."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from voicebot.address import Address
from voicebot.events import Pace


@dataclass(frozen=True, slots=True)
class TurnPolicy:
    """The names and defaults of the settings in [turns]. docs/architecture.md explains the defaults for the end of the
    caller's turn.
    """

    # end of the caller's turn
    end_silence_ms: int = 350
    """Quiet that ends a turn if a final result covers the speech. Longer than the pause for a breath."""
    race_grace_ms: int = 100
    """How much longer to wait for a final result before a hypothesis that covers the speech is used instead."""
    number_silence_ms: int = 700
    """Instead of ``end_silence_ms`` if the last word is a number: people pause between groups of digits."""
    complete_silence_ms: int = 120
    """Instead of ``end_silence_ms`` if all of what was asked for has been said, or a command."""
    one_word_silence_ms: int = 260
    """Instead of ``complete_silence_ms`` if it is one word: "yes, please" has a pause of some 200 ms."""
    finished_silence_ms: int = 200
    """Instead of ``end_silence_ms`` if the caller, by the sound of the voice, has finished."""
    unsure_silence_ms: int = 500
    """Instead of ``end_silence_ms`` if the caller, by the sound of the voice, has not finished."""
    unfinished_silence_ms: int = 1500
    """Instead of ``end_silence_ms`` if a number is asked for, and fewer digits have come."""
    final_result_ms: int = 150
    """How long before the quiet could end the turn the recogniser is told to finish its phrase: about as long as a
    final result takes then."""
    prepare: bool = True
    """Whether the bot's reply is made ready when the turn may soon be over, where the bot allows it."""
    patience_ms: int = 1200
    """Quiet after which a turn ends with the words so far, even if they do not cover all of the speech."""
    no_words_ms: int = 2500
    """Quiet after which a turn without words ends."""
    max_turn_s: float = 30.0
    """A turn of a caller (or a radio) that does not stop ends after this time, with the words so far."""
    min_no_match_s: float = 0.35
    """A shorter sound without words is ignored; it does not count as a no-match."""

    # barge-in
    barge_in: bool = True
    """Whether speech may interrupt prompts; each prompt's input hint may forbid it as well."""
    barge_in_resume_ms: int = 800
    """Quiet without words after which a paused prompt continues: the sound was a cough, or the like."""
    sure_confidence: float = 0.5
    """With this confidence, a final result of one word is no noise."""
    max_yield_s: float = 4.0
    """How long noise without words may pause a prompt. After that, only words interrupt this prompt."""

    # silence
    no_input_s: float = 7.0
    """Silence of the caller after which the bot is told; the bot may change it for its call."""
    max_no_inputs: int = 6
    """After this many silences in a row, the next one ends the call, whatever the bot does."""
    masking_s: float = 4.0
    """If the bot takes longer than this to answer, the caller hears "one moment, please"."""
    announced_s: float = 30.0
    """How long to wait for a message that the bot has announced."""

    # failure
    lost_recognition_s: float = 4.0
    """How long recognition may fail before the caller hears "one moment, please"."""
    give_up_s: float = 12.0
    """How much longer it may fail before the fallback."""
    max_failures: int = 3
    """How many failures in a row (of the bot, or of synthesis) lead to the fallback."""
    fallback_transfer: Address | None = None
    """The fallback: where callers are transferred if we cannot serve them; None: we apologise and hang up."""

    def at_pace(self, pace: Pace) -> TurnPolicy:
        """The same policy, with the numbers of ``pace``."""
        return replace(self, **numbers_of(pace))

    def with_end_silence(self, seconds: float) -> TurnPolicy:
        """The same policy, but a turn lasts over pauses of up to ``seconds``, for callers who are asked to explain
        something at length."""
        pause_ms = round(seconds * 1000)
        return replace(
            self,
            end_silence_ms=pause_ms,
            number_silence_ms=max(self.number_silence_ms, pause_ms),
            complete_silence_ms=pause_ms,
            one_word_silence_ms=pause_ms,
            finished_silence_ms=pause_ms,
            unsure_silence_ms=max(self.unsure_silence_ms, pause_ms),
            unfinished_silence_ms=max(self.unfinished_silence_ms, pause_ms),
            patience_ms=max(self.patience_ms, pause_ms + self.race_grace_ms),
            no_words_ms=max(self.no_words_ms, pause_ms + self.race_grace_ms),
        )


_USUAL = TurnPolicy()
_PACES: dict[Pace, TurnPolicy] = {
    Pace.QUICK: TurnPolicy(
        end_silence_ms=250,
        number_silence_ms=500,
        complete_silence_ms=100,
        one_word_silence_ms=150,
        finished_silence_ms=150,
        unsure_silence_ms=400,
        unfinished_silence_ms=1000,
        patience_ms=900,
    ),
    Pace.USUAL: _USUAL,
    Pace.PATIENT: TurnPolicy(
        end_silence_ms=700,
        number_silence_ms=1200,
        complete_silence_ms=250,
        one_word_silence_ms=400,
        finished_silence_ms=400,
        unsure_silence_ms=1000,
        unfinished_silence_ms=3000,
        patience_ms=2500,
    ),
}
PACE_NUMBERS = tuple(
    field.name
    for field in fields(TurnPolicy)
    if getattr(_PACES[Pace.PATIENT], field.name) != getattr(_USUAL, field.name)
)
"""The settings that a pace stands for."""


def numbers_of(pace: Pace) -> dict[str, Any]:
    """The settings that ``pace`` stands for, with their values."""
    return {name: getattr(_PACES[pace], name) for name in PACE_NUMBERS}
