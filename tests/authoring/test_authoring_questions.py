"""Questions, as a caller meets them: what is taken for an answer, what is asked again, and what is confirmed."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from folder_line import line

from voicebot.host.storage import SqliteStorage


def asking(kind: str, rest: str = "") -> str:
    return f"""
    steps:
      - id: q
        ask: Well?
        {kind}
        save: x
        {rest}
      - id: bye
        hangup: "You said {{x}}."
    """


@pytest.mark.parametrize(
    ("kind", "said", "answer"),
    [
        ("digits: 4", "one two three four", "1234"),
        ("digits: {min: 3, max: 5}", "one two three four", "1234"),
        ("yesno: true", "uh-huh", "yes"),
        ("yesno: true", "nope", "no"),
        ("text: true", "anything at all", "anything at all"),
        ("number: true", "twenty one", "21"),
        ("money: true", "forty dollars and ten cents", "40.1"),
        ("spelled: true", "A as in Anna, bravo, c", "ABC"),
        ("name: true", "my name is Ada Palmer", "Ada Palmer"),
        ("month: true", "December 2028", "2028-12"),
        ("duration: nights", "two weeks", "14"),
        ("duration: {unit: hours, whole: false}", "ninety minutes", "1.5"),
        ("email: true", "maria dot garcia at example dot com", "maria.garcia@example.com"),
        ("phone: true", "four two five, five five five, oh one two two", "+14255550122"),
        ('pattern: {form: "[A-Z]{2}-[0-9]{2}", example: AB-12}', "A as in Anna, B, twelve", "AB-12"),
        ("choice: {sales: [buy, sales], service: }", "I want to buy", "sales"),
        ("choice: {sales: {say: buy, value: 7}}", "buy", "7"),
    ],
)
async def test_each_kind_of_answer_is_understood_and_saved(tmp_path: Path, kind: str, said: str, answer: str) -> None:
    caller = line(tmp_path, asking(kind).replace("{{x}}", "{x|text}").replace("{x}", "{x|text}"))
    assert await caller.dial() == ["Well?"]
    heard = await caller.say(said)
    spoken = heard[0].removeprefix("You said ").removesuffix(".")
    assert spoken.lower() == answer.lower() or Decimal(spoken) == Decimal(answer)


async def test_a_day_is_understood_and_said(tmp_path: Path) -> None:
    caller = line(tmp_path, asking("date: {past: false}").replace("{x}", "{x|date}"))
    await caller.dial()
    assert await caller.say("tomorrow") == ["You said Wednesday, December 2, 2026."]


@pytest.mark.parametrize(
    ("kind", "keys", "answer"),
    [
        ("digits: 4", "12*1234", "1234"),
        ("digits: {min: 2, max: 5}", "123#", "123"),
        ("digits: {min: 2, max: 3}", "123", "123"),
        ("digits: {length: 4, end_key: '*'}", "1234", "1234"),
        ("yesno: true", "2", "no"),
        ("number: true", "42#", "42"),
        ("money: true", "42*50#", "42.5"),
        ("date: true", "12312026", "Thursday, December 31, 2026"),
        ("time: true", "1730", "5:30 PM"),
        ("time: {between: '12:00-20:00'}", "530#", "5:30 PM"),
        ("month: true", "1228", "2028-12"),
        ("month: true", "122028", "2028-12"),
        ("duration: nights", "14#", "14"),
        ("phone: true", "4255550122", "+14255550122"),
        ("phone: {country: DE}", "03023125123#", "+493023125123"),
        ("pattern: {form: '[0-9]{2}-[0-9]{2}', example: 12-34}", "1234", "12-34"),
        ("choice: {a: {key: '1'}, b: {key: '2'}}", "2", "b"),
    ],
)
async def test_each_kind_of_answer_can_be_keyed_in(tmp_path: Path, kind: str, keys: str, answer: str) -> None:
    caller = line(tmp_path, asking(kind))
    await caller.dial()
    assert await caller.press(keys) == [f"You said {answer}."]


async def test_a_day_that_was_left_open_is_asked_for_and_found_among_those_that_were_meant(tmp_path: Path) -> None:
    caller = line(tmp_path, asking("date: {past: false}"))
    await caller.dial()
    assert await caller.say("sometime next week") == ["Please tell me the exact day.", "Well?"]
    assert await caller.say("Tuesday") == ["You said Tuesday, December 8, 2026."]
    caller = line(tmp_path, asking("date: {which: Which day exactly?}"))
    await caller.dial()
    assert await caller.say("in June") == ["Which day exactly?"]
    assert await caller.say("the fifth") == ["You said Saturday, June 5, 2027."]


async def test_who_never_names_a_day_is_not_asked_for_ever(tmp_path: Path) -> None:
    caller = line(tmp_path, asking("date: true", "on_fail: lost") + "  - {id: lost, hangup: Lost.}\n")
    await caller.dial()
    await caller.say("Friday or Saturday")
    await caller.say("Friday or Saturday")
    assert await caller.say("Friday or Saturday") == ["Lost."]


async def test_the_half_of_the_day_is_asked_for_where_nothing_tells_it(tmp_path: Path) -> None:
    caller = line(tmp_path, asking("time: true"))
    await caller.dial()
    assert await caller.say("half past five") == ["In the morning, or in the afternoon?"]
    assert await caller.say("in the afternoon") == ["You said 5:30 PM."]
    caller = line(tmp_path, asking("time: {which: Morning or evening?}"))
    await caller.dial()
    assert await caller.say("half past five") == ["Morning or evening?"]
    assert await caller.say("eight in the morning") == ["You said 8 AM."]
    caller = line(tmp_path, asking("time: {between: '08:00-18:00'}"))
    await caller.dial()
    assert await caller.say("half past five") == ["You said 5:30 PM."]


async def test_an_answer_of_a_form_is_put_together_from_what_was_said_and_pressed(tmp_path: Path) -> None:
    kind = 'pattern: {form: "[A-Z]{2}-[0-9]{2}", example: AB-12, rest: And the rest?}'
    caller = line(tmp_path, asking(kind))
    await caller.dial()
    assert await caller.say("A B") == ["And the rest?"]
    assert await caller.press("12") == ["You said AB-12."]


async def test_a_letter_of_what_is_to_be_confirmed_is_corrected(tmp_path: Path) -> None:
    caller = line(tmp_path, asking("spelled: true", 'confirm: "{x|spelled}?"'))
    await caller.dial()
    assert await caller.say("B A K E R") == ["B, A, K, E, R?"]
    assert await caller.say("no, not K, C") == ["B, A, C, E, R?"]
    assert await caller.say("yes") == ["You said BACER."]


async def test_an_address_is_said_in_two_parts_and_read_back(tmp_path: Path) -> None:
    caller = line(tmp_path, asking("email: true", 'confirm: "{x|email}?"'))
    await caller.dial()
    await caller.say("maria dot garcia")
    assert await caller.say("at example dot com") == ["maria dot garcia at example dot com?"]
    assert await caller.say("no, maria at example dot com") == ["maria at example dot com?"]


async def test_keys_without_an_end_are_taken_after_a_pause(tmp_path: Path) -> None:
    caller = line(tmp_path, asking("digits: {min: 2, max: 5, pause: 2s}", "no_input_after: 9s"))
    await caller.dial()
    assert caller.patience_ms == [9000]
    assert await caller.press("1") == []
    assert caller.patience_ms == [2000]
    assert await caller.press("2") == []
    assert await caller.silence() == ["You said 12."]


async def test_keys_that_were_given_up_do_not_belong_to_the_next_try(tmp_path: Path) -> None:
    short = line(tmp_path, asking("digits: {length: 6, short: Six please., pause: 2s}"))
    await short.dial()
    await short.press("1")
    assert short.patience_ms == [2000]
    await short.press("23")
    assert await short.silence() == ["Six please."]
    assert await short.press("123456") == ["You said 123456."]
    for kind, keys, answer in (
        ("digits: 6", "123456", "123456"),
        ("date: true", "12312026", "Thursday, December 31, 2026"),
    ):
        caller = line(tmp_path, asking(kind, "no_match: Again?"))
        await caller.dial()
        await caller.press("12")
        assert await caller.silence() == ["Again?"]
        assert await caller.press(keys) == [f"You said {answer}."]


async def test_prompts_escalate_by_what_went_wrong_and_in_the_end_on_fail_takes_over(tmp_path: Path) -> None:
    rest = """no_input: [Are you there?, Hello?]
        no_match: What?
        tries: 4
        on_fail: lost"""
    caller = line(tmp_path, asking("digits: 3", rest) + "  - {id: lost, hangup: Lost.}\n")
    await caller.dial()
    assert await caller.silence() == ["Are you there?"]
    assert await caller.noise() == ["What?"]
    assert await caller.silence() == ["Hello?"]
    assert await caller.say("purple") == ["Lost."]


async def test_without_words_of_its_own_a_question_is_asked_again_behind_an_apology(tmp_path: Path) -> None:
    caller = line(tmp_path, asking("digits: 3"))
    await caller.dial()
    assert await caller.silence() == ["Sorry, I did not get that.", "Well?"]
    await caller.silence()
    assert await caller.silence() == ["I am sorry, I cannot help you any further. Goodbye."]
    assert caller.hung_up


async def test_an_answer_is_confirmed_corrected_and_turned_down(tmp_path: Path) -> None:
    rest = """confirm: {ask: "{x}?", wrong: Sorry., retry: "Yes or no, {x}?", help: Just say yes.}"""
    caller = line(tmp_path, asking("number: true", rest))
    await caller.dial()
    assert await caller.say("forty one") == ["41?"]
    assert await caller.silence() == ["Yes or no, 41?"]
    assert await caller.say("help") == ["Just say yes."]
    assert await caller.say("no, it is 42") == ["42?"]
    assert await caller.say("no") == ["Sorry.", "Well?"]
    assert await caller.say("7") == ["7?"]
    assert await caller.press("1") == ["You said 7."]


async def test_nobody_is_asked_to_confirm_for_ever(tmp_path: Path) -> None:
    caller = line(tmp_path, asking("number: true", 'confirm: "{x}?"'))
    await caller.dial()
    for _ in range(2):
        await caller.say("5")
        assert await caller.say("no") == ["Well?"]
    await caller.say("5")
    await caller.say("no")
    assert caller.hung_up


async def test_keys_lead_straight_to_a_step_and_barge_in_is_the_authors(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: q, ask: Well?, text: true, keys: {"9": bye}, barge_in: keys}
          - {id: never, say: Never.}
          - {id: bye, hangup: Bye.}
    """
    caller = line(tmp_path, main)
    await caller.dial()
    assert caller.hints == ["ignoringSpeechInput"]
    assert await caller.press("9") == ["Bye."]


async def test_options_are_shared_by_questions(tmp_path: Path) -> None:
    main = """
        options: {sales: {say: [buy], key: "1", next: bye}}
        steps:
          - {id: a, ask: One?, choice: {sales: , more: {next: b}}}
          - {id: b, ask: More?, choice: {sales: }, yesno: {no: bye}}
          - {id: bye, hangup: Bye.}
    """
    caller = line(tmp_path, main)
    await caller.dial()
    assert await caller.say("more") == ["More?"]
    assert await caller.say("buy") == ["Bye."]


async def test_a_confirmation_that_was_taken_out_while_the_host_was_down_is_not_waited_for(tmp_path: Path) -> None:
    main = "steps: [{id: q, ask: Well?, digits: 2, save: x, confirm: '{x}?'}, {id: r, hangup: '{x}'}]"
    said = []
    for text, confirm in ((None, "confirm"), ("four two", "confirm"), ("five one", "note")):
        storage = SqliteStorage(tmp_path / "state.sqlite")
        await storage.open()
        caller = line(tmp_path, main.replace("confirm", confirm), storage=storage)
        said += await caller.dial() if text is None else await caller.say(text)
        await storage.close()
    assert said == ["Well?", "42?", "51"]
