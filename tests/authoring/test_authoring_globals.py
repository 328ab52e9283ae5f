"""Global commands of the author's own: "address" at any time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from folder_line import Line, write
from written_talk import talk

from voicebot.authoring.checks import check_dialogs
from voicebot.authoring.graph import draw
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.turn import MAX_PHRASES

MAIN = """\
globals:
  agent: {goto: person, key: "0"}
  address: {say: [address, where are you], message: We are at 12 Lake Street., key: "9"}
  breakfast: {message: Breakfast is from seven to ten.}
  pets: {goto: pets}
  prices: {say: [price list], message: One moment., goto: pets}
steps:
  - id: nights
    ask: How many nights?
    number: {min: 1, max: 20}
    save: nights
    on_fail: end
  - id: room
    ask: With breakfast, or without?
    choice: {with: {say: [with breakfast]}, without: }
    confirm: A room {room}?
    save: room
    on_fail: end
  - id: note
    ask: Is there anything that we should know?
    text: true
    save: note
    on_fail: end
  - id: thanks
    hangup: "Noted: {note}."
  - id: pets
    hangup: Pets are welcome.
  - id: person
    hangup: A person.
"""


@pytest.mark.parametrize(
    ("asked", "heard"),
    [
        ("caller: what is your address?", "[We are at 12 Lake Street., How many nights?]"),
        ("caller: Where are you?", "[We are at 12 Lake Street., How many nights?]"),
        ("caller: is there breakfast", "[Breakfast is from seven to ten., How many nights?]"),
        ("caller: two, and when is breakfast", "With breakfast, or without?"),
        ("caller: are pets allowed", "Pets are welcome."),
        ("caller: the price list", "[One moment., Pets are welcome.]"),
        ("caller: a person, please", "A person."),
    ],
)
def test_a_command_of_its_own_is_heard_at_any_question(tmp_path: Path, asked: str, heard: str) -> None:
    assert talk(tmp_path, f"      - {asked}\n      - bot: {heard}\n", ("main.yaml", MAIN)) == ""


@pytest.mark.parametrize(
    ("asked", "heard"),
    [
        ("caller: with breakfast", "A room with?"),
        ("caller: breakfast", "[Breakfast is *, 'With breakfast, or without?']"),
        ("caller: your address", "[We are *, 'With breakfast, or without?']"),
        ("keys: '9'", "[We are *, 'With breakfast, or without?']"),
    ],
)
def test_an_answer_to_the_open_question_comes_first(tmp_path: Path, asked: str, heard: str) -> None:
    said = f"      - caller: two\n      - {asked}\n      - bot: {heard}\n"
    assert talk(tmp_path, said, ("main.yaml", MAIN)) == ""


def test_a_confirmation_is_asked_again_after_it(tmp_path: Path) -> None:
    there = "      - caller: two\n      - caller: without\n"
    said = f"{there}      - caller: the address\n      - bot: [We are *, A room without?]\n"
    assert talk(tmp_path, said, ("main.yaml", MAIN)) == ""


def test_whatever_is_said_is_an_answer_where_anything_is_unless_it_is_only_the_command(tmp_path: Path) -> None:
    there = "      - caller: two\n      - caller: without\n      - caller: 'yes'\n"
    said = f"{there}      - caller: address\n      - bot: [We are *, Is there anything *]\n"
    said += "      - caller: my new address is Bonn\n      - bot: 'Noted: my new address is Bonn.'\n"
    assert talk(tmp_path, said, ("main.yaml", MAIN)) == ""


def test_it_works_in_every_language_and_in_dialogs_that_are_called(tmp_path: Path) -> None:
    main = (
        "globals: {address: {message: We are in Bonn.}}\nsteps:\n  - {id: a, call: more}\n  - {id: b, hangup: Bye.}\n"
    )
    german = (
        "voice: v\nglobals: {address: {say: [Adresse], message: Wir sind in Bonn.}}\nsteps: {b: {hangup: Tschüss.}}\n"
    )
    more = "steps: [{id: q, ask: Yes?, yesno: true}]\n"
    translated = "steps: {q: {ask: Ja?}}\n"
    files = ("main.yaml", main), ("main.de.yaml", german), ("more.yaml", more), ("more.de.yaml", translated)
    assert talk(tmp_path, "      - caller: the address\n      - bot: [We are in Bonn., Yes?]\n", *files) == ""
    assert not check_dialogs(load_dialogs(tmp_path))
    said = "      - caller: Die Adresse\n      - bot: [Wir sind in Bonn., Ja?]\n"
    assert talk(tmp_path, said, locale="de-DE") == ""


def checked(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "main.yaml").write_text(text, encoding="utf-8")
    return [f"{one.line}:{one.column}: {one.message}; {one.mend}" for one in check_dialogs(load_dialogs(tmp_path))]


BYE = "steps:\n  - {id: bye, hangup: Bye.}\n"


def test_what_is_wrong_with_one_is_told(tmp_path: Path) -> None:
    assert checked(tmp_path, f"globals:\n  address: {{say: [where]}}\n{BYE}") == [
        "2:3: nothing happens when callers say 'address'; add message: and what is said, or goto: and a step"
    ]
    assert checked(tmp_path, f"globals:\n  address: {{mesage: We are here.}}\n{BYE}") == [
        "2:13: 'mesage' has no meaning here; did you mean 'message'?"
    ]
    assert checked(tmp_path, f"globals:\n  address: {{goto: bey}}\n{BYE}") == [
        "2:19: there is no step 'bey'; did you mean 'bye'?"
    ]
    assert checked(tmp_path, f"globals:\n  agnet: {{goto: bye}}\n{BYE}") == [
        "2:3: 'agnet' is a command of your own here; did you mean 'agent'?"
    ]
    assert checked(tmp_path, f"globals:\n  a: {{message: '{{x|loud}}'}}\n{BYE}")[0].startswith("2:20: ")


def test_two_commands_with_the_same_key_are_told(tmp_path: Path) -> None:
    two = "globals:\n  a: {message: A., key: 7}\n  b: {message: B., key: 7}\n"
    assert checked(tmp_path, two + BYE) == ["3:25: key 7 means 'a' already; choose another key"]


def test_a_translation_without_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "main.de.yaml").write_text("voice: v\nsteps: {bye: {hangup: Tschüss.}}\n", encoding="utf-8")
    assert checked(tmp_path, f"globals: {{a: {{message: A.}}}}\n{BYE}") == [
        "1:1: 'a' of the globals is not translated; add globals: {a: {say: ..., message: ...}}"
    ]


def test_where_it_leads_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(MAIN, encoding="utf-8")
    picture = draw(load_dialogs(tmp_path))
    assert "“pets”, at any time" in picture
    assert "“prices”, at any time" in picture


def expected(line: Line) -> list[str]:
    """What the recogniser was told last to expect."""
    configs = [sent["channelData"]["sessionParams"] for sent in line.sent if sent.get("name") == "config"]
    return next(config["sttContextPhrases"] for config in reversed(configs) if "sttContextPhrases" in config)


async def test_the_recogniser_expects_their_words_at_every_question(tmp_path: Path) -> None:
    line = Line(write(tmp_path / "d", main=MAIN))
    commands = ["address", "where are you", "breakfast", "pets", "price list"]
    await line.dial()
    assert expected(line)[-5:] == commands
    assert "two" in expected(line), "beside the words of the answer"
    await line.say("two")
    assert expected(line) == ["with breakfast", "without", *commands]
    await line.say("without")
    assert {"yes", *commands} <= set(expected(line))
    await line.say("yes")
    assert expected(line) == commands


async def test_the_recogniser_expects_their_words_in_the_language_of_the_call_and_in_dialogs_that_are_called(
    tmp_path: Path,
) -> None:
    main = """
        globals: {agent: {say: [front desk], goto: b}, address: {say: [where], message: We are in Bonn.}}
        steps: [{id: a, call: more}, {id: b, hangup: Bye.}]
    """
    german = """
        voice: v
        globals: {agent: {say: [Rezeption]}, address: {say: [Adresse], message: Wir sind in Bonn.}}
        steps: {b: {hangup: Tschüss.}}
    """
    more, translated = "steps: [{id: q, ask: Which?, choice: {tea: }}]", "steps: {q: {ask: Was?}}"
    folder = write(tmp_path / "d", main=main, main__de=german, more=more, more__de=translated)
    for locale, own in (("en-US", ["front desk", "where"]), ("de-DE", ["Rezeption", "Adresse"])):
        line = Line(folder, locale=locale)
        await line.dial()
        assert expected(line) == ["tea", *own]


@pytest.mark.parametrize("step", ["queue: {to: '+15550100', free_when: 1 > 2, status: {get: 'https://acd.example/'}}",
                                  "dial: {to: '+15550100', wait_for: answered}"])  # fmt: skip
async def test_the_recogniser_expects_their_words_while_the_caller_waits(tmp_path: Path, step: str) -> None:
    async def fetch(_: object) -> dict[str, int]:
        return {}

    main = f"globals: {{agent: {{say: [receptionist], goto: b}}}}\nsteps: [{{id: a, {step}}}, {{id: b, hangup: Bye.}}]"
    line = Line(write(tmp_path / "d", main=main), fetch=fetch)
    await line.dial()
    assert expected(line) == ["receptionist"]


async def test_the_words_of_the_answer_come_first_where_there_are_too_many(tmp_path: Path) -> None:
    words = [f"tea {number}" for number in range(MAX_PHRASES - 1)]
    main = f"""
        globals: {{address: {{say: [where, whither], message: Here.}}}}
        steps: [{{id: q, ask: Which?, choice: {{tea: {{say: {words}}}}}, on_fail: end}}]
    """
    line = Line(write(tmp_path / "d", main=main))
    await line.dial()
    assert expected(line) == [*words, "where"]


USUAL = """
    globals:
      repeat: {say: [rewind], key: "7"}
      slower: {say: [not so fast], key: "8", message: All right.}
      help: {say: [assistance], key: "9", message: Say how many.}
    defaults: {on_fail: end}
    steps:
      - {id: nights, ask: How many nights?, number: {min: 1, max: 20}, save: nights}
      - {id: film, ask: Which film?, choice: {rewind: {say: [be kind rewind]}, jaws: }}
      - {id: bye, hangup: Bye.}
"""


@pytest.mark.parametrize(
    ("said", "key", "heard"),
    [
        ("could you rewind", "7", ["Which film?"]),
        ("assistance, please", "9", ["Say how many."]),
        ("not so fast", "8", ["All right.", "Which film?"]),
    ],
)
async def test_the_words_and_the_keys_of_the_usual_ones_mean_them_and_cost_no_try(
    tmp_path: Path, said: str, key: str, heard: list[str]
) -> None:
    line = Line(write(tmp_path / "d", main=USUAL))
    await line.dial()
    await line.say("two")
    for _ in range(3):
        answers = [await line.say(said), await line.press(key)]
        assert [[re.sub("<[^>]*>", "", spoken) for spoken in answer] for answer in answers] == [heard, heard]
    await line.say("be kind rewind")
    assert line.hung_up


async def test_the_recogniser_expects_the_words_of_the_usual_ones_as_well(tmp_path: Path) -> None:
    line = Line(write(tmp_path / "d", main=USUAL))
    await line.dial()
    assert expected(line)[-3:] == ["rewind", "not so fast", "assistance"]


SOUNDS = """
globals:
  agent: {goto: person}
  start_over: {goto: begin}
steps:
  - id: begin
    ask: Well?
    %s
    save: it
    tries: 2
    on_fail: failed
  - {id: done, hangup: "Noted: {it}."}
  - {id: failed, hangup: Failed.}
  - {id: person, hangup: A person.}
"""
CHOICE, DIGITS = "choice: {billing: , hours: }", "digits: 4"


@pytest.mark.parametrize(
    ("kind", "said", "confidence", "heard"),
    [
        (CHOICE, "operater", 0.9, ["A person."]),
        (CHOICE, "customer serves", None, ["A person."]),
        (DIGITS, "oprator", 0.9, ["A person."]),
        (DIGITS, "mean menu", 0.9, ["Well?"]),
        (DIGITS, "can you repaet", 0.9, ["Well?"]),
        (CHOICE, "operater", 0.3, ["Sorry, I did not get that.", "Well?"]),
        (CHOICE, "outreater", 0.9, ["Sorry, I did not get that.", "Well?"]),
        (CHOICE, "opera", 0.9, ["Sorry, I did not get that.", "Well?"]),
        (CHOICE, "urgent", 0.9, ["Sorry, I did not get that.", "Well?"]),
        (CHOICE, "humming", 0.9, ["Sorry, I did not get that.", "Well?"]),
        (CHOICE, "the operater said so yesterday", 0.9, ["Sorry, I did not get that.", "Well?"]),
        ("choice: {theater: {say: [opera tour]}}", "operator tour", 0.9, ["Noted: theater."]),
        ("text: true", "operater", 0.9, ["Noted: operater."]),
        ("name: true", "Operater", 0.9, ["Noted: Operater."]),
    ],
)
async def test_what_clearly_sounds_like_a_command_and_is_no_answer_is_one(
    tmp_path: Path, kind: str, said: str, confidence: float | None, heard: list[str]
) -> None:
    line = Line(write(tmp_path / "d", main=SOUNDS % kind))
    await line.dial()
    assert await line.activity(type="message", text=said, channelData={"confidence": confidence}) == heard


async def test_a_confirmation_is_left_for_what_clearly_sounds_like_a_command(tmp_path: Path) -> None:
    line = Line(write(tmp_path / "d", main=SOUNDS % "name: true\n    confirm: 'Is {it} right?'"))
    await line.dial()
    await line.say("John Smith")
    assert await line.say("mean menu") == ["Well?"]
