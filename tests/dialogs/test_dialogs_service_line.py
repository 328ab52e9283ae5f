"""The sample dialogs, through every path, in text."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest
from phone_line import COMPILED, DIALOGS, PhoneLine

AGENT_NUMBER = DIALOGS.main.dialog.constants["agent_number"]


def step(dialog: str, step_id: str) -> Any:
    return next(step for step in DIALOGS.dialogs[dialog].dialog.steps if step.id == step_id)


def texts(prompts: list[Any]) -> list[str]:
    return [prompt.text for prompt in prompts]


menu, number, zip_code = step("main", "menu"), step("account", "number"), step("outage", "zip")
prompts = SimpleNamespace(
    WELCOME="Welcome to Contoso Energy. This call may be recorded.",
    MENU=menu.ask.text,
    MENU_RETRY=texts(menu.retry),
    MENU_HELP=menu.help.text,
    MENU_AGAIN=step("main", "menu-again").ask.text,
    ACCOUNT=number.ask.text,
    ACCOUNT_RETRY=texts(number.retry),
    ACCOUNT_HELP=number.help.text,
    ACCOUNT_REST=number.digits.rest.text,
    ACCOUNT_SHORT=number.digits.short.text,
    ACCOUNT_WRONG=number.confirm.wrong.text,
    LOOKING=step("account", "look-up").wait.say.text,
    BILL_PAID=step("billing", "paid").say.text,
    ZIP=zip_code.ask.text,
    HOURS=step("main", "hours").say.text,
    ANYTHING_ELSE=step("main", "anything-else").ask.text,
    TROUBLE=step("main", "trouble").say.text,
    TRANSFER=step("main", "agent").transfer.announce.text,
    TRANSFER_FAILED=step("main", "agents-busy").say.text,
    START_OVER=DIALOGS.main.dialog.globals.start_over.message.text,
    GOODBYE="Thank you for calling Contoso Energy. Goodbye.",
)


@pytest.fixture
async def line() -> PhoneLine:
    line = PhoneLine()
    await line.dial()
    return line


async def answered(line: PhoneLine, number: str = "one two three four five six") -> list[str]:
    await line.say("billing")
    await line.say(number)
    return await line.say("yes")


async def test_it_greets_and_asks(line: PhoneLine) -> None:
    assert line.said == [prompts.WELCOME, prompts.MENU]
    assert line.hints == ["ignoringInput", "expectingInput"]
    assert "billing" in line.expected


async def test_a_balance_by_voice_from_beginning_to_end(line: PhoneLine) -> None:
    assert await line.say("My bill, please.") == [prompts.ACCOUNT]
    assert "double" in line.expected
    assert await line.say("One, two, three, four, five, six.") == [
        "I have one two three, four five six. Is that right?"
    ]
    assert "correct" in line.expected
    assert await line.say("Yep.") == [
        prompts.LOOKING,
        "Your balance is 84 dollars and 37 cents, and it is due on Sunday, December 13.",
        prompts.ANYTHING_ELSE,
    ]
    assert [sent["text"] for sent in line.sent if "balance" in sent.get("text", "")] == [
        "Your balance is $84.37, and it is due on Sunday, December 13."
    ]
    assert await line.say("No, thank you.") == [prompts.GOODBYE]
    assert line.hung_up


async def test_a_balance_by_keypad_without_a_word(line: PhoneLine) -> None:
    assert await line.press("1") == [prompts.ACCOUNT]
    assert await line.press("20481") == []
    assert await line.press("5") == ["I have two zero four, eight one five. Is that right?"]
    assert prompts.BILL_PAID in await line.press("1")
    assert await line.press("2") == [prompts.GOODBYE]
    assert line.hung_up


async def test_keys_are_silent_until_they_are_complete_and_can_be_cleared(line: PhoneLine) -> None:
    await line.press("1")
    assert await line.press("999*") == []
    assert await line.press("112334") == ["I have one one two, three three four. Is that right?"]


async def test_too_few_keys_are_told_and_a_lone_hash_is_no_answer(line: PhoneLine) -> None:
    await line.press("1")
    assert await line.press("123#") == [prompts.ACCOUNT_SHORT]
    assert await line.press("#") == [prompts.ACCOUNT_RETRY[0]]
    assert "one two three, four five six" in (await line.press("123456"))[0]


async def test_a_number_may_be_said_in_parts(line: PhoneLine) -> None:
    await line.say("billing")
    assert await line.say("one two three") == [prompts.ACCOUNT_REST]
    assert "one two three, four five six" in (await line.say("four five six"))[0]


async def test_who_begins_again_in_the_middle_is_understood(line: PhoneLine) -> None:
    await line.say("billing")
    await line.say("one two tree")
    assert "two zero four, eight one five" in (await line.say("sorry, it is two oh four eight one five"))[0]


async def test_a_wrong_number_is_asked_for_again(line: PhoneLine) -> None:
    await line.say("billing")
    await line.say("one two three four five seven")
    assert await line.say("No, that's wrong.") == [prompts.ACCOUNT_WRONG, prompts.ACCOUNT]


async def test_a_correction_in_the_same_breath_is_taken(line: PhoneLine) -> None:
    await line.say("billing")
    await line.say("one two three four five seven")
    assert await line.say("no, one two three four five six") == ["I have one two three, four five six. Is that right?"]


async def test_repeating_the_same_number_confirms_it(line: PhoneLine) -> None:
    await line.say("billing")
    await line.say("one two three four five six")
    assert (await line.say("one two three four five six"))[0] == prompts.LOOKING


async def test_an_unknown_account_is_told_and_after_three_the_agent_takes_over(line: PhoneLine) -> None:
    await line.say("billing")
    for _ in range(2):
        await line.say("nine nine nine nine nine nine")
        said = await line.say("yes")
        assert "nine nine nine, nine nine nine" in said[1]
        assert said[2] == prompts.ACCOUNT
    await line.say("nine nine nine nine nine nine")
    assert await line.say("yes") == [prompts.LOOKING, prompts.TROUBLE, prompts.TRANSFER]
    assert line.transfer == AGENT_NUMBER


async def test_an_overdue_bill_is_said_to_be_so(line: PhoneLine) -> None:
    said = await answered(line, "700700")
    assert said[1].startswith("Your balance is 41 dollars and 5 cents. It was due on Wednesday, November 25")


async def test_an_outage_by_zip_code(line: PhoneLine) -> None:
    assert await line.say("my power is out") == [prompts.ZIP]
    said = await line.say("nine eight oh five two")
    assert said[0] == (
        "There is an outage in nine eight zero, five two, caused by a storm. "
        "We expect the power to be back by 6:30 PM at the latest."
    )
    assert said[1] == prompts.ANYTHING_ELSE


async def test_no_outage_by_zip_code_on_the_keypad(line: PhoneLine) -> None:
    await line.press("2")
    assert "We know of no outage in one zero zero, zero one." in (await line.press("10001"))[0]


async def test_an_outage_by_account(line: PhoneLine) -> None:
    await line.say("outage")
    assert await line.say("use my account number") == [prompts.ACCOUNT]
    await line.say("123456")
    assert "nine eight zero, five two" in (await line.say("that's right"))[1]


async def test_an_account_that_is_known_is_not_asked_for_again(line: PhoneLine) -> None:
    await answered(line)
    assert "There is an outage" in (await line.say("yes, is there an outage?"))[0]
    assert "Your balance" in (await line.say("billing"))[0]


async def test_opening_hours(line: PhoneLine) -> None:
    assert await line.press("3") == [prompts.HOURS, prompts.ANYTHING_ELSE]
    assert await line.say("yes") == [prompts.MENU_AGAIN]
    assert await line.say("when are you open") == [prompts.HOURS, prompts.ANYTHING_ELSE]
    assert await line.say("that's all") == [prompts.GOODBYE]


@pytest.mark.parametrize("words", ["agent", "Operator, please!", "I want to talk to a real person"])
@pytest.mark.parametrize("before", [[], ["billing"], ["billing", "123456"], ["outage"], ["opening hours"]])
async def test_an_agent_can_be_asked_for_at_any_time(line: PhoneLine, before: list[str], words: str) -> None:
    for text in before:
        await line.say(text)
    assert await line.say(words) == [prompts.TRANSFER]
    assert line.transfer == AGENT_NUMBER
    assert not line.hung_up


async def test_zero_is_the_agent_in_the_menu_and_a_digit_in_a_number(line: PhoneLine) -> None:
    await line.press("1")
    assert await line.press("0") == []
    line = PhoneLine()
    await line.dial()
    assert await line.press("0") == [prompts.TRANSFER]


async def test_a_transfer_that_fails_gives_the_caller_back(line: PhoneLine) -> None:
    await line.say("agent")
    assert await line.say("hello? is somebody there?") == []
    assert await line.event("handoff.status", {"state": "accepted"}) == []
    said = await line.event("handoff.status", {"state": "failed", "message": "Busy Here"})
    assert said == [prompts.TRANSFER_FAILED, prompts.ANYTHING_ELSE]
    assert await line.say("opening hours") == [prompts.HOURS, prompts.ANYTHING_ELSE]


async def test_a_transfer_that_works_ends_the_conversation(line: PhoneLine) -> None:
    await line.say("agent")
    assert await line.event("handoff.status", {"state": "completed"}) == []
    assert line.hung_up


async def test_silence_is_met_with_other_words_and_in_the_end_with_an_agent(line: PhoneLine) -> None:
    assert await line.silence(1) == [prompts.MENU_RETRY[0]]
    assert await line.silence(2) == [prompts.MENU_RETRY[1]]
    assert await line.silence(3) == [prompts.TROUBLE, prompts.TRANSFER]
    assert line.transfer == AGENT_NUMBER


async def test_noise_and_nonsense_count_like_silence(line: PhoneLine) -> None:
    assert await line.event("unrecognizedSpeech", 1) == [prompts.MENU_RETRY[0]]
    assert await line.say("purple monkey dishwasher") == [prompts.MENU_RETRY[1]]
    assert await line.press("7") == [prompts.TROUBLE, prompts.TRANSFER]


async def test_each_question_has_its_own_patience(line: PhoneLine) -> None:
    await line.silence()
    await line.silence()
    assert await line.say("billing") == [prompts.ACCOUNT]
    assert await line.silence() == [prompts.ACCOUNT_RETRY[0]]
    await line.silence()
    assert await line.silence() == [prompts.TROUBLE, prompts.TRANSFER]


async def test_silence_at_the_confirmation_says_the_number_again(line: PhoneLine) -> None:
    await line.say("billing")
    await line.say("123456")
    assert "one two three, four five six" in (await line.silence())[0]
    assert "press 1" in (await line.silence())[0]
    assert (await line.press("1"))[0] == prompts.LOOKING


@pytest.mark.parametrize("words", ["Can you repeat that?", "say that again please", "Pardon?", "what?"])
async def test_repeat_repeats(line: PhoneLine, words: str) -> None:
    assert await line.say(words) == [prompts.MENU]
    await line.say("billing")
    assert await line.say(words) == [prompts.ACCOUNT]


async def test_star_repeats(line: PhoneLine) -> None:
    assert await line.press("*") == [prompts.MENU]


async def test_help_helps_and_costs_no_patience(line: PhoneLine) -> None:
    for _ in range(5):
        assert await line.say("help") == [prompts.MENU_HELP]
    await line.say("billing")
    assert await line.say("help me") == [prompts.ACCOUNT_HELP]


async def test_start_over_starts_over_without_the_greeting(line: PhoneLine) -> None:
    await line.say("billing")
    await line.say("one two three")
    assert await line.say("start over") == [prompts.START_OVER, prompts.MENU_AGAIN]
    await line.say("billing")
    assert await line.say("four five six") == [prompts.ACCOUNT_REST], "nothing is left of the first attempt"


@pytest.mark.parametrize("before", [[], ["billing"], ["billing", "123456"], ["outage"], ["opening hours"]])
async def test_after_a_restart_the_open_question_is_asked_again(line: PhoneLine, before: list[str]) -> None:
    for text in before:
        await line.say(text)
    open_question = line.said[-1]
    assert await line.event("voicebot.resume") == [open_question]


async def test_being_interrupted_changes_nothing(line: PhoneLine) -> None:
    assert await line.event("voicebot.interrupted", {"heardText": "How can", "heardSeconds": 0.4}) == []
    assert await line.say("billing") == [prompts.ACCOUNT]


async def test_the_callers_hang_up_ends_it_anywhere(line: PhoneLine) -> None:
    await line.say("billing")
    assert await line.activity(type="endOfConversation") == []
    assert line.sent == []


async def test_every_sentence_without_a_gap_is_offered_for_rendering_ahead() -> None:
    offered = {text for text, _, _ in COMPILED.prompts}
    assert {prompts.WELCOME, prompts.MENU, prompts.GOODBYE, *prompts.MENU_RETRY} <= offered
    assert not [text for text in offered if "{" in text]


@pytest.mark.parametrize("seed", range(40))
async def test_no_caller_gets_it_stuck(seed: int) -> None:
    """Whatever is said and pressed: no failure, and silence leads to a person or a goodbye in the end."""
    chance = random.Random(seed)
    line = PhoneLine()
    await line.dial()
    words = ["billing", "outage", "hours", "yes", "no", "123456", "one two", "98052", "help", "repeat", "start over",
             "", "purple", "no, it is 204815", "account", "😀", "wrong", "nine nine nine", "thanks"]  # fmt: skip
    for _ in range(30):
        match chance.randrange(4):
            case 0:
                await line.press(chance.choice("0123456789*#A"))
            case 1:
                await line.event(chance.choice(["noUserInput", "unrecognizedSpeech", "voicebot.resume", "anything"]), 1)
            case _:
                await line.say(chance.choice(words))
        if line.transfer or line.hung_up:
            return
    for _ in range(12):
        await line.silence()
        if line.transfer or line.hung_up:
            return
    pytest.fail(f"still here after: {line.said[-6:]}")
