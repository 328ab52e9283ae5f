"""What became of each case: judged by what arrived on the wire and by the record of the call. Pure.

Times are those of the caller's clock, in seconds. What the bot took is in brackets in the text of its messages
(``bench/floor/dialogs``), which are recorded but not spoken.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Final

from bench.floor.cases import Case, Purpose
from voicebot.caller.ear import Track
from voicebot.caller.measure import HOLE_S, answer_after, prompt_stop

EARLY_S: Final = 0.02
"""A bot that is asked this much before the last audible sample has not cut anything off: one frame."""
PAUSED_S: Final = 0.15
"""A prompt that took this much longer than its audio was paused and resumed."""
STORY_BEGINS: Final = "Your statement"
"""The prompt over which sounds are heard."""
WORDS_RIGHT: Final = 0.6
"""The share of the words of open speech that must have reached the bot: nobody's words come through whole."""

_TAKEN: Final = re.compile(r"\[([^\]]*)\]")
_CONFIRMS: Final = re.compile(r"I heard (.+)\. Is that right\?|Did you say (.+)\?")
"""What the bot says by itself before it takes what it is not sure of (``voicebot.authoring.expected``)."""
_SPELLED_OUT: Final = re.compile(r"[\s,-]")
_NOT_TAKEN: Final = frozenset({"no-match", "no-input", "part", "-"})


class Verdict(StrEnum):
    RIGHT = "right"
    ASKED = "right, but asked"
    """The bot has asked whether the right value is right."""
    WRONG = "wrong"
    NO_MATCH = "no match"
    """It was asked again, or for the rest."""
    NOTHING = "nothing"
    """Nothing that was said reached the bot."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something that the bot said, or began to say."""

    text: str
    started: float
    ended: float
    heard_s: float
    complete: bool


@dataclass(frozen=True, slots=True)
class Moments:
    """On the way to an answer: when voice activity ``noticed`` the end of the voice, and to when it ``dated`` it; the
    last ``result`` of the recogniser; when the bot was ``asked``, and the first packet of its answer (``heard``).
    Seconds; None: there was no such moment."""

    noticed: float | None = None
    dated: float | None = None
    result: float | None = None
    asked: float | None = None
    heard: float | None = None

    def since(self, offset: float) -> Moments:
        """The same in milliseconds since ``offset``."""
        parts = (getattr(self, part.name) for part in fields(self))
        return Moments(*(None if at is None else round((at - offset) * 1000) for at in parts))


@dataclass(frozen=True, slots=True)
class Turn:
    """One question to the bot and its answer. ``kind``: as in records, ``speech`` of what was said. ``ended``: why the
    caller's turn was over; empty in records of versions that do not tell."""

    kind: str
    asked: float
    said: str
    answered: str
    utterances: tuple[Utterance, ...] = ()
    ended: str = ""
    moments: Moments = Moments()


@dataclass(frozen=True, slots=True)
class Times:
    """When a case was heard: its first and its last audible sample; what happens until ``until`` belongs to it."""

    onset: float
    offset: float
    until: float


@dataclass(slots=True)
class Outcome:
    """What became of one case. ``problem``: why it could not be tried; the rest is empty then."""

    case: Case
    problem: str = ""
    verdict: Verdict | None = None
    gap_ms: float | None = None
    """To the first audible sample of the answer; None if there was none, or if it cut the caller off."""
    cut_off: bool = False
    reached: bool = False
    """Whether the bot was asked: with words, or, of what is no interruption, also that there were none."""
    dropped: bool = False
    """Whether a prompt was dropped."""
    resumed: bool = False
    stop_ms: float | None = None
    texts: list[str] = field(default_factory=list)
    """What the bot was sent."""
    taken: str = ""
    ended: str = ""
    """Why the caller's first turn was over."""
    moments: Moments = field(default_factory=Moments)
    """Of that turn, in milliseconds since the last audible sample."""

    @property
    def false_interruption(self) -> bool:
        return self.case.purpose is Purpose.NO_INTERRUPTION and (self.dropped or self.reached)

    @property
    def missed(self) -> bool:
        return self.case.purpose is Purpose.INTERRUPTION and not self.reached

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        case = self.case
        return {
            "case": case.name,
            "family": case.family,
            "condition": case.condition,
            "part": case.part,
            "value": case.value,
            "problem": self.problem,
            "verdict": self.verdict,
            "gap_ms": self.gap_ms,
            "cut_off": self.cut_off,
            "reached": self.reached,
            "dropped": self.dropped,
            "resumed": self.resumed,
            "stop_ms": self.stop_ms,
            "false_interruption": self.false_interruption,
            "missed": self.missed,
            "texts": self.texts,
            "taken": self.taken,
            "ended": self.ended,
            "moments_ms": asdict(self.moments),
        }


@dataclass(slots=True)
class SideResult:
    """What one service has made of the calls. ``cpu_s``: by process; ``others_s``: of all other processes but us."""

    name: str
    outcomes: list[Outcome] = field(default_factory=list)
    talked_s: float = 0.0
    cpu_s: dict[str, float] = field(default_factory=dict)
    others_s: float = 0.0
    took_s: float = 0.0


def turns_of(record: dict[str, Any], began: float) -> list[Turn]:
    """The turns of a call's record, which began at ``began``."""

    def at(ms: float | None) -> float:
        return math.nan if ms is None else began + ms / 1000

    return [
        Turn(
            turn["kind"],
            at(turn["bot"]["asked_ms"]),
            turn["caller"]["text"],
            turn["bot"]["text"],
            tuple(
                Utterance(
                    u["text"],
                    at(u["first_packet_ms"]),
                    at(u["playback_end_ms"]),
                    u["heard_s"] or 0.0,
                    bool(u["complete"]),
                )
                for u in turn["bot"]["utterances"]
                if u["first_packet_ms"] is not None and u["playback_end_ms"] is not None
            ),
            turn.get("ended") or "",
            _moments(turn, record.get("timeline", ()), at),
        )
        for turn in record["turns"]
    ]


_RESULTS: Final = frozenset({"hypothesis", "final", "no_match"})


def _moments(turn: dict[str, Any], timeline: Sequence[dict[str, Any]], at: Callable[[float | None], float]) -> Moments:
    asked_ms, heard_ms = turn["bot"]["asked_ms"], turn["bot"].get("first_packet_ms")
    before = [line for line in timeline if line["at_ms"] <= asked_ms]
    stopped = next((line for line in reversed(before) if line["event"] == "speech_stopped"), None)
    result = next((line for line in reversed(before) if line["event"] in _RESULTS), None)
    return Moments(
        None if stopped is None else at(stopped["at_ms"]),
        None if stopped is None else at(stopped["offset_ms"]),
        None if result is None else at(result["at_ms"]),
        at(asked_ms),
        None if heard_ms is None else at(heard_ms),
    )


def score(case: Case, times: Times, track: Track, turns: Sequence[Turn]) -> Outcome:
    """The outcome of ``case``."""
    kinds = ("speech",) if case.purpose is Purpose.INTERRUPTION else ("speech", "no-match")
    spoken = [turn for turn in turns if turn.kind in kinds and times.onset < turn.asked <= times.until]
    outcome = Outcome(case, reached=bool(spoken), texts=[turn.said for turn in spoken])
    outcome.ended = next((turn.ended for turn in spoken), "")
    outcome.moments = next((turn.moments for turn in spoken), Moments()).since(times.offset)
    if case.purpose is Purpose.ANSWER:
        _score_answer(outcome, times, track, spoken)
    else:
        _score_over_prompt(outcome, times, track, turns)
    return outcome


def _score_answer(outcome: Outcome, times: Times, track: Track, spoken: Sequence[Turn]) -> None:
    answer = answer_after(track, times.onset, until=times.until, hole_s=HOLE_S)
    judged(outcome, spoken, times.offset)
    outcome.cut_off |= answer.first_audible is not None and answer.first_audible < times.offset
    if answer.first_audible is not None and not outcome.cut_off:
        outcome.gap_ms = (answer.first_audible - times.offset) * 1000


def judged(outcome: Outcome, spoken: Sequence[Turn], offset: float) -> Outcome:
    """``outcome``, with what the turns say of an answer that ended at ``offset``."""
    outcome.cut_off = any(turn.asked < offset - EARLY_S for turn in spoken)
    taken = [value for turn in spoken for value in _TAKEN.findall(turn.answered)]
    outcome.taken = next((value for value in taken if value not in _NOT_TAKEN), "")
    outcome.verdict = _verdict(outcome.case, outcome.taken, spoken)
    return outcome


def _verdict(case: Case, taken: str, spoken: Sequence[Turn]) -> Verdict:
    if not spoken:
        return Verdict.NOTHING
    if not taken:
        asked = any(_asks_about(case.value, turn.answered) for turn in spoken)
        return Verdict.ASKED if asked else Verdict.NO_MATCH
    if case.family == "open":
        return Verdict.RIGHT if words_right(case.value, taken) >= WORDS_RIGHT else Verdict.NO_MATCH
    return Verdict.RIGHT if taken == case.value else Verdict.WRONG


def _asks_about(value: str, answered: str) -> bool:
    """Whether the bot asks if ``value`` is right; digits are read back one by one or in groups."""
    asked = [group for groups in _CONFIRMS.findall(answered) for group in groups if group]
    return any(_SPELLED_OUT.sub("", one) == _SPELLED_OUT.sub("", value) for one in asked)


def words_right(said: str, heard: str) -> float:
    """The share of the words of ``said`` that are in ``heard``, in whatever order."""
    wanted, got = (Counter(re.findall(r"[a-z0-9']+", text.lower())) for text in (said, heard))
    return (wanted & got).total() / max(1, wanted.total())


def _score_over_prompt(outcome: Outcome, times: Times, track: Track, turns: Sequence[Turn]) -> None:
    said = [u for turn in turns for u in turn.utterances if u.text.startswith(STORY_BEGINS)]
    over = [u for u in said if u.started <= times.onset <= u.ended]
    if not over:
        outcome.problem = "the prompt was not there"
        return
    outcome.dropped = any(not u.complete and u.ended <= times.until for u in over)
    outcome.resumed = any(u.complete and u.ended - u.started - u.heard_s > PAUSED_S for u in over)
    if outcome.case.purpose is Purpose.INTERRUPTION and outcome.dropped:
        # who pauses within a saying hears the answer to its beginning, which is no more of the prompt
        answered = (turn.asked for turn in turns if turn.kind == "speech" and turn.asked > times.onset)
        stop = prompt_stop(track, times.onset, min(times.offset, *answered, times.until))
        if stop is not None:
            outcome.stop_ms = (stop - times.onset) * 1000
