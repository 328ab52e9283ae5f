"""What holds for every kind of step, so that a new one that says too little of itself is found out."""

from __future__ import annotations

import pytest
from folder_line import write

from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.model import Prompt
from voicebot.authoring.picture import COLOURS
from voicebot.authoring.steps import STEP_KINDS, DialogStep
from voicebot.authoring.walking import part_in, parts_within, targets_of

EVERY_WORD = """
    schedules: {office: {zone: UTC, week: {mon-fri: 08:00-18:00}}}
    steps:
      - {id: say, say: Hi., next: ask}
      - {id: ask, ask: "A?", choice: {a: {next: say}, b: }, yesno: {yes: set, no: if}, keys: {"5": goto}, on_fail: http,
         next: hours}
      - {id: digits, ask: "A?", digits: 3, choice: {a: {next: say}}, on_fail: http, next: hours}
      - {id: set, set: {a: 1}, next: say}
      - {id: if, if: a, then: say, else: ask}
      - {id: goto, goto: say}
      - {id: call, call: other, on_error: say, on_fail: ask, next: set}
      - {id: http, http: {get: "https://example.com"}, on_error: say, next: ask}
      - {id: transfer, transfer: "+1", on_fail: say}
      - {id: hangup, hangup: Bye.}
      - {id: hours, hours: office, open: say, closed: ask}
      - {id: record, record: stop, next: say}
      - {id: queue, queue: {to: "+1", hours: office, status: {get: "https://example.com"},
         full_when: queue.waiting > 9},
         closed: say, full: ask, keys: {"1": set}, on_fail: if}
      - {id: dial, dial: "+1", busy: say, no_answer: ask, declined: set, unreachable: if, refused: goto, too_long: call,
         keys: {"1": http}, on_fail: hangup, next: hours}
      - {id: language, language: en-US, next: say}
"""


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[DialogStep]:
    folder = write(tmp_path_factory.mktemp("steps") / "d", main=EVERY_WORD, other="steps: [{id: a, say: Hi.}]")
    dialogs = load_dialogs(folder)
    assert dialogs.problems == []
    return dialogs.main.dialog.steps


def test_every_kind_of_step_is_looked_at_here(steps: list[DialogStep]) -> None:
    assert {step.WORD for step in steps} == set(STEP_KINDS)


def test_every_target_that_is_written_is_an_exit_and_no_other_is(steps: list[DialogStep]) -> None:
    """The checks, the picture and the coverage of tests would not know of a target that is left out."""
    for step in steps:
        written = {target for _, target in targets_of(step)} - ({step.next} if not step.USES_NEXT else set())
        exits = {one.target for one in step.exits(step.next or "below")}
        assert written - {step.next} <= exits, step.id
        assert exits - {None, "below", step.next} <= written, step.id


@pytest.mark.parametrize("kind", STEP_KINDS.values(), ids=list(STEP_KINDS))
def test_a_kind_of_step_says_what_it_is(kind: type[DialogStep]) -> None:
    words = {info.alias or name for name, info in kind.model_fields.items()}
    assert kind.WORD in words
    assert kind.__doc__ and kind.__doc__ != DialogStep.__doc__, "the reference page says what a step is for"
    assert all(info.description for info in kind.model_fields.values()), "and what each of its words means"
    assert kind.COLOUR in ("", *COLOURS)
    assert set(kind.MUST_TRANSLATE) <= set(kind.MAY_TRANSLATE) <= words


@pytest.mark.parametrize("kind", STEP_KINDS.values(), ids=list(STEP_KINDS))
def test_what_callers_hear_of_a_step_can_be_translated(kind: type[DialogStep]) -> None:
    spoken = {info.alias or name for name, info in kind.model_fields.items()
              if (part := part_in(info.annotation)) is Prompt or (part and Prompt in parts_within(part))}  # fmt: skip
    assert spoken <= set(kind.MAY_TRANSLATE)


@pytest.mark.parametrize("kind", STEP_KINDS.values(), ids=list(STEP_KINDS))
def test_a_step_that_waits_does_something_with_what_comes(kind: type[DialogStep]) -> None:
    assert (kind.resume is not DialogStep.resume) == bool(kind.MODES)
    assert kind.run is not DialogStep.run


def test_only_what_a_step_sets_can_have_possible_values(steps: list[DialogStep]) -> None:
    for step in steps:
        assert set(step.possible_values()) <= {name for _, name in step.sets()}


def test_a_path_of_a_picture_is_told_by_the_step(steps: list[DialogStep]) -> None:
    by_id = {step.id: step for step in steps}
    assert ("say", "a") in by_id["ask"].exits("below")
    assert [one.label for one in by_id["digits"].exits("below")] == ["a", "digits", "no answer"]
    assert by_id["dial"].exits("below")[:3] == [("below", "answered"), ("say", "busy"), ("ask", "no answer")]
    assert by_id["transfer"].shown() == "☎ +1" and by_id["http"].shown() == "GET https://example.com"
