"""Calls between people that are listened to, made from the settings. Imported only where there may be such calls: the
client of the language service takes a moment to load."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, get_args

from voicebot.assist.analyst import AnalysisOptions, InvalidFolder
from voicebot.assist.bot_suggestions import MakeConversation
from voicebot.assist.calls import AssistCalls
from voicebot.assist.redaction.finding import warm
from voicebot.assist.roster import Roster
from voicebot.assist.services import AssistServices
from voicebot.calls import Calls
from voicebot.legs.recorded import EndReason, RecordedCall
from voicebot.regular_files import read_regular_file
from voicebot.service.language import LanguageService, bot_that_suggests
from voicebot.service.speech import SpeechService
from voicebot.service.supervisor import ChildProcess, NotReady
from voicebot.settings import Settings
from voicebot.web import Figure, Panel

logger = logging.getLogger(__name__)

MAX_RECORD: Final = 16 << 20
RECORD_S: Final = 10.0
"""How long after the end of a call its record may still be written; also how long another machine may take."""
_LOOK_AGAIN_S: Final = 0.5


class Assistance:
    """``calls``: those of our bot, with which calls between people may be joined. ``roster``: where calls are seen.
    ``converse``: makes a conversation with a bot, which may suggest what helps."""

    def __init__(
        self, settings: Settings, speech: SpeechService, calls: Calls, roster: Roster, converse: MakeConversation
    ) -> None:
        self.language = LanguageService(settings)
        name = settings.assist.bot
        bot = bot_that_suggests(converse, name, settings.speech.language) if name else None
        self.analysis = self.language.analysis(AnalysisOptions(settings.assist.folder), bot)
        keeping = calls.services.keeping
        self.calls = AssistCalls(
            AssistServices(
                recognizer=speech.recognizer,
                rules=settings.assist.rules(settings.speech),
                analysis=self.analysis,
                records=keeping.records,
                recording=settings.assist.recording,
                losses=keeping.losses,
                earlier=BotRecords(calls, keeping.records) if settings.assist.join_bot_calls else None,
            ),
            roster,
        )

    @property
    def processes(self) -> list[ChildProcess]:
        """Those that help; without them, calls go on."""
        return [self.language.process] if self.language.process is not None else []

    def accept(self, recorded: RecordedCall) -> None:
        """Listen to ``recorded``."""
        self.calls.accept(recorded)

    async def start(self) -> None:
        """Raises :class:`~voicebot.service.supervisor.NotReady`."""
        try:
            await self.analysis.start()
            await asyncio.gather(self.language.start(), asyncio.to_thread(warm, self.calls.services.rules.redaction))
        except InvalidFolder as error:
            raise NotReady(f"assist.folder: {error}") from error

    async def close(self) -> None:
        """End the calls, which end the analysis of theirs, and what they need."""
        await self.calls.drain(0)
        await self.calls.close()
        await self.language.stop()

    def figures(self) -> list[Figure]:
        """The metrics of the calls."""
        calls = self.calls
        ended = dict.fromkeys(get_args(EndReason), 0) | calls.ended
        now = {"calls": len(calls), "parties": calls.parties, "recognisers": calls.recognisers}
        return [
            Figure("assist_calls", "Calls between people that have ended", ended, "reason"),
            Figure("assist_now", "Running calls between people, with their parties", now, "what", "gauge"),
            Figure("assist_utterances", "Final utterances, corrections included", dict(calls.utterances), "role"),
            Figure("assist_withheld", "What was withheld in ended calls", dict(calls.withheld), "category"),
        ]

    def panel(self) -> Panel:
        """The section of the operations page."""
        calls, rules = self.calls, self.calls.services.rules
        facts = [
            ("calls now", f"{len(calls)}, with {calls.parties} parties and {calls.recognisers} recognisers"),
            ("calls that have ended", str(calls.ended.total())),
            ("withheld", ", ".join(sorted(rules.redaction.withhold)) or "nothing"),
            ("folder", f"{len(self.analysis.book.rules)} rules, {len(self.analysis.knowledge.articles)} articles"),
        ]
        away = [f"{child.name} is not running" for child in self.processes if not child.running]
        if not away and self.language.client is not None and self.language.client.state.trouble:
            away = [f"language service: {self.language.client.state.trouble}"]
        return Panel("Calls between people", facts, away, wrong=bool(away))


class BotRecords:
    """The records of our bot's calls, as soon as they are there (:data:`~voicebot.assist.services.EarlierCall`)."""

    def __init__(self, calls: Calls, folder: Path | None) -> None:
        self._calls = calls
        self._folder = folder

    async def __call__(self, call: str) -> Mapping[str, Any] | None:
        """``call``: an id of ours. Waits as long as the call runs."""
        if self._folder is None:
            return None
        loop = asyncio.get_running_loop()
        path, give_up = self._folder / f"{call}.json", loop.time() + RECORD_S
        while True:
            try:
                return await asyncio.to_thread(_read, path)
            except FileNotFoundError:
                if self._calls.find(call) is not None:
                    give_up = loop.time() + RECORD_S
                elif loop.time() > give_up:
                    return None
            except (OSError, ValueError) as error:
                logger.warning("the record %s cannot be read: %s", path, error)
                return None
            await asyncio.sleep(_LOOK_AGAIN_S)


def _read(path: Path) -> Mapping[str, Any]:
    record = json.loads(read_regular_file(path, MAX_RECORD))
    if not isinstance(record, dict):
        raise ValueError("no JSON object")
    return record
