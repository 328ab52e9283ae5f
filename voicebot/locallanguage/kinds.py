"""What is answered: the results of each kind of analysis, in the shape of Azure AI Language 2023-04-01.

Offsets and lengths are in code points, ``UTF-16`` units or what Azure calls text elements, as the request's
``stringIndexType`` says; the last are counted as code points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from voicebot.locallanguage.documents import Batch, Document, Refused
from voicebot.locallanguage.extraction import DEFAULT_SENTENCES, MOST_SENTENCES, extracted
from voicebot.locallanguage.key_phrases import key_phrases
from voicebot.locallanguage.lexicon import english
from voicebot.locallanguage.personal import personal, redacted
from voicebot.locallanguage.sentiment import Mood, SentimentScorer, document_label

MODEL_VERSION = "2026-11-28"
Parameters = dict[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TaskKind:
    """``name``: of the results. ``most``: documents of a request. ``job``: whether it is a task of a job."""

    name: str
    most: int
    of_document: Callable[[Document, Parameters], Result]
    job: bool = False


class Kinds:
    """All kinds. Made once: it reads the lexicon."""

    def __init__(self) -> None:
        self._scorer = SentimentScorer(english())
        self._kinds = {
            "SentimentAnalysis": TaskKind("SentimentAnalysisResults", 10, self._sentiment),
            "KeyPhraseExtraction": TaskKind("KeyPhraseExtractionResults", 10, _phrases),
            "PiiEntityRecognition": TaskKind("PiiEntityRecognitionResults", 5, _personal),
            "ExtractiveSummarization": TaskKind("ExtractiveSummarizationLROResults", 25, _extracted, job=True),
        }

    def find(self, name: object, *, job: bool) -> TaskKind:
        """Raises :class:`Refused` for one that this service does not have."""
        kind = self._kinds.get(name) if isinstance(name, str) else None
        if kind is None or kind.job != job:
            known = ", ".join(name for name, one in self._kinds.items() if one.job == job)
            raise Refused("InvalidParameterValue", f"The kind is unknown. This service has: {known}")
        return kind

    def _sentiment(self, document: Document, parameters: Parameters) -> Result:
        found = self._scorer.sentences(document.text)
        moods = [mood for _, mood in found]
        spoken = [
            {"text": sentence.text, "sentiment": mood.label, "confidenceScores": _scores([mood])}
            | _place(document.text, sentence.begin, sentence.end, parameters)
            for sentence, mood in found
        ]
        return {"sentiment": document_label(moods), "confidenceScores": _scores(moods), "sentences": spoken}


def results(batch: Batch, done: list[Result]) -> Result:
    """The results of a batch, ``done`` being those of its documents."""
    return {"documents": done, "errors": batch.errors, "modelVersion": MODEL_VERSION}


def result(kind: TaskKind, document: Document, parameters: Parameters) -> Result:
    """The result of one document."""
    return {"id": document.id, "warnings": []} | kind.of_document(document, parameters)


def _scores(moods: list[Mood]) -> dict[str, float]:
    shares = [mood.shares for mood in moods] or [(0.0, 1.0, 0.0)]
    positive, neutral, negative = (round(sum(column) / len(shares), 2) for column in zip(*shares, strict=True))
    return {"positive": positive, "neutral": neutral, "negative": negative}


def _phrases(document: Document, _: Parameters) -> Result:
    return {"keyPhrases": key_phrases(document.text)}


def _personal(document: Document, parameters: Parameters) -> Result:
    wanted = parameters.get("piiCategories")
    found = personal(document.text, document.country)
    if isinstance(wanted, list) and wanted:
        found = [one for one in found if one.category in wanted]
    entities = [
        {"text": one.text, "category": one.category, "confidenceScore": one.confidence}
        | _place(document.text, one.begin, one.end, parameters)
        for one in found
    ]
    return {"redactedText": redacted(document.text, found), "entities": entities}


def _extracted(document: Document, parameters: Parameters) -> Result:
    count = parameters.get("sentenceCount", DEFAULT_SENTENCES)
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_SENTENCES:
        raise Refused("InvalidParameterValue", f"sentenceCount must be from 1 to {MOST_SENTENCES}.")
    found = extracted(document.text, count, by_rank=parameters.get("sortBy") == "Rank")
    taken = [
        {"text": one.sentence.text, "rankScore": one.rank}
        | _place(document.text, one.sentence.begin, one.sentence.end, parameters)
        for one in found
    ]
    return {"sentences": taken}


def _place(text: str, begin: int, end: int, parameters: Parameters) -> dict[str, int]:
    if parameters.get("stringIndexType") == "Utf16CodeUnit":
        begin, end = (len(text[:place].encode("utf-16-le")) // 2 for place in (begin, end))
    return {"offset": begin, "length": end - begin}
