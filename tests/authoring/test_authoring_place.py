"""Where a call is, and what of it is told: callers talk to dialogs, and the places of their turns are looked at."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from folder_line import line

from voicebot.authoring.noted import MOST_STEPS, Notes
from voicebot.authoring.place import MOST_LETTERS, MOST_VARIABLES, Places
from voicebot.authoring.steps.kinds import DialogFile
from voicebot.host_wire import MAX_DONE, DialogPlace, TurnDone, encode

TABLE = """
steps:
  - {id: hello, say: Hello.}
  - {id: what, ask: "A table, or a question?", choice: {table: , question: {next: bye}}}
  - {id: when, ask: For which day?, date: true, save: day, confirm: "On {day|date}?"}
  - {id: people, call: party, save: size}
  - {id: pin, ask: Your PIN?, digits: 4, sensitive: true, save: pin}
  - {id: part, set: {last: "{last(pin, 2)}"}}
  - {id: free, set: {open: "until {9 + 1}"}}
  - {id: bye, ask: Anything else?, yesno: true, save: more}
globals: {agent: {goto: bye, say: [agent]}}
"""
PARTY = "{outputs: [persons], steps: [{id: how_many, ask: How many?, number: {min: 1, max: 20}, save: persons}]}"


async def test_the_step_what_was_taken_and_the_variables(tmp_path: Path) -> None:
    caller = line(tmp_path, TABLE, party=PARTY)
    told: list[DialogPlace | None] = []
    for said in ("", "a table", "tomorrow", "purple", "yes", "four", "4711", "an agent please"):
        await (caller.say(said) if said else caller.dial())
        told.append(caller.place)
    assert told[:5] == [
        DialogPlace("main.what", ("main.hello", "main.what")),
        DialogPlace("main.when", ("main.when",), "choice", "table"),
        DialogPlace("main.when", (), "date, to be confirmed", "day = 2026-12-02", {"day": "2026-12-02"}),
        DialogPlace("main.when", (), "no match", "", {"day": "2026-12-02"}),
        DialogPlace("party.how_many", ("main.people", "party.how_many"), "date", "day = 2026-12-02"),
    ]
    assert (told[5].step, told[5].took, told[5].value) == ("main.pin", "number", "persons = 4")  # type: ignore[union-attr]
    asked = {"day": "2026-12-02", "size": "a thing of 1 parts"}
    kept = {**asked, "pin": None, "last": None, "open": "until 10"}
    assert told[6:] == [
        DialogPlace("main.bye", ("main.part", "main.free", "main.bye"), "digits", None, kept),
        DialogPlace("main.bye", ("main.bye",), "command", "agent", kept),
    ]


async def test_silence_and_noise_are_told_and_a_command_that_leads_nowhere(tmp_path: Path) -> None:
    caller = line(tmp_path, TABLE, party=PARTY)
    await caller.dial()
    await caller.silence()
    assert caller.place == DialogPlace("main.what", (), "silence")
    await caller.noise()
    assert caller.place == DialogPlace("main.what", (), "no match")
    await caller.event("something.else")
    assert caller.place is None, "nothing has happened"
    await caller.activity(type="event", name="voicebot.resume")
    assert caller.place is None, "it asks the same again"


async def test_the_end_is_the_last_step_that_ran(tmp_path: Path) -> None:
    caller = line(tmp_path, "steps: [{id: a, say: Hi.}, {id: b, hangup: Bye.}]")
    await caller.dial()
    assert caller.place == DialogPlace("main.b", ("main.a", "main.b"))


@pytest.mark.parametrize("waits", ["queue: {to: '+1'}", "dial: {to: '+1'}"])
async def test_a_key_with_which_callers_stop_waiting_is_told(waits: str, tmp_path: Path) -> None:
    steps = f"[{{id: wait, {waits}, keys: {{'1': rather}}}}, {{id: rather, ask: What?, text: true}}]"
    caller = line(tmp_path, f"steps: {steps}")
    await caller.dial()
    await caller.event("handoff.status", {"state": "failed", "status": 486})
    await caller.press("1")
    assert caller.place == DialogPlace("main.rather", ("main.rather",), "key", "1")


PAUSED = """
steps:
  - {id: before, ask: Your name?, text: true, save: name}
  - {id: pause, record: pause}
  - {id: code, ask: Your code?, text: true, save: code}
  - {id: resume, record: resume}
  - {id: copy, set: {note: "of {name}, {code}", other: "of {name}"}}
  - {id: after, ask: Anything else?, text: true, save: more}
  - {id: later, set: {again: "{note}"}}
  - {id: last, ask: And?, text: true}
"""


async def test_what_is_said_while_the_author_has_paused_the_recording_is_not_told_then_or_later(tmp_path: Path) -> None:
    caller = line(tmp_path, PAUSED)
    await caller.dial()
    await caller.say("Ada")
    assert caller.place == DialogPlace("main.code", ("main.pause", "main.code"), "text", "name = Ada", {"name": "Ada"})
    await caller.say("open sesame")
    assert caller.place is not None and caller.place.step == "main.after"
    kept = {"name": "Ada", "code": None, "note": None, "other": None}
    assert (caller.place.value, caller.place.variables) == (None, kept)
    await caller.say("open sesame, I said")
    assert (caller.place.value, caller.place.variables) == (None, {**kept, "more": None, "again": None})
    await caller.say("no")
    assert caller.place.value == "no"


async def test_what_the_bot_tells_in_a_pause_that_ends_in_the_same_turn_is_not_told(tmp_path: Path) -> None:
    main = """
        steps:
          - {id: x, set: {x: seen}}
          - {id: pause, record: pause}
          - {id: new, set: {code: "A{10 + 1}Z"}}
          - {id: tell, say: "Your code is {code}."}
          - {id: resume, record: resume}
          - {id: ask, ask: And now?, text: true, save: y}
          - {id: again, ask: And?, text: true, save: z}
    """
    caller = line(tmp_path, main)
    await caller.dial()
    assert caller.place is not None and caller.place.variables == {"x": "seen", "code": None}
    await caller.say("hello")
    assert caller.place.variables == {"x": "seen", "code": None, "y": "hello"}


def at(step: str, variables: dict[str, Any], dialog: str = "main") -> Any:
    return SimpleNamespace(id=dialog, state={"step": step, "mode": "ask", "vars": variables})


def places(*names: str) -> Places:
    steps = [{"id": "a", "set": dict.fromkeys(names, 1)}, {"id": "q", "ask": "Well?", "yesno": True}]
    return Places({"main": DialogFile.model_validate({"steps": steps})})


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "nothing"),
        (True, "true"),
        (1.5, "1.5"),
        ("x" * 500, "x" * (MOST_LETTERS - 1) + "…"),
        ("a\x00b\nc\ud800", "a b c?"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ({"name": "Ada", "street": "Elm"}, "a thing of 2 parts"),
        ([1, 2, 3], "a list of 3"),
        ([], "a list of 0"),
    ],
)
def test_a_value_as_it_is_told(value: Any, told: str) -> None:
    of = places("x")
    place = of.after([at("q", {"x": value, "error": {"message": "x"}})], {}, Notes(path=["main.q"]), of.before([], {}))
    assert place is not None and place.variables == {"x": told}


@pytest.mark.parametrize(
    ("stack", "step"),
    [
        ([at("q", {})], "main.q"),
        ([SimpleNamespace(id="shop.Waterfall", state={"stepIndex": 1}), at("a", {})], "main.a"),
        ([at("deep", {}, "other"), at("q", {})], "main.q"),
        ([], "main.ran"),
    ],
)
def test_the_place_of_a_stack(stack: list[Any], step: str) -> None:
    of = places("x")
    place = of.after(stack, {}, Notes(path=["main.ran"]), of.before(stack, {}))
    assert place is not None and place.step == step


def test_the_longest_place_can_travel() -> None:
    names = [f"x{n}" + "y" * 58 for n in range(2 * MOST_VARIABLES)]
    of = places(*names)
    stack = [at("q", dict.fromkeys(names, '"\\' * 10_000))]
    path = [f"{'d' * 64}.{'s' * 64}" for _ in range(MOST_STEPS)]
    place = of.after(stack, {}, Notes(path, "digits", '"' * 10_000), of.before([], {}))
    assert place is not None and len(place.variables) == MOST_VARIABLES
    assert len(encode(TurnDone("c" * 64, 1, place))) < MAX_DONE
