"""``language``: the call goes on in another language."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from pydantic import Field

from voicebot.authoring import channel
from voicebot.authoring.document import Fault, YamlPath
from voicebot.authoring.languages import by_number, closest
from voicebot.authoring.model import GapText, LocaleName, PlainText, ShortPart
from voicebot.authoring.steps.outcome import GoOn, StepOutcome
from voicebot.authoring.steps.site import Site
from voicebot.authoring.steps.step import DialogStep
from voicebot.authoring.turn import Turn

logger = logging.getLogger(__name__)


class LanguageChange(ShortPart, title="LanguageTo"):
    """The language for the rest of the call, if the dialogs are written in it."""

    HEADING = "`language`: which one"
    SHORT = "to"

    by_caller: dict[PlainText, LocaleName] = Field(
        default_factory=dict,
        description='By the start of the caller\'s number: `{"+49": de-DE, "+33": fr-FR}`. The longest match counts.',
    )
    to: GapText | None = Field(
        None, description="For all other callers: `de-DE`, or a value such as `{customer.language}`."
    )


class LanguageStep(DialogStep):
    """Switches to another language: words, voice and recognition. To let callers choose, see `languages` of `ask`."""

    WORD = "language"

    language: LanguageChange = Field(description="Which language. If none fits, nothing changes.")

    @property
    def changes_language(self) -> bool:
        return True

    def shown(self) -> str:
        by_caller = [f"{start}: {locale}" for start, locale in self.language.by_caller.items()]
        others = [f"else: {self.language.to}" if by_caller else self.language.to] if self.language.to else []
        return ", ".join([*by_caller, *others])

    def link_faults(self, site: Site) -> Iterator[Fault]:
        for start, locale in self.language.by_caller.items():
            yield from untranslated(site, locale, ("language", "by_caller", start))
        if self.language.to is not None and "{" not in self.language.to:  # a value is not known here
            yield from untranslated(site, self.language.to, ("language",))

    async def run(self, turn: Turn) -> StepOutcome:
        wanted = by_number(str(turn.call.get("caller", "")), self.language.by_caller)
        if not wanted and self.language.to is not None:
            wanted = turn.script.text(self.language.to, turn.scope())
        if wanted and not await channel.use_language(turn.context, wanted, turn.around.locales):
            turn.only_for_real()
            logger.warning("%s: step %r: the dialogs are not written in %.20r", turn.script.name, self.id, wanted)
        return GoOn()


def untranslated(site: Site, locale: str, path: YamlPath) -> Iterator[Fault]:
    """A language that the main file is not written in."""
    if site.main is None or closest(locale, site.locales) is not None or site.has_file(f"main.{locale}"):
        return
    yield Fault(path, "no-translation", f"main.yaml is not translated into {locale!r}", f"write main.{locale}.yaml",
                at_key=True)  # fmt: skip
