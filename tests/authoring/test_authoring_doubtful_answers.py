"""Answers that are hard to understand are asked about, and who only hesitates is waited for."""

from __future__ import annotations

from pathlib import Path

import pytest
from folder_line import Line, line

MENU = """
steps:
  - id: q
    ask: Well?
    choice: {billing: , balance: {say: [account balance], label: your balance}}
    save: it
    on_fail: f
  - {id: b, hangup: "Bye {it}."}
  - {id: f, hangup: Failed.}
"""


def question(kind: str) -> str:
    ask = f"{{id: q, ask: Well?, {kind}: true, save: it, on_fail: f}}"
    return f"steps: [{ask}, {{id: b, hangup: 'Bye {{it}}.'}}, {{id: f, hangup: Failed.}}]"


async def say(call: Line, text: str, confidence: float) -> list[str]:
    return await call.activity(type="message", text=text, channelData={"confidence": confidence})


async def test_what_only_sounds_like_an_option_is_asked_about(tmp_path: Path) -> None:
    call = line(tmp_path, MENU)
    await call.dial()
    assert await call.say("the count bellant") == ["Did you say your balance?"]
    assert await call.say("no") == ["Well?"]
    assert await call.say("the count bellant") == ["Did you say your balance?"]
    assert await call.say("yes") == ["Bye your balance."]


async def test_another_option_may_be_named_instead(tmp_path: Path) -> None:
    call = line(tmp_path, MENU)
    await call.dial()
    await call.say("the count bellant")
    await call.say("no, billing")
    assert call.hung_up


@pytest.mark.parametrize(("kind", "said", "asked"), [
    ("digits", "four two", "I heard four two. Is that right?"),
    ("spelled", "A B C", "I heard A B C. Is that right?"),
])  # fmt: skip
async def test_digits_that_the_recogniser_is_not_sure_of_are_read_back(
    tmp_path: Path, kind: str, said: str, asked: str
) -> None:
    call = line(tmp_path, question(kind))
    await call.dial()
    spoken = await say(call, said, 0.2)
    assert [" ".join(words.replace(",", " ").split()) for words in spoken] == [asked]
    await say(call, "yes", 0.9)
    assert call.hung_up


@pytest.mark.parametrize(("length", "sure", "taken"), [(1, 0.45, True), (1, 0.35, False), (2, 0.45, False)])
async def test_of_one_digit_the_recogniser_need_not_be_surer_than_of_a_word(
    tmp_path: Path, length: int, sure: float, taken: bool
) -> None:
    call = line(tmp_path, question("digits").replace("digits: true", f"digits: {{length: {length}}}"))
    await call.dial()
    await say(call, " ".join(["four"] * length), sure)
    assert call.hung_up is taken


async def test_a_part_that_the_recogniser_is_not_sure_of_makes_the_whole_doubtful(tmp_path: Path) -> None:
    call = line(tmp_path, question("digits").replace("digits: true", "digits: {length: 4}"))
    await call.dial()
    await say(call, "four two", 0.2)
    assert await say(call, "one one", 0.9) == ["I heard four two one one. Is that right?"]


async def test_a_yes_that_the_recogniser_is_not_sure_of_is_asked_for_again(tmp_path: Path) -> None:
    call = line(tmp_path, question("yesno"))
    await call.dial()
    assert (await say(call, "yes", 0.2))[-1] == "Well?"
    await say(call, "yes", 0.7)
    assert call.hung_up


async def test_keys_are_never_in_doubt(tmp_path: Path) -> None:
    call = line(tmp_path, question("yesno"))
    await call.dial()
    await call.press("1")
    assert call.hung_up


@pytest.mark.parametrize("kind", ["yesno", "digits", "text", "name", "date", "spelled", "money"])
async def test_who_hesitates_is_waited_for_and_has_lost_no_try(tmp_path: Path, kind: str) -> None:
    call = line(tmp_path, question(kind))
    await call.dial()
    for said in ("um", "Uh.", "let me see", "Er, well", "Hmm."):
        assert await call.say(said) == []
        assert not call.hung_up


async def test_a_hum_is_a_yes_to_a_question(tmp_path: Path) -> None:
    call = line(tmp_path, question("yesno"))
    await call.dial()
    assert await call.say("Mm-hmm.") == ["Bye yes."]


async def test_a_sum_that_may_have_cents_or_not_is_asked_for_without_a_try_lost(tmp_path: Path) -> None:
    call = line(tmp_path, question("money"))
    await call.dial()
    assert await call.say("4250") == ["Please say the currency with the amount, as in ten dollars and fifty cents."]
    assert await call.say("forty two dollars fifty") == ["Bye 42.5."]


async def test_what_is_private_is_not_read_back(tmp_path: Path) -> None:
    call = line(tmp_path, question("digits").replace("digits: true", "digits: true, sensitive: true"))
    await call.dial()
    assert (await say(call, "four two", 0.2))[-1] == "Well?"
    await say(call, "four two", 0.9)
    assert call.hung_up


async def test_of_a_day_and_another_weekday_the_exact_day_is_asked_for(tmp_path: Path) -> None:
    call = line(tmp_path, question("date"))
    await call.dial()
    assert await call.say("Tuesday, May ninth") == ["Please tell me the exact day.", "Well?"]
    assert "May 9, 2027" in (await call.say("the ninth"))[0]


@pytest.mark.parametrize("said", ["no, the tenth", "the tenth", "no, make that the tenth"])
async def test_a_corrected_day_is_one_of_the_month_that_was_named(tmp_path: Path, said: str) -> None:
    call = line(tmp_path, question("date").replace("save: it", "save: it, confirm: 'On {it}?'"))
    await call.dial()
    assert "May 9, 2027" in (await call.say("May ninth"))[0]
    assert "May 10, 2027" in (await call.say(said))[0]
    await call.say("yes")
    assert call.hung_up


async def test_digits_with_another_word_between_them_are_read_back(tmp_path: Path) -> None:
    call = line(tmp_path, question("digits").replace("digits: true", "digits: {length: 10}"))
    await call.dial()
    assert (await call.say("957117772, and four."))[0].startswith("I heard ")
    await call.say("no")
    await call.say("nine five seven, one one seven, double seven, seven four")
    assert call.hung_up
