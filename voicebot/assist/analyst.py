"""The analysis of all calls, put together from its parts; each of them may be missing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from voicebot.assist.analysis import AnalysisUnavailable, CallAnalyst, PauseAsked, SpokenLine
from voicebot.assist.analysis_client import LanguageClient
from voicebot.assist.bot_suggestions import BotSuggestions
from voicebot.assist.checklist import Checklist
from voicebot.assist.entries import ChecklistItem, KeyPhrases, Mood, Suggestion, Summary
from voicebot.assist.knowledge import FLOOR, Found, Knowledge, read_knowledge
from voicebot.assist.rules import RuleBook, RulesOfCall, read_rules
from voicebot.assist.sentiment import Trends
from voicebot.assist.summary import Summariser
from voicebot.authoring.problems import Problem
from voicebot.events.parties import Party, Role

logger = logging.getLogger(__name__)

RULES = "rules.yaml"
KNOWLEDGE = "knowledge"
MOST_ARTICLES = 2
"""Suggested after one utterance; each once in a call."""
LEAST_WORDS = 3
"""An utterance of fewer words is not analysed: "yes" has no mood, and every request costs."""

MakeBot = Callable[[str, Callable[[Suggestion], None]], BotSuggestions]


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """``folder``: of rules and knowledge; None: there are none. ``floor``: how well an article must fit to be suggested
    (`knowledge`)."""

    folder: Path | None = None
    floor: float = FLOOR


class InvalidFolder(ValueError):
    """The folder of the assistance has faults. ``problems``: each with file, line and mend."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class ServiceAnalysis:
    """An :class:`~voicebot.assist.analysis.Analysis`. ``client``: None without mood and key phrases; its owner starts
    and closes it. ``bot``: makes the suggestions of a bot, for a call's id."""

    def __init__(
        self,
        options: AnalysisOptions,
        client: LanguageClient | None = None,
        summariser: Summariser | None = None,
        bot: MakeBot | None = None,
    ) -> None:
        self.options = options
        self.client = client
        self.summariser = summariser
        self.bot = bot
        self.book = RuleBook()
        self.knowledge = Knowledge()

    async def start(self) -> None:
        """Read rules and articles. Raises :class:`InvalidFolder`."""
        if self.options.folder is not None:
            self.book, self.knowledge = await asyncio.to_thread(read_folder, self.options.folder)

    def of_call(self, call_id: str, on_suggestion: Callable[[Suggestion], None]) -> CallAnalyst:
        """The analysis of one call. ``on_suggestion`` gets what a bot suggests unasked."""
        return _CallAnalyst(self, self.bot(call_id, on_suggestion) if self.bot is not None else None)

    def search(self, words: str) -> Sequence[Suggestion]:
        """The articles that fit, the best first."""
        return [_suggestion(found) for found in self.knowledge.search(words)]


def read_folder(folder: Path) -> tuple[RuleBook, Knowledge]:
    """Rules and knowledge of ``folder``. Blocks. Raises :class:`InvalidFolder`."""
    book, problems = read_rules(folder / RULES)
    articles, more = read_knowledge(folder / KNOWLEDGE)
    if problems or more:
        raise InvalidFolder([*problems, *more])
    return book, Knowledge(articles)


class _CallAnalyst:
    """The analysis of one call (:class:`~voicebot.assist.analysis.CallAnalyst`)."""

    def __init__(self, analysis: ServiceAnalysis, bot: BotSuggestions | None) -> None:
        self._analysis = analysis
        self._bot = bot
        self._rules = RulesOfCall(analysis.book.rules, RULES)
        self._checklist = Checklist(analysis.book.items)
        self._trends = Trends()
        self._shown: set[str] = set()
        """Articles that have been suggested."""

    def begin(self, parties: Sequence[Party]) -> Sequence[ChecklistItem]:
        if self._bot is not None:
            self._bot.begin(parties)
        return self._checklist.items

    def heard(self, line: SpokenLine, *, partial: bool) -> Sequence[Suggestion | ChecklistItem | PauseAsked]:
        ticked = [] if partial else self._checklist.heard(line)
        return [*self._rules.heard(line, partial=partial), *ticked]

    def tick(self, item_id: str) -> ChecklistItem | None:
        return self._checklist.tick(item_id)

    async def analyse(self, line: SpokenLine) -> Sequence[Mood | KeyPhrases]:
        client = self._analysis.client
        if client is None or len(line.text.split()) < LEAST_WORDS:
            return []
        tone, phrases = await asyncio.gather(
            client.tone(line.text, line.language), client.key_phrases(line.text, line.language), return_exceptions=True
        )
        found: list[Mood | KeyPhrases] = []
        if isinstance(tone, BaseException):
            raise tone
        if isinstance(phrases, BaseException):
            raise phrases
        if tone is not None:
            found.append(self._trends.mood(line.utterance_id, line.party, tone))
        if phrases:
            found.append(KeyPhrases(line.utterance_id, phrases))
        return found

    async def suggest(self, line: SpokenLine) -> Sequence[Suggestion]:
        articles = [] if line.role is Role.AGENT else self._articles(line)
        return [*articles, *(await self._bot.suggest(line) if self._bot is not None else ())]

    async def summary(self, lines: Sequence[SpokenLine]) -> Summary:
        if self._analysis.summariser is None:
            raise AnalysisUnavailable("no summaries are set up")
        return await self._analysis.summariser.summary(lines)

    async def close(self) -> None:
        if self._bot is not None:
            await self._bot.close()

    def _articles(self, line: SpokenLine) -> list[Suggestion]:
        found = self._analysis.knowledge.search(line.text, MOST_ARTICLES, self._analysis.options.floor)
        new = [one for one in found if one.article.source not in self._shown]
        self._shown |= {one.article.source for one in new}
        return [_suggestion(one, line.utterance_id) for one in new]


def _suggestion(found: Found, utterance_id: str = "") -> Suggestion:
    article = found.article
    return Suggestion(f"article-{article.source}", article.title, article.text, article.source, utterance_id, found.fit)
