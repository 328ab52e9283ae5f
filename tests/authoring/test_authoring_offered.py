"""Options that are made from data, or that are there only under a condition; and what an option is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from written_talk import talk

from voicebot.authoring.checks import check_dialogs
from voicebot.authoring.graph import draw
from voicebot.authoring.loader import load_dialogs

HOTEL = """\
steps:
  - id: free
    set: {rooms: %s}
  - id: which
    ask: 'Which room: {rooms|or:"a {type} for {price|money}"}?'
    retry: 'Please say {rooms|list:"{type}, or press {position}"}.'
    options: {from: rooms, say: "{type}", empty: none%s}
    save: room
    on_fail: none
%s
  - id: told
    hangup: The {room.type} room, number {room.id}. Goodbye.
  - id: none
    hangup: There is none. Goodbye.
"""
ROOMS = "[{id: R7, type: single, price: 80}, {id: R9, type: double, price: 120}]"


def hotel(rooms: str = ROOMS, options: str = "", more: str = "") -> tuple[str, str]:
    return "main.yaml", HOTEL % (rooms, options, more)


ASKED = "      - bot: 'Which room: a single for 80 dollars or a double for 120 dollars?'\n"
SINGLE = "      - bot: The single room, number R7. Goodbye.\n      - hangup: true\n"


@pytest.mark.parametrize("answer", ["caller: a single, please", 'keys: "1"', "caller: the first one", "caller: one"])
def test_callers_choose_a_thing_by_its_words_its_key_or_its_place(tmp_path: Path, answer: str) -> None:
    assert talk(tmp_path, f"{ASKED}      - {answer}\n{SINGLE}", hotel()) == ""


@pytest.mark.parametrize("answer", ["caller: a suite", 'keys: "3"', 'keys: "9"'])
def test_what_is_not_in_the_list_cannot_be_chosen(tmp_path: Path, answer: str) -> None:
    again = "      - bot: Please say single, or press 1 and double, or press 2.\n"
    assert talk(tmp_path, f"{ASKED}      - {answer}\n{again}      - caller: single\n{SINGLE}", hotel()) == ""


def test_an_empty_list_leads_to_its_own_step(tmp_path: Path) -> None:
    assert talk(tmp_path, "      - bot: There is none. Goodbye.\n", hotel("[]")) == ""


def test_what_is_no_list_is_an_empty_one(tmp_path: Path) -> None:
    assert talk(tmp_path, "      - bot: There is none. Goodbye.\n", hotel("none at all")) == ""


def test_a_part_can_be_stored_instead_of_the_thing_and_confirmed(tmp_path: Path) -> None:
    name, text = hotel(options=', value: "{id}"', more='    confirm: "Room {room}?"')
    text = text.replace("The {room.type} room, number {room.id}.", "Number {room}.")
    yes = '      - caller: "yes"\n      - bot: Number R9. Goodbye.\n'
    said = f"{ASKED}      - caller: double\n      - bot: Room R9?\n{yes}"
    assert talk(tmp_path, said, (name, text)) == ""


def test_fixed_options_stay_beside_those_of_the_list_and_keep_their_keys(tmp_path: Path) -> None:
    more = '    choice: {other: {say: [another day, another], key: "1", next: none}}'
    assert (
        talk(tmp_path, f"{ASKED}      - caller: another day\n      - bot: There is none. *\n", hotel(more=more)) == ""
    )
    assert talk(tmp_path, f'{ASKED}      - keys: "1"\n      - bot: There is none. *\n') == ""
    assert talk(tmp_path, f'{ASKED}      - keys: "2"\n      - bot: The double room, *\n') == ""


def test_texts_are_things_as_well(tmp_path: Path) -> None:
    main = (
        "steps:\n  - {id: a, set: {days: [Monday, Tuesday]}}\n"
        "  - {id: b, ask: Which day?, options: {from: days}, save: day, on_fail: end}\n"
        '  - {id: c, hangup: "{day}."}\n'
    )
    assert talk(tmp_path, "      - caller: tuesday\n      - bot: Tuesday.\n", ("main.yaml", main)) == ""


def test_what_was_offered_stays_when_the_question_is_asked_again(tmp_path: Path) -> None:
    again = f"      - caller: what?\n      - bot: '*'\n      - caller: repeat\n{ASKED}"
    assert talk(tmp_path, f"{ASKED}{again}      - caller: single\n{SINGLE}", hotel()) == ""


SUITE = """\
steps:
  - {id: free, set: {suites: %s}}
  - id: which
    ask: A single or a suite?
    choice: {single: , suite: {if: suites > 0, key: "2"}}
    save: room
    on_fail: none
  - {id: told, hangup: "A {room}."}
  - {id: none, hangup: No.}
"""


def test_an_option_can_depend_on_a_condition(tmp_path: Path) -> None:
    assert talk(tmp_path, "      - caller: suite\n      - bot: A suite.\n", ("main.yaml", SUITE % 1)) == ""
    refused = "      - caller: suite\n      - bot: [Sorry*, '*']\n      - keys: '2'\n      - bot: [Sorry*, '*']\n"
    assert talk(tmp_path, refused, ("main.yaml", SUITE % 0)) == ""


def test_the_options_of_data_are_checked_and_drawn(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(
        'steps:\n  - id: a\n    ask: Which?\n    options: {from: "{rooms}", say: "{type", emty: b}\n    on_fail: end\n'
        "  - {id: b, hangup: Bye.}\n",
        encoding="utf-8",
    )
    told = [f"{one.line}:{one.column}: {one.message}; {one.mend}" for one in check_dialogs(load_dialogs(tmp_path))]
    assert told == ["4:46: 'emty' has no meaning here; did you mean 'empty'?"]
    text = hotel(options=", next: nowhere")[1].replace("from: rooms", "from: roms")
    (tmp_path / "main.yaml").write_text(text, encoding="utf-8")
    told = [f"{one.message}; {one.mend}" for one in check_dialogs(load_dialogs(tmp_path))]
    assert told == [
        "'roms' is set nowhere; did you mean 'rooms'?", "there is no step 'nowhere'; add it, or go to another one"
    ]  # fmt: skip
    (tmp_path / "main.yaml").write_text(hotel()[1], encoding="utf-8")
    assert not check_dialogs(load_dialogs(tmp_path))
    picture = draw(load_dialogs(tmp_path))
    assert "one of rooms" in picture
    assert "no rooms" in picture
    assert "rooms = id: R7, type: single, price: 80; id: R9" in picture


LABELS = """\
steps:
  - id: which
    ask: Single or double?
    choice: {single: {say: [single, one], label: a single room, key: "1"}, double: {label: a double room}}
    save: room
    confirm: "{room}?"
    on_fail: end
  - {id: which-way, if: room == "single", then: told, else: end}
  - {id: told, hangup: "You have {room}, that is {room|text}."}
"""
GERMAN = """\
voice: de-DE-KatjaNeural
steps:
  which:
    ask: Einzel oder Doppel?
    choice: {single: {say: [Einzel], label: ein Einzelzimmer}, double: {say: [Doppel], label: ein Doppelzimmer}}
    confirm: "{room}?"
  told: {hangup: "Sie haben {room}, also {room|text}."}
"""


def test_an_option_is_called_by_its_label_in_each_language_and_compared_by_its_value(tmp_path: Path) -> None:
    yes = '      - caller: "yes"\n      - bot: You have a single room, that is single.\n'
    said = f"      - caller: single\n      - bot: a single room?\n{yes}"
    assert talk(tmp_path, said, ("main.yaml", LABELS)) == ""
    yes = "      - caller: ja\n      - bot: Sie haben ein Einzelzimmer, also single.\n"
    said = f"      - caller: Einzel\n      - bot: ein Einzelzimmer?\n{yes}"
    assert talk(tmp_path, said, ("main.de.yaml", GERMAN), locale="de-DE") == ""
    assert not check_dialogs(load_dialogs(tmp_path))


def test_a_translation_that_leaves_an_option_out_or_changes_its_value_is_told(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(LABELS, encoding="utf-8")
    which = "{ask: A?, confirm: B?, choice: {single: {say: [Einzel], value: Einzel}}}"
    german = f"voice: v\nsteps:\n  which: {which}\n  told: {{hangup: C.}}\n"
    (tmp_path / "main.de.yaml").write_text(german, encoding="utf-8")
    told = [f"{one.message}; {one.mend}" for one in check_dialogs(load_dialogs(tmp_path))]
    assert told == [
        "option 'double' is not translated; add double: and the words that mean it",
        "the value of 'single' is another one in this language, and conditions compare it; "
        "write label: for what is said, and leave value: out",
    ]
