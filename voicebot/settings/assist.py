"""The settings of [assist]: what is done with calls between people that are listened to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from voicebot.assist.languages import CallLanguages, Languages
from voicebot.assist.redaction import RedactionPolicy, WithheldKind
from voicebot.assist.services import AssistRules
from voicebot.events.parties import Role
from voicebot.settings.siprec import NumberPattern
from voicebot.settings.speech import SpeechSettings
from voicebot.settings.values import Seconds, Section, default

Language = Annotated[str, Field(pattern=r"^([a-z]{2,3}-[A-Z]{2})?$")]


class CallLanguageSettings(Section):
    """[[assist.languages]] what is spoken in some calls."""

    trunk: str = ""
    """The trunk by which they come; empty: any."""
    numbers: tuple[NumberPattern, ...] = ()
    """Numbers, or their beginnings with a ``*``: of the recording session, or of who was called. Empty: all."""
    caller: Language = ""
    """What callers speak there; empty: what they speak elsewhere."""
    agent: Language = ""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not (self.trunk or self.numbers):
            raise ValueError("set trunk or numbers; for all calls there are caller_language and agent_language")
        if not (self.caller or self.agent):
            raise ValueError("set caller or agent")
        return self

    def languages(self) -> CallLanguages:
        spoken = {Role.CALLER: self.caller, Role.AGENT: self.agent}
        return CallLanguages({role: tag for role, tag in spoken.items() if tag}, self.trunk, self.numbers)


class AssistSettings(Section):
    """[assist] calls between people that are listened to ([siprec], and ``trunks.assist``)."""

    folder: Path | None = Path("assist")
    """With ``rules.yaml`` and the articles ``knowledge/*.md``; what is missing there is not used."""
    bot: str = ""
    """The name of a bot of [[bots]] that suggests what helps; empty: none."""
    caller_language: Language = ""
    """What callers speak; empty: ``speech.language``."""
    agent_language: Language = ""
    languages: tuple[CallLanguageSettings, ...] = ()
    """What goes before these in some calls; of those that fit, the first counts."""
    withhold: tuple[WithheldKind, ...] = Field(tuple(default(RedactionPolicy, "withhold")))
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
            languages=Languages(
                speech.language,
                {
                    Role.CALLER: self.caller_language or speech.language,
                    Role.AGENT: self.agent_language or speech.language,
                },
                [one.languages() for one in self.languages],
            ),
            redaction=RedactionPolicy(frozenset(self.withhold), self.country or speech.language.partition("-")[2]),
            pause_s=self.pause_s,
        )
