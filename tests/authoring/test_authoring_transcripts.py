"""Tests that dialog authors write: what passes, what fails and how it is told, and what counts as visited."""

from __future__ import annotations

from pathlib import Path

import pytest
from folder_line import write

from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.rehearsal import Rehearsal, Result
from voicebot.authoring.transcripts import matches, read_transcripts

SHOP = """
    constants: {company: Contoso}
    steps:
      - id: hello
        say: Welcome to {company}.
      - id: number
        ask: Your order number?
        digits: {length: 3}
        save: number
        on_fail: agent
      - id: look-up
        http: {get: "https://shop.example/{number}"}
        save: order
        on_error: agent
      - id: price
        call: prices.total
        with: {number: "{number}", day: "{today}"}
        save: total
        on_error: agent
      - id: sent
        say: It costs {total|money} and was sent on {order.day|date}.
      - id: bye
        hangup: Goodbye.
      - id: agent
        transfer: "+15550100"
        on_fail: bye
"""
PRICES = "async def total(number, day):\n    return 12 + day.day\n"
GOOD = """\
now: 2026-12-01 12:00
http:
  - {url: "https://shop.example/1*", gives: {day: "2026-11-30"}}
  - {url: "https://shop.example/2*", status: 503}
tests:
  - test: An order
    talk:
      - bot: [Welcome to Contoso., Your order number?]
      - caller: one two three
      - bot: [It costs $13.00 and was sent on *November 30*, Goodbye.]
      - hangup: true
"""


async def run(tmp_path: Path, tests: str) -> tuple[list[Result], Rehearsal]:
    folder = write(tmp_path / "d", main=SHOP, python_prices=PRICES)
    (folder / "tests").mkdir()
    (folder / "tests" / "shop.yaml").write_text(tests, encoding="utf-8")
    transcripts = read_transcripts(folder)
    assert not transcripts.problems, transcripts.problems
    rehearsal = Rehearsal(load_dialogs(folder))
    try:
        return [await rehearsal.run(test) for test in transcripts.tests], rehearsal
    finally:
        await rehearsal.close()


async def test_a_test_passes_with_the_clock_set_and_a_service_stood_in_for(tmp_path: Path) -> None:
    results, rehearsal = await run(tmp_path, GOOD)
    assert [result.failure for result in results] == [None]
    total, left = rehearsal.coverage.steps()
    assert (total, [step for _, _, step in left]) == (7, ["agent"])
    untaken = {(step, target) for _, _, step, target in rehearsal.coverage.paths()[1]}
    assert untaken == {("number", "agent"), ("look-up", "agent"), ("price", "agent")}


async def test_what_fails_and_where_it_goes_then(tmp_path: Path) -> None:
    more = """\
  - test: The shop does not answer
    talk:
      - keys: "222"
      - transfer: "+1555*"
      - transferred: failed
      - bot: Goodbye.
  - test: Prices cannot be had
    functions: {prices.total: {fails: no prices}}
    talk:
      - keys: "123"
      - transfer: "+15550100"
  - test: Another price
    functions: {prices.total: [{with: {number: "999"}, gives: 1}, {with: {number: "123"}, gives: 5}]}
    talk:
      - keys: "123"
      - bot: [It costs 5 dollars *, ...]
"""
    results, rehearsal = await run(tmp_path, GOOD + more)
    assert [result.failure for result in results] == [None] * 4
    assert rehearsal.coverage.steps() == (7, [])


@pytest.mark.parametrize(
    ("old", "new", "line", "expected", "heard"),
    [
        ("[Welcome to Contoso., Your", "[Welcome to Fabrikam., Your", 8, "Welcome to Fabrikam.", "Welcome to Contoso."),
        ("[Welcome to Contoso., Your order number?]", "Welcome *", 8, "nothing more", "Your order number?"),
        ("November 30*, Goodbye.]", "November 30*, Goodbye., More.]", 10, "More.", "nothing"),
        ("hangup: true", "hangup: false", 11, "the call goes on", "the call is over"),
        ("hangup: true", 'transfer: "+1"', 11, "a transfer to +1", "no transfer"),
        ("hangup: true", "caller: hello", 11, "a call that goes on", "the call is over"),
        (
            "one two three",
            "nine nine nine",
            9,
            "everything that is asked has an answer",
            "get https://shop.example/999",
        ),
        ("tests:", "functions: {prices.total: {with: {number: 1}}}\ntests:", 10, "everything", "prices.total with"),
    ],
)
async def test_a_failure_tells_line_what_was_expected_and_what_was_heard(
    tmp_path: Path, old: str, new: str, line: int, expected: str, heard: str
) -> None:
    assert old in GOOD
    failure = (await run(tmp_path, GOOD.replace(old, new, 1)))[0][0].failure
    assert failure is not None
    assert (failure.file.name, failure.line) == ("shop.yaml", line)
    assert failure.expected.startswith(expected)
    assert failure.heard.startswith(heard)


@pytest.mark.parametrize(
    ("old", "new", "line", "said", "mend"),
    [
        ("caller:", "callr:", 9, "'callr' has no meaning here", "did you mean 'caller'?"),
        ("hangup: true", "{}", 11, "one of caller", ""),
        ("now: 2026-12-01 12:00", "now: noon", 1, "a day and a time", ""),
        ("    talk:\n", "    talks:\n", 7, "'talks' has no meaning here", "did you mean 'talk'?"),
    ],
)
def test_a_mistake_in_a_test_is_told_where_it_is(
    tmp_path: Path, old: str, new: str, line: int, said: str, mend: str
) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "shop.yaml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    read = read_transcripts(tmp_path)
    assert read.problems and not read.tests
    found = [problem for problem in read.problems if said in problem.message]
    assert [problem.line for problem in found] == [line], read.problems
    assert mend in found[0].mend


def test_a_star_stands_for_any_words_and_nothing_else_does() -> None:
    assert matches("Hello *, bye.", "Hello  you there, bye.")
    assert matches("* bye.", "Good bye.")
    assert not matches("Hello.", "Hello!")
    assert not matches("Hello", "Hello you")
    assert matches("*a*b*", "xaxbx") and not matches("*b*a*", "xaxbx")
    assert not matches("ab*bc", "abc"), "what stands before and behind a star does not overlap"
    assert matches("*", "") and matches("a*a", "aa") and not matches("a*a", "a")


async def test_a_secret_is_its_own_name(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: ask, http: {get: "https://x.example/{secrets.CRM}"}, save: x, on_error: end}
          - {id: told, hangup: "{x}!"}
    """
    folder = write(tmp_path / "d", main=main)
    (folder / "tests").mkdir()
    tests = "http: [{url: 'https://x.example/CRM', gives: Good}]\ntests: [{test: a, talk: [{bot: Good!}]}]"
    (folder / "tests" / "a.yaml").write_text(tests, encoding="utf-8")
    rehearsal = Rehearsal(load_dialogs(folder))
    assert (await rehearsal.run(read_transcripts(folder).tests[0])).failure is None
    await rehearsal.close()


async def test_every_step_of_the_sample_is_visited_by_its_tests() -> None:
    folder = Path(__file__).parents[2] / "dialogs"
    rehearsal = Rehearsal(load_dialogs(folder))
    results = [await rehearsal.run(test) for test in read_transcripts(folder).tests]
    await rehearsal.close()
    assert [result.failure for result in results if result.failure] == []
    assert rehearsal.coverage.steps()[1] == []


LINE = """
    steps:
      - {id: which, ask: English or German?, languages: {en-US: {key: "1"}, de-DE: {key: "2"}}}
      - {id: pin, ask: PIN?, digits: 4, sensitive: true, save: pin}
      - {id: quiet, record: stop}
      - {id: people, queue: {to: "+1", every: 10s, longest: 10s, hold: Hold.}, on_fail: why}
      - {id: why, hangup: "{error.status}"}
"""
LINE_TALK = """
    tests:
      - test: All of it
        talk:
          - {bot: English or German?}
          - {keys: "2"}
          - {language: de-DE}
          - {bot: Ihre PIN?}
          - {recording: paused}
          - {caller: eins zwei drei vier}
          - {recording: stopped}
          - {transfer: "+1"}
          - {transferred: busy}
          - {bot: Bitte warten.}
          - {silence: true}
          - {transfer: "+1"}
          - {transferred: no-answer}
          - {bot: "480"}
          - {hangup: true}
      - {test: The wrong language, talk: [{keys: "1"}, {language: de-DE}]}
      - {test: The wrong recording, talk: [{keys: "1"}, {recording: running}]}
"""


async def test_language_recording_and_queues_can_be_rehearsed(tmp_path: Path) -> None:
    german = "{voice: Katja, steps: {pin: {ask: Ihre PIN?}, people: {queue: {hold: Bitte warten.}}}}"
    folder = write(tmp_path / "d", main=LINE, main__de=german)
    write(folder / "tests", line=LINE_TALK)
    rehearsal = Rehearsal(load_dialogs(folder))
    whole, tongue, tape = [await rehearsal.run(test) for test in read_transcripts(folder).tests]
    await rehearsal.close()
    assert whole.failure is None
    assert rehearsal.coverage.steps()[1] == []
    assert tongue.failure is not None
    assert (tongue.failure.expected, tongue.failure.heard) == ("the call is in de-DE", "it is in en-US")
    assert tape.failure is not None
    assert (tape.failure.expected, tape.failure.heard) == ("the recording is running", "it is paused")


async def test_a_test_sees_whom_the_bot_calls_and_says_what_became_of_it(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: which, if: direction == "outbound", then: told, else: call}
          - {id: call, dial: "+1425", save: went, busy: call, on_fail: bye}
          - {id: bye, hangup: "{went}"}
          - {id: told, hangup: "{context.order}"}
    """
    tests = """
        tests:
          - {test: busy once, talk: [{dial: "+14*"}, {dialled: busy}, {dial: "+1425"}, {dialled: no_answer},
                                     {bot: no_answer}, {hangup: true}]}
          - {test: there, direction: outbound, context: {order: 7}, talk: [{bot: "7"}]}
          - {test: another number, talk: [{dial: "+49*"}]}
          - {test: nobody, direction: outbound, talk: [{dial: "+1425"}]}
          - {test: over, talk: [{dialled: busy}, {dialled: answered}, {dialled: ended}]}
          - {test: not placed, talk: [{dialled: answered}, {dialled: ended}]}
    """
    folder = write(tmp_path / "d", main=main)
    write(folder / "tests", calls=tests)
    rehearsal = Rehearsal(load_dialogs(folder))
    found = [await rehearsal.run(test) for test in read_transcripts(folder).tests]
    await rehearsal.close()
    told = [(result.failure.expected, result.failure.heard) if result.failure else None for result in found]
    assert told == [
        None,
        None,
        ("a call to +49*", "a call to +1425"),
        ("a call to +1425", "no call"),
        ("a call that goes on", "the call is over"),
        ("a call that goes on", "the call is over"),
    ]
    assert rehearsal.coverage.paths()[1] == []


async def test_a_call_that_nobody_has_placed_becomes_nothing(tmp_path: Path) -> None:
    results, _ = await run(tmp_path, "tests: [{test: odd, talk: [{dialled: busy}]}]")
    (failure,) = [result.failure for result in results]
    assert failure is not None
    assert (failure.expected, failure.heard) == ("a call that a dial has placed", "no call")
