"""What is told of a call, entry by entry: to the agent's page, to programs, to webhooks and to the record.

Times are milliseconds since the call began. All texts have passed `redaction`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from voicebot.events.parties import Party


class Sentiment(StrEnum):
    """The mood of an utterance, by the labels of Azure AI Language."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Withheld:
    """``begin``/``end``: where in the text its mark stands. ``category``: ``card number``, ``phone number``, ..."""

    category: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class PartiesChanged:
    """Who takes part from now on."""

    at_ms: int
    parties: tuple[Party, ...]


@dataclass(frozen=True, slots=True)
class Utterance:
    """What ``party`` (a key) says. A partial one is followed by others with its id; the last of them is not partial. An
    empty text at the end: it was nothing."""

    utterance_id: str
    party: str
    text: str
    begin_ms: int
    end_ms: int
    partial: bool
    withheld: tuple[Withheld, ...] = ()
    language: str = ""


@dataclass(frozen=True, slots=True)
class Mood:
    """``score``: -1 to 1, of one utterance; ``trend``: the same, of what its party has said lately."""

    utterance_id: str
    sentiment: Sentiment
    score: float
    trend: float


@dataclass(frozen=True, slots=True)
class KeyPhrases:
    """What an utterance is about, as the language service finds it."""

    utterance_id: str
    phrases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``source``: the file and heading, the rule, or the bot that it comes from."""

    suggestion_id: str
    title: str
    text: str
    source: str
    utterance_id: str = ""
    score: float | None = None


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """``done_by``: the utterance that ticked it, or ``agent``; empty while it is open."""

    item_id: str
    text: str
    done_by: str = ""


@dataclass(frozen=True, slots=True)
class ListeningChanged:
    """``why``: ``rule``, ``agent``, ``program`` or ``client``. ``at_source``: the audio does not even reach us."""

    at_ms: int
    listening: bool
    why: str
    at_source: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """A part of the assistance is away, or back (``over``). ``what``: `recognition`, `analysis`, `suggestions`."""

    at_ms: int
    what: str
    over: bool
    party: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """``reason``: why the caller called. ``promised``, ``open_points``: sentences; none: nothing was found."""

    reason: str
    promised: tuple[str, ...]
    open_points: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    at_ms: int
    reason: str


Entry = (
    PartiesChanged
    | Utterance
    | Mood
    | KeyPhrases
    | Suggestion
    | ChecklistItem
    | ListeningChanged
    | Trouble
    | Summary
    | Ended
)
