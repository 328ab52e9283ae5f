"""An option is called by its label in every file that its value is handed on to, in each language."""

from __future__ import annotations

from pathlib import Path

from written_talk import talk

from voicebot.authoring.checks import check_dialogs
from voicebot.authoring.labels import labels_of
from voicebot.authoring.loader import load_dialogs

ROOM = """\
outputs: [room]
steps:
  - id: which
    ask: Single or double?
    choice: {single: {label: a single room}, double: {label: a double room}}
    save: room
    on_fail: end
"""
ROOM_GERMAN = """\
voice: de-DE-KatjaNeural
steps:
  which:
    ask: Einzel oder Doppel?
    choice: {single: {say: [Einzel], label: ein Einzelzimmer}, double: {say: [Doppel], label: ein Doppelzimmer}}
"""
SUMMARY = """\
inputs: [wanted]
steps:
  - {id: told, say: "So {wanted}, that is {wanted|text}."}
"""
SUMMARY_GERMAN = 'voice: de-DE-KatjaNeural\nsteps:\n  told: {say: "Also {wanted}, das ist {wanted|text}."}\n'
MAIN = """\
steps:
  - {id: ask, call: room, save: %s, on_fail: end}
  - {id: keep, set: {kept: %s}}
  - {id: sum, call: summary, with: {wanted: %s}}
  - {id: end-it, hangup: "%s, goodbye."}
"""
MAIN_GERMAN = 'voice: de-DE-KatjaNeural\nsteps:\n  end-it: {hangup: "%s, Ende."}\n'


def files(save: str, kept: str, wanted: str, told: str) -> list[tuple[str, str]]:
    return [("room.yaml", ROOM), ("summary.yaml", SUMMARY), ("main.yaml", MAIN % (save, kept, wanted, told))]


def english(wanted: str) -> str:
    return (
        "      - bot: Single or double?\n      - caller: single\n"
        f'      - bot: ["So a single room, that is single.", "{wanted}, goodbye."]\n'
    )


def test_an_output_and_an_input_keep_their_labels(tmp_path: Path) -> None:
    written = files("{room: room}", '"{room}"', '"{room}"', "{room}")
    assert talk(tmp_path, english("a single room"), *written) == ""
    assert not check_dialogs(load_dialogs(tmp_path))


def test_a_result_with_parts_and_what_is_set_keep_their_labels(tmp_path: Path) -> None:
    written = files("booking", '{its: "{booking.room}"}', '"{kept.its}"', "{booking.room} {kept.its}")
    assert talk(tmp_path, english("a single room a single room"), *written) == ""


def test_a_value_that_is_made_of_others_has_no_label(tmp_path: Path) -> None:
    written = files("{room: room}", "\"{room + '!'}\"", '"{room}"', "{kept}")
    assert talk(tmp_path, english("single!"), *written) == ""


def test_each_language_has_its_own_labels(tmp_path: Path) -> None:
    said = (
        "      - bot: Einzel oder Doppel?\n      - caller: Einzel\n"
        '      - bot: ["Also ein Einzelzimmer, das ist single.", "ein Einzelzimmer, Ende."]\n'
    )
    german = [("room.de.yaml", ROOM_GERMAN), ("summary.de.yaml", SUMMARY_GERMAN), ("main.de.yaml", MAIN_GERMAN)]
    german[2] = ("main.de.yaml", MAIN_GERMAN % "{kept}")
    written = files("{room: room}", '"{room}"', '"{room}"', "{kept}")
    assert talk(tmp_path, said, *written, *german, locale="de-DE") == ""


def test_where_files_call_a_value_differently_it_is_called_by_neither(tmp_path: Path) -> None:
    ticket = ROOM.replace("a single room", "a single ticket").replace("room", "ticket").replace("ticket]", "ticket]")
    main = """\
steps:
  - {id: a, call: room, save: {room: room}, on_fail: end}
  - {id: b, call: ticket, save: {ticket: ticket}, on_fail: end}
  - {id: c, call: summary, with: {wanted: "{room}"}}
  - {id: d, call: summary, with: {wanted: "{ticket}"}}
  - {id: e, hangup: "{room}, {ticket}."}
"""
    said = (
        "      - caller: single\n      - caller: single\n"
        '      - bot: ["So single, that is single.", "So single, that is single.", "a single room, a single ticket."]\n'
    )
    written = [("room.yaml", ROOM), ("ticket.yaml", ticket), ("summary.yaml", SUMMARY), ("main.yaml", main)]
    assert talk(tmp_path, said, *written) == ""


def test_dialogs_that_hand_a_value_round_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    main = """\
steps:
  - {id: which, ask: A or b?, choice: {a: {label: an a}, b: }, save: x, on_fail: end}
  - {id: turn, set: {x: {y: "{x}", z: "{x}"}, v: "{x}"}}
  - {id: again, call: main, with: {x: "{x.y}"}}
"""
    (tmp_path / "main.yaml").write_text(f"inputs: [x]\n{main}", encoding="utf-8")
    dialogs = {name: loaded.dialog for name, loaded in load_dialogs(tmp_path).dialogs.items()}
    assert labels_of(dialogs)["main"]["v", "a"] == "an a"
