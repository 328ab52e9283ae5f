"""What the recogniser may have heard instead: taken where it answers the question and its first guess does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from folder_line import Line, line

REST = "And the rest?"
KINDS = {
    "digit": "digits: {length: 1}",
    "four": f"digits: {{length: 4, rest: '{REST}'}}",
    "eight": "digits: {length: 8}",
    "yes": "yesno: true",
    "menu": "choice: {billing: {say: [billing]}, outage: {say: [outage]}}",
    "money": "money: true",
    "date": "date: true",
    "phone": "phone: {country: US}",
    "text": "text: true",
}
NOTHING = "Sorry, I did not get that."
Others = list[tuple[str, float | None]]


def question(kind: str, more: str = "") -> str:
    ask = f"{{id: q, ask: Well?, {KINDS[kind]}, save: it, on_fail: f{more}}}"
    return f"steps: [{ask}, {{id: b, hangup: 'Bye {{it}}.'}}, {{id: f, hangup: Failed.}}]"


async def say(call: Line, text: str, confidence: float | None, others: Others) -> str:
    told = [{"text": other, "confidence": sure} for other, sure in others]
    said = await call.activity(type="message", text=text, channelData={"confidence": confidence, "alternatives": told})
    return said[0] if said else ""


@pytest.mark.parametrize(("kind", "text", "confidence", "others", "answer"), [
    # a digit that was heard as a word: the length tells
    ("eight", "You 9281590.", 0.31, [("Zero. 9281590.", 0.69)], "Bye 09281590."),
    ("eight", "425. Tier 1t2. 9", 0.64, [("425. 0122. 9.", 0.26)], "Bye 42501229."),
    ("four", "608.", 0.5, [("6018.", 0.4)], "Bye 6018."),
    # half of them are words
    ("eight", "You'll my e8159 you'll", 0.2, [("09881590.", 0.6)],
     "I heard zero nine eight eight one five nine zero. Is that right?"),
    ("phone", "425. 555. Tier 1t2.", 0.64, [("425. 555. 0122.", 0.4), ("425. 555. 012.", 0.1)], "Bye +14255550122."),
    # a first guess that is no such answer may be what was said: callers are asked, where that can be
    ("digit", "You will have", 0.08, [("Zero.", 0.8), ("Two.", 0.05)], "I heard zero. Is that right?"),
    ("menu", "How tall.", 0.2, [("Outage.", 0.7)], "Did you say outage?"),
    ("yes", "Guess.", 0.2, [("Yes.", 0.7)], NOTHING),
    ("money", "Delve.", 0.2, [("Twelve.", 0.7)], NOTHING),
    ("date", "Thirsty.", 0.2, [("Thursday.", 0.7)], NOTHING),
    # one word that sounds like a digit, and the digit
    ("digit", "A.", 0.52, [("Eight.", 0.48)], "Bye 8."),
    ("digit", "Eight.", 0.32, [("A.", 0.68)], "Bye 8."),
    # what stands between digits may have been one: that another text lacks it does not say that it was none
    ("four", "905, and four.", 0.9, [], "I heard nine zero five four. Is that right?"),
    ("four", "905, and four.", 0.5, [("9054.", 0.4)], "I heard nine zero five four. Is that right?"),
    ("four", "905, and four.", 0.5, [("nine oh five four", None)], "I heard nine zero five four. Is that right?"),
    ("four", "9054.", 0.5, [("905, and four.", 0.4)], "Bye 9054."),
    ("digit", "A.", 0.52, [("One.", 0.2)], "I heard eight. Is that right?"),
    ("digit", "Oh.", 0.9, [], "I heard zero. Is that right?"),
    ("digit", "Oh no.", 0.9, [], NOTHING),
    ("four", "A.", 0.9, [], NOTHING),
    ("digit", "Do you think", 0.67, [("Zero.", 0.33)], "I heard zero. Is that right?"),
    ("digit", "So.", 0.3, [("Zero.", 0.3), ("Two.", 0.2)], "I heard zero. Is that right?"),
    ("menu", "How tall.", 0.5, [("Outage.", 0.4)], "Did you say outage?"),
    ("yes", "Guess.", 0.5, [("Yes.", 0.4)], NOTHING),
    ("yes", "Worse.", 0.1, [("Yes.", 0.4), ("No.", 0.35)], NOTHING),
    ("money", "Delve.", 0.6, [("Twelve.", 0.4)], NOTHING),
    # too little speaks for any of them
    ("digit", "The mule.", 0.43, [("0.", 0.16), ("5.", 0.15), ("2.", 0.15), ("1.", 0.11)], NOTHING),
    ("menu", "Hello there.", 0.9, [("Outage.", 0.05)], NOTHING),
    ("yes", "Guess.", 0.2, [("Yes.", None)], NOTHING),
    # what else there is to a first guess comes first
    ("menu", "Repeat that.", 0.3, [("Outage.", 0.6)], "Well?"),
    ("menu", "One moment.", 0.3, [("Outage.", 0.6)], "Of course, take your time."),
    ("menu", "Um.", 0.3, [("Outage.", 0.6)], ""),
    ("text", "Guess.", 0.2, [("Yes.", 0.7)], "Bye Guess.."),
    ("four", "6018.", 0.6, [("6818.", 0.39)], "Bye 6018."),
    ("four", "608.", 0.9, [("6018.", 0.09)], REST),
    # the same in other words tells which of two sums is meant; without them, callers are asked
    ("money", "4250.", 0.9, [("forty two fifty", None), ("4 thousand 250", 0.1)], "Bye 42.5."),
    ("money", "4250.", None, [("forty two fifty", None)], "Bye 42.5."),
    ("money", "4250.", 0.9, [("four thousand two hundred fifty", 0.8), ("forty two fifty", 0.1)], "Bye 4 250."),
    ("money", "4250.", 0.9, [("Four thousand two hundred fifty.", 0.04), ("Forty two fifty.", 0.04)],
     "Please say the currency with the amount, as in ten dollars and fifty cents."),
    ("money", "4250.", 0.9, [("One.", 0.04)],
     "Please say the currency with the amount, as in ten dollars and fifty cents."),
    ("money", "42-50.", 0.9, [("forty two fifty", None)], "Bye 42.5."),
    ("money", "42-50.", 0.9, [("forty two to fifty", None)], NOTHING),
    ("money", "42-50.", 0.9, [], NOTHING),
    ("money", "42:50", 0.7, [("forty two fifty", None)], "Bye 42.5."),
    ("money", "42-50.", 0.3, [("forty two fifty", None)], "Bye 42.5."),
    ("money", "999.", 0.9, [("nine ninety nine", None)], "Bye 9.99."),
    ("money", "999.", 0.9, [("nine hundred ninety nine", None)], "Bye 999."),
    ("money", "999.", 0.9, [("nine ninety nine", 0.3)], "Bye 999."),
    # a word behind a number without its coin may be the rest of it
    ("money", "42 pesky", 0.9, [("4250.", 0.05)],
     "Please say the currency with the amount, as in ten dollars and fifty cents."),
    ("money", "It's 42 besties.", 0.8, [],
     "Please say the currency with the amount, as in ten dollars and fifty cents."),
    ("money", "42 altogether.", 0.9, [], "Bye 42."),
    ("money", "42, pesky.", 0.9, [], "Bye 42."),
    ("money", "42 pesky dollars.", 0.9, [], "Bye 42."),
    ("money", "42 would be great.", 0.9, [], "Bye 42."),
    ("four", "4471.", 0.9, [("four four seven", None)], "Bye 4471."),
    # several texts that mean the same are as sure as all of them together
    ("four", "9, 0, 5, 2.", 0.3, [("9052.", 0.3), ("Nine oh five two.", 0.2)], "Bye 9052."),
    ("four", "9052.", 0.3, [("nine oh five two", None)], "I heard nine zero five two. Is that right?"),
    ("four", "9052.", 0.3, [("952.", 0.6)], "I heard nine zero five two. Is that right?"),
])  # fmt: skip
async def test_an_answer_is_read_from_all_that_may_have_been_said(
    tmp_path: Path, kind: str, text: str, confidence: float | None, others: Others, answer: str
) -> None:
    call = line(tmp_path, question(kind))
    await call.dial()
    said = await say(call, text, confidence, others)
    assert " ".join(said.replace(",", " ").split()) == " ".join(answer.replace(",", " ").split())


async def test_a_part_that_was_read_is_forgotten_where_the_whole_was_meant(tmp_path: Path) -> None:
    call = line(tmp_path, question("four"))
    await call.dial()
    assert (await say(call, "608.", 0.6, [("6018.", 0.2)])).startswith("I heard six zero one eight")
    assert await call.say("no") == ["Well?"]
    assert await call.say("six zero") == [REST]
    assert await call.say("one eight") == ["Bye 6018."]


@pytest.mark.parametrize("told", ["x", {"a": 1}, [1, None, "x"], [{"text": 5}], [{"confidence": 1}], [{"text": " "}]])
async def test_alternatives_of_another_shape_are_none(tmp_path: Path, told: object) -> None:
    call = line(tmp_path, question("yes"))
    await call.dial()
    data = {"confidence": 0.1, "alternatives": told}
    assert (await call.activity(type="message", text="Guess.", channelData=data))[0] == NOTHING
