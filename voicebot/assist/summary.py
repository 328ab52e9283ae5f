"""The summary of a call: its reason, what was promised, what is still open.

The seam is :class:`Summariser`. :class:`ExtractiveSummariser` takes sentences out of the call: the language service,
Azure's or our own, ranks what the caller said, and from the first of it the reason is taken; promises and open points
are known by their wording. :mod:`voicebot.assist.summary_chat` asks a language model. Azure ends its summaries on
2029-03-31.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Protocol

import yaml

from voicebot.assist.analysis import AnalysisUnavailable, SpokenLine
from voicebot.assist.analysis_client import LanguageClient
from voicebot.assist.entries import Summary
from voicebot.events.parties import Role
from voicebot.spoken_phrases import SpokenPhrase, SpokenWords

MAX_LINES = 2_000
"""Of a call that is summed up: of a longer one, its first and last halves of so many."""
MAX_CHARACTERS = 40_000
"""Of what the caller said, for the reason: most calls say it in the first minute."""
MAX_POINTS = 8
MAX_POINT = 300
MAX_WORDS = 400
"""Words of a sentence that are looked at: its last ones."""
AT_A_TIME = 50
"""Lines that are looked through before others get their turn."""
REASON_SENTENCES = 2

_SENTENCE = re.compile(r"[^.!?]+[.!?]*")


class Summariser(Protocol):
    async def summary(self, lines: Sequence[SpokenLine]) -> Summary:
        """The summary of a call, within a deadline. Raises :class:`AnalysisUnavailable`."""


class ExtractiveSummariser:
    """Takes sentences out of the call; words that nobody said are not in it."""

    def __init__(self, client: LanguageClient) -> None:
        self._client = client

    async def summary(self, lines: Sequence[SpokenLine]) -> Summary:
        kept = bounded(lines)
        reason = await self._reason(kept)
        promises: list[str] = []
        points: list[str] = []
        for begin in range(0, len(kept), AT_A_TIME):
            piece = kept[begin : begin + AT_A_TIME]
            promises += promised(piece)
            points += open_points(piece)
            await asyncio.sleep(0)
        return Summary(reason, _points(promises), _points(points))

    async def _reason(self, lines: Sequence[SpokenLine]) -> str:
        said = [line for line in lines if line.role not in (Role.AGENT, Role.BOT)] or list(lines)
        text = "\n".join(line.text for line in said)[:MAX_CHARACTERS]
        if not text.strip():
            return ""
        found = await self._client.extract([(text, said[0].language)], REASON_SENTENCES)
        if not found:
            raise AnalysisUnavailable(f"the language service does not sum up {said[0].language or 'this language'}")
        best = max(one.rank for one in found)
        taken = sorted((one for one in found if one.rank >= best / 2), key=lambda one: one.offset)
        return " ".join(one.text for one in taken)[: 2 * MAX_POINT]


def bounded(lines: Sequence[SpokenLine]) -> list[SpokenLine]:
    """The lines that are summed up."""
    if len(lines) <= MAX_LINES:
        return list(lines)
    return [*lines[: MAX_LINES // 2], *lines[-MAX_LINES // 2 :]]


def promised(lines: Sequence[SpokenLine]) -> tuple[str, ...]:
    """The sentences in which the agent promises something that outlives the call."""
    sentences = [one for line in lines if line.role is Role.AGENT for one in _sentences(line.text)]
    return _points(one for one in sentences if _said(one, _PROMISE_PHRASES) and not _said(one, _NOW_PHRASES))


def open_points(lines: Sequence[SpokenLine]) -> tuple[str, ...]:
    """The sentences, of anybody, that leave something to be done or to be found out."""
    return _points(one for line in lines for one in _sentences(line.text) if _said(one, _OPEN_PHRASES))


def _sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in _SENTENCE.findall(text) if sentence.strip()]


def _said(sentence: str, phrases: Sequence[SpokenPhrase]) -> bool:
    spoken = SpokenWords(sentence, MAX_WORDS)
    return any(phrase.said_in(spoken) for phrase in phrases)


def _points(sentences: Iterable[str]) -> tuple[str, ...]:
    """The last of them: what is said at the end of a call holds."""
    return tuple(list(dict.fromkeys(one[:MAX_POINT] for one in sentences))[-MAX_POINTS:])


def _phrases(name: str) -> list[SpokenPhrase]:
    listed = yaml.safe_load(files(__package__).joinpath("summary_en.yaml").read_text(encoding="utf-8"))
    return [SpokenPhrase(phrase) for phrase in listed[name]]


_PROMISE_PHRASES = _phrases("promises")
_NOW_PHRASES = _phrases("during_the_call")
_OPEN_PHRASES = _phrases("open")
