"""The cases of the bench: who says what to which question, how loud, over what noise, and in which call. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal

from bench.floor import sayings
from bench.floor.sources import RECORDED_NOISE, Source

Part = Literal["all", "tuning", "held-out"]
STORY: Final = "story"
"""The question with a long explanation before it, over which things are heard."""
STORIES_A_CALL: Final = 5
NOISE_DB: Final = -15.0
QUIET_DB: Final = -10.0
ECHO_DB: Final = (-10.0, -20.0, -30.0)
ECHO_DELAY_S: Final = (0.06, 0.16, 0.3)
OTHER_VOICES_DB: Final = (-12.0, -25.0)
MUSIC_DB: Final = (0.0, -10.0)
KITCHEN_DB: Final = (-3.0, -15.0)


class Purpose(StrEnum):
    ANSWER = "answer"
    INTERRUPTION = "interruption"
    NO_INTERRUPTION = "no interruption"


class Condition(StrEnum):
    CLEAN = "clean"
    NOISE = "noise"
    """A kitchen 15 dB below the voice, in the whole call or in the recording."""
    QUIET = "quiet"
    """The caller speaks 10 dB less loud than usual."""


@dataclass(frozen=True, slots=True)
class Echo:
    """The caller's side returns what it receives."""

    db: float
    delay_s: float


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that is heard in a call. ``db``: its level, beside how loud callers usually speak. ``value``: what the
    bot should take, of an answer. ``pauses``: whether it has pauses that may be taken for its end."""

    name: str
    question: str
    family: str
    purpose: Purpose
    source: Source | None
    condition: Condition = Condition.CLEAN
    value: str = ""
    db: float = 0.0
    echo: Echo | None = None
    pauses: bool = False

    @property
    def part(self) -> Part:
        """Whether it may be tuned to. All that comes from one recording or text is in the same half."""
        what = self.source.name if self.source is not None else self.name
        what = what.removesuffix(RECORDED_NOISE)
        return "tuning" if zlib.crc32(what.encode()) % 2 else "held-out"


@dataclass(frozen=True, slots=True)
class Plan:
    """One call: what is heard in it, in order. ``quiet``: from a caller who speaks less loud in all of the call."""

    question: str
    noisy: bool
    cases: tuple[Case, ...]

    @property
    def quiet(self) -> bool:
        return self.cases[0].condition is Condition.QUIET


FAMILIES: Final = {"yesno": "yes/no", "menu": "menu", "money": "money", "date": "date", "open": "open"}
"""What the questions are called in the report; of the others, ``digits``."""


def all_cases() -> list[Case]:
    return [*_answers(), *_no_interruptions(), *_interruptions()]


def chosen(cases: Iterable[Case], part: Part) -> list[Case]:
    return [case for case in cases if part in ("all", case.part)]


def sample(cases: Sequence[Case], share: int) -> list[Case]:
    """One in ``share`` of each family, at least one."""
    taken: dict[str, int] = {}
    found = []
    for case in cases:
        number = taken[case.family] = taken.get(case.family, -1) + 1
        if number % share == 0:
            found.append(case)
    return found


def plans(cases: Iterable[Case]) -> list[Plan]:
    """The calls for ``cases``: one for each answer; what is heard over a prompt, some in one call. Mixed, but always in
    the same order."""
    found: list[Plan] = []
    over: dict[tuple[bool, bool], list[Case]] = {}
    for case in sorted(cases, key=lambda case: zlib.crc32(case.name.encode())):
        noisy = case.condition is Condition.NOISE and not has_noise(case)
        if case.question == STORY:
            over.setdefault((noisy, case.condition is Condition.QUIET), []).append(case)
        else:
            found.append(Plan(case.question, noisy, (case,)))
    for (noisy, _), group in over.items():
        for first in range(0, len(group), STORIES_A_CALL):
            found.append(Plan(STORY, noisy, tuple(group[first : first + STORIES_A_CALL])))
    return sorted(found, key=lambda plan: zlib.crc32(f"{plan.cases[0].name} order".encode()))


def has_noise(case: Case) -> bool:
    """Whether the recording itself has the noise."""
    return case.source is not None and case.source.name.endswith(RECORDED_NOISE)


def _in_each(case: Case) -> list[Case]:
    """``case`` clean, and, for one in two, in noise; for one in four, from a quiet caller."""
    if has_noise(case):
        return [_with(case, Condition.NOISE)]
    found = [_with(case, Condition.CLEAN)]
    draw = zlib.crc32(f"{case.name} condition".encode()) % 4
    if draw % 2:
        found.append(_with(case, Condition.NOISE))
    if draw == 0:
        found.append(_with(case, Condition.QUIET))
    return found


def _with(case: Case, condition: Condition) -> Case:
    db = case.db + (QUIET_DB if condition is Condition.QUIET else 0)
    return Case(
        f"{case.name} {condition}", case.question, case.family, case.purpose, case.source, condition, case.value, db,
        case.echo, case.pauses,
    )  # fmt: skip


def _answers() -> list[Case]:
    found = []
    for question, value, source in sayings.answers():
        family = FAMILIES.get(question, "digits")
        pauses = bool(getattr(source, "pause_s", 0.0))
        case = Case(f"{question} {source.name}", question, family, Purpose.ANSWER, source, value=value, pauses=pauses)
        found += _in_each(case)
    return found


def _over(family: str, purpose: Purpose, sources: Iterable[Source], levels: Sequence[float] = (0.0,)) -> list[Case]:
    return [
        Case(f"{family} {source.name} {db:+.0f} dB", STORY, family, purpose, source, db=db)
        for source in sources
        for db in levels
    ]


def _no_interruptions() -> list[Case]:
    no = Purpose.NO_INTERRUPTION
    found = [each for case in _over("back-channel", no, sayings.BACK_CHANNEL) for each in _in_each(case)]
    found += _over("cough, knock", no, sayings.COUGHS_AND_KNOCKS)
    found += _over("music", no, sayings.MUSIC, MUSIC_DB)
    found += _over("kitchen", no, sayings.KITCHEN, KITCHEN_DB)
    found += _over("other voice", no, sayings.OTHER_VOICES, OTHER_VOICES_DB)
    for db in ECHO_DB:
        for delay_s in ECHO_DELAY_S:
            name = f"echo {db:.0f} dB {delay_s * 1000:.0f} ms"
            found.append(Case(name, STORY, "echo", no, None, echo=Echo(db, delay_s)))
    return found


def _interruptions() -> list[Case]:
    found = []
    for case in _over("interruption", Purpose.INTERRUPTION, sayings.INTERRUPTIONS):
        found += _in_each(case)
    for case in found[::6]:
        echo = Echo(ECHO_DB[1], ECHO_DELAY_S[1])
        found.append(replace(case, name=f"{case.name} over echo", echo=echo))
    return found
