"""What a bot of other software says in the calls of the bench, and that its record is read as the service's is."""

from __future__ import annotations

import asyncio

import pytest

from bench.floor import sayings
from bench.floor.cases import all_cases
from bench.floor.scoring import STORY_BEGINS, turns_of
from bench.peers.conversation import Conversation


@pytest.mark.parametrize(
    ("callee", "said", "answered"),
    [
        ("yesno", "Yes, please.", "[yes] Okay. Is that right?"),
        ("yesno", "Nope.", "[no] Okay. Is that right?"),
        ("yesno", "Purple.", "[no-match] Sorry? Is that right?"),
        ("menu", "I'd like to pay my bill.", "[billing] Okay."),
        ("digits4", "nine oh five two", "[9052] Okay."),
        ("money", "Forty-two dollars and fifty cents.", "[42.5] Okay."),
        ("date", "May ninth, twenty twenty-seven.", "[Sunday, May 9, 2027] Okay."),
        ("open", "I lost my card.", "[I lost my card.] Okay."),
    ],
)
async def test_what_was_taken_is_in_the_answers(callee: str, said: str, answered: str) -> None:
    conversation = Conversation(callee, "1")
    assert "[" not in conversation.greeting().spoken
    prompt = conversation.answer(said)
    assert prompt.text.startswith(answered)
    assert "[" not in prompt.spoken


async def test_every_question_of_the_bench_is_asked() -> None:
    for question in {case.question for case in all_cases()}:
        assert Conversation(question, "1").greeting().spoken.endswith(("?", "."))


async def test_the_story_is_told_after_the_first_words_and_after_each_key() -> None:
    conversation = Conversation("story", "1")
    conversation.greeting()
    assert conversation.answer("billing").spoken.startswith(STORY_BEGINS)
    assert conversation.answer("stop").text.startswith("[no-match]")
    assert conversation.key().spoken.startswith(STORY_BEGINS)


async def test_its_record_is_read_as_that_of_the_service() -> None:
    now = asyncio.get_running_loop().time()
    conversation = Conversation("menu", "call-1")
    greeting = conversation.greeting()
    greeting.first, greeting.last, greeting.heard_s, greeting.complete = now + 0.1, now + 1.1, 1.0, True
    conversation.answer("hours")
    record = conversation.record()
    assert record["call_id"] == "call-1"
    start, speech = turns_of(record, now)
    (heard,) = start.utterances
    assert (heard.started, heard.ended) == pytest.approx((now + 0.1, now + 1.1), abs=0.05)
    assert (heard.complete, heard.heard_s) == (True, 1.0)
    assert (speech.kind, speech.said, speech.utterances) == ("speech", "hours", ())
    assert speech.answered.startswith("[hours]") and "hours" in sayings.MENU
