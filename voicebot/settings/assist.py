"""The settings of [assist]: what is done with calls between people that are listened to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from voicebot.assist.redaction import Kind, RedactionPolicy
from voicebot.assist.services import AssistRules
from voicebot.events.parties import Role
from voicebot.settings.speech import SpeechSettings
from voicebot.settings.values import Seconds, Section, default

Language = Annotated[str, Field(pattern=r"^([a-z]{2,3}-[A-Z]{2})?$")]


class AssistSettings(Section):
    """[assist] calls between people that are listened to ([siprec], and ``trunks.assist``)."""

    folder: Path | None = Path("assist")
    """With ``rules.yaml`` and the articles ``knowledge/*.md``; what is missing there is not used."""
    bot: str = ""
    """The name of a bot of [[bots]] that suggests what helps; empty: none."""
    caller_language: Language = ""
    """What callers speak; empty: ``speech.language``."""
    agent_language: Language = ""
    withhold: tuple[Kind, ...] = Field(tuple(default(RedactionPolicy, "withhold")))
    """What is withheld of what is said, before anybody sees it."""
    country: str = Field("", pattern=r"^([A-Z]{2})?$")
    """That of telephone numbers without a country code, for ``"phone-numbers"``; empty: that of ``speech.language``."""
    pause_s: Seconds = default(AssistRules, "pause_s")
    """How long a rule may pause the listening."""
    recording: bool = False
    """Record these calls, too: callers on the left, agents on the right, silent where something is withheld."""
    join_bot_calls: bool = False
    """Transfers of our bot's callers carry the id of the call (User-to-User). A call between people that brings it back
    begins with what was said to the bot."""

    @field_validator("folder", mode="before")
    @classmethod
    def _no_folder(cls, value: object) -> object:
        return None if value == "" else value

    def rules(self, speech: SpeechSettings) -> AssistRules:
        """The rules for all calls."""
        return AssistRules(
            language=speech.language,
            languages={
                Role.CALLER: self.caller_language or speech.language,
                Role.AGENT: self.agent_language or speech.language,
            },
            redaction=RedactionPolicy(frozenset(self.withhold), self.country or speech.language.partition("-")[2]),
            pause_s=self.pause_s,
        )
