from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml
from folder_line import line

from bench.floor import sayings
from bench.floor.cases import STORIES_A_CALL, STORY, Case, Condition, Purpose, all_cases, chosen, plans, sample
from bench.floor.running import DIALOGS
from bench.floor.sources import Recorded, Rendered

CASES = all_cases()


def recorded(name: str) -> Case:
    return Case(name, "open", "open", Purpose.ANSWER, Recorded(name))


def test_every_case_has_a_name_of_its_own() -> None:
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []


def test_every_question_has_a_dialog() -> None:
    main = yaml.safe_load((DIALOGS / "main.yaml").read_text())
    asked = {step["call"] for step in main["steps"] if "call" in step}
    assert {case.question for case in CASES} <= asked
    assert all((DIALOGS / f"{question}.yaml").is_file() for question in asked)


def test_every_choice_that_is_expected_is_there() -> None:
    menu = yaml.safe_load((DIALOGS / "menu.yaml").read_text())
    (choice,) = [step["choice"] for step in menu["steps"] if "choice" in step]
    assert set(sayings.MENU) == set(choice)


@pytest.mark.parametrize("question", ["money", "date"])
async def test_values_are_as_the_bot_writes_them(tmp_path: Path, question: str) -> None:
    call = line(tmp_path, (DIALOGS / f"{question}.yaml").read_text())
    await call.dial()
    for asked, value, source in sayings.answers():
        if asked == question and isinstance(source, Rendered):
            await call.say(" ".join(source.texts))
            assert f"[{value}]" in " ".join(activity.get("text", "") for activity in call.sent), source.name


def test_digits_are_as_many_as_the_question_asks_for() -> None:
    for case in CASES:
        if case.family == "digits":
            assert case.question == f"digits{len(case.value)}"
            assert case.value.isdecimal()


def test_the_parts_are_all_cases_and_share_none() -> None:
    tuning, held_out = chosen(CASES, "tuning"), chosen(CASES, "held-out")
    assert sorted(c.name for c in (*tuning, *held_out)) == sorted(c.name for c in chosen(CASES, "all"))
    assert 0.3 < len(tuning) / len(CASES) < 0.7


def test_a_recording_and_the_same_in_noise_are_in_the_same_part() -> None:
    for number in range(20):
        assert recorded(f"one_{number}").part == recorded(f"one_{number}_kitchen15").part
    by_text: dict[str, set[str]] = {}
    for case in CASES:
        if isinstance(case.source, Rendered):
            by_text.setdefault(case.source.name, set()).add(case.part)
    assert all(len(parts) == 1 for parts in by_text.values())


def test_a_sample_has_something_of_each_family() -> None:
    few = sample(CASES, 1000)
    assert sorted(case.family for case in few) == sorted({case.family for case in CASES})
    assert len(sample(CASES, 1)) == len(CASES)


def test_every_case_is_in_one_call_and_each_answer_has_its_own() -> None:
    calls = plans(CASES)
    assert sorted(case.name for plan in calls for case in plan.cases) == sorted(case.name for case in CASES)
    assert all(case.question == plan.question for plan in calls for case in plan.cases)
    assert all(len(plan.cases) <= (STORIES_A_CALL if plan.question == STORY else 1) for plan in calls)
    assert plans(reversed(CASES)) == calls


def test_noise_is_in_the_call_or_in_the_recording_and_not_in_both() -> None:
    for plan in plans(CASES):
        for case in plan.cases:
            in_recording = case.source is not None and case.source.name.endswith("_kitchen15")
            assert plan.noisy == (case.condition is Condition.NOISE and not in_recording)


def test_what_the_bot_should_take_is_never_spoken_by_it(tmp_path: Path) -> None:
    for file in DIALOGS.glob("*.yaml"):
        for step in yaml.safe_load(file.read_text())["steps"]:
            asked = step.get("ask") or step.get("say")
            if isinstance(asked, dict):
                assert "[" in asked["text"] and "[" not in asked["ssml"]
