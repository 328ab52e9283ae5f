"""An answer belongs to a question that was heard: what is said before, and what may still be meant by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from folder_line import line

from voicebot.authoring.answers.heard import share_to_hear

CANCEL = """
    globals: {agent: {goto: agent}}
    steps:
      - {id: explain, say: A fee of fifty dollars will be taken.}
      - id: sure
        ask: Shall I cancel your reservation now?
        yesno: {yes: cancelled, no: kept}
        EARLY
        on_fail: kept
      - {id: cancelled, hangup: Cancelled.}
      - {id: kept, hangup: Kept.}
      - {id: agent, hangup: To the agent.}
"""
ASKED = ["Shall I cancel your reservation now?"]


def cancel(early: str = "") -> str:
    return CANCEL.replace("EARLY", early)


@pytest.mark.parametrize("said", ["okay", "yes", "right", "mm-hmm", "no", "sure, go ahead", "well", "the weather"])
@pytest.mark.parametrize("heard", [0, 0.2, 0.49])
async def test_before_the_question_was_heard_nothing_answers_it(tmp_path: Path, said: str, heard: float) -> None:
    caller = line(tmp_path, cancel())
    await caller.dial()
    assert await caller.say(said, heard) == ASKED
    assert await caller.say("no") == ["Kept."]


@pytest.mark.parametrize("heard", [0.5, 0.8, 1.0])
async def test_half_of_a_question_is_enough(tmp_path: Path, heard: float) -> None:
    caller = line(tmp_path, cancel())
    await caller.dial()
    assert await caller.say("yes", heard) == ["Cancelled."]


async def test_an_author_may_allow_answers_before_the_question(tmp_path: Path) -> None:
    caller = line(tmp_path, cancel("early: true"))
    await caller.dial()
    assert await caller.say("yes", 0) == ["Cancelled."]


async def test_what_may_be_said_at_any_time_counts_before_the_question(tmp_path: Path) -> None:
    caller = line(tmp_path, cancel())
    await caller.dial()
    assert await caller.say("agent", 0) == ["To the agent."]


async def test_keys_count_at_once(tmp_path: Path) -> None:
    caller = line(tmp_path, cancel())
    await caller.dial()
    assert await caller.press("1") == ["Cancelled."]


async def test_a_question_that_was_heard_once_stays_heard(tmp_path: Path) -> None:
    caller = line(tmp_path, cancel())
    await caller.dial()
    assert await caller.silence() == ["Sorry, I did not get that.", *ASKED]
    assert await caller.say("yes", 0) == ["Cancelled."]  # said while the question was about to be repeated


async def test_nobody_is_asked_for_ever(tmp_path: Path) -> None:
    caller = line(tmp_path, cancel())
    await caller.dial()
    for _ in range(3):
        assert await caller.say("okay", 0) == ASKED
    assert await caller.say("okay", 0) == ["Sorry, I did not get that.", *ASKED]
    await caller.say("okay", 0)
    assert await caller.say("okay", 0) == ["Kept."]


async def test_a_yes_that_is_said_twice_does_not_answer_the_next_question(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: a, ask: One?, yesno: {no: out}}
          - {id: b, ask: Shall I delete everything?, yesno: {no: out}}
          - {id: deleted, hangup: Deleted.}
          - {id: out, hangup: Nothing was done.}
    """
    caller = line(tmp_path, main)
    await caller.dial()
    assert await caller.say("yes") == ["Shall I delete everything?"]
    assert await caller.say("yes please", 0) == ["Shall I delete everything?"]
    assert await caller.say("no") == ["Nothing was done."]


MENU = """
    steps:
      - {id: hello, say: Welcome to Contoso. This call may be recorded.}
      - id: menu
        ask: Billing, or opening hours?
        choice:
          billing: {key: "1", next: bill}
          hours: {say: [opening hours], key: "2", next: open}
          fine: {say: [okay], next: open}
        on_fail: lost
      - {id: bill, hangup: Bills.}
      - {id: open, hangup: Hours.}
      - {id: lost, hangup: Lost.}
"""


@pytest.mark.parametrize(
    ("said", "heard", "answer"),
    [
        ("billing", 0, "Bills."),
        ("I want the opening hours", 0, "Hours."),
        ("okay", 0, "Billing, or opening hours?"),
        ("the second one", 0, "Billing, or opening hours?"),
        ("two", 0, "Billing, or opening hours?"),
        ("Billan, please.", 0, "Billing, or opening hours?"),
        ("okay", 1, "Hours."),
        ("the second one", 1, "Hours."),
        ("Billan, please.", 1, "Bills."),
    ],
)
async def test_an_option_counts_at_once_where_it_is_named(tmp_path: Path, said: str, heard: float, answer: str) -> None:
    caller = line(tmp_path, MENU)
    await caller.dial()
    assert await caller.say(said, heard) == [answer]


@pytest.mark.parametrize(
    ("kind", "said", "value"),
    [
        ("digits: 4", "one two three four", "1234"),
        ("date: true", "tomorrow", "Wednesday, December 2, 2026"),
        ("text: true", "my bill is wrong", "my bill is wrong"),
        ("name: true", "Ada Palmer", "Ada Palmer"),
    ],
)
async def test_a_value_counts_at_once_and_agreement_is_no_value(
    tmp_path: Path, kind: str, said: str, value: str
) -> None:
    main = f"steps: [{{id: q, ask: Well then?, {kind}, save: x}}, {{id: bye, hangup: '{{x}}!'}}]"
    caller = line(tmp_path, main)
    await caller.dial()
    assert await caller.say("okay", 0) == ["Well then?"]
    assert await caller.say(said, 0) == [f"{value}!"]


NUMBER = """
    steps:
      - id: q
        ask: Your number?
        digits: {min: 4, max: 8}
        save: x
        confirm: "I have {x}. Is that right?"
        on_fail: bye
      - {id: bye, hangup: "{x}!"}
"""


@pytest.mark.parametrize(
    ("said", "heard", "answer"),
    [
        ("yes", 0, "I have 4255. Is that right?"),
        ("yes", 0.3, "I have 4255. Is that right?"),
        ("yes", 0.5, "4255!"),  # what is read back was heard
        ("yes", 1, "4255!"),
        ("no, it is one two three four", 0, "I have 1234. Is that right?"),
        ("zero one", 0, "I have 425501. Is that right?"),  # the number goes on
        ("zero one two three", 0.2, "I have 42550123. Is that right?"),
        ("four two five five", 1, "4255!"),
        ("zero one", 1, "I have 425501. Is that right?"),  # too short to be meant instead
        ("one two three four", 1, "I have 1234. Is that right?"),
    ],
)
async def test_before_a_confirmation_was_heard_the_answer_goes_on_or_is_corrected(
    tmp_path: Path, said: str, heard: float, answer: str
) -> None:
    caller = line(tmp_path, NUMBER)
    await caller.dial()
    assert await caller.say("four two five five") == ["I have 4255. Is that right?"]
    assert await caller.say(said, heard) == [answer]


@pytest.mark.parametrize(
    ("prompt", "reads_back", "share"),
    [
        ("", False, 0.0),
        ("Well?", False, 0.5),
        ("A fee will be taken. Well?", False, 23.0 / 26),
        ("I have 42. Is that right?", True, 10 / 25),
        ("42?", True, 0.5),
        ("Dr. Who at 5.30?", False, 0.594),
    ],
)
def test_the_question_is_the_last_sentence(prompt: str, reads_back: bool, share: float) -> None:
    assert share_to_hear(prompt, reads_back=reads_back) == pytest.approx(share, abs=0.02)
