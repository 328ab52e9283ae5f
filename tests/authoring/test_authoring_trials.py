"""Trials of YAML dialogs: what they would say is told, and nothing else happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from folder_line import Line, line, write

from voicebot.authoring.functions import Functions
from voicebot.authoring.http import HttpRequest
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.steps.kinds import STEP_KINDS
from voicebot.host.loader import DialogsError
from voicebot.host.storage import SqliteStorage

QUESTION = """
    schedules: {{desk: {{zone: Europe/Berlin, week: {{tue: "9:00-17:00"}}}}}}
    globals: {{agent: {{say: [operator], message: To an agent., goto: people}}}}
    steps:
      - {{id: sure, ask: Are you sure?, yesno: {{}}, save: sure, sensitive: {private}}}
      - {{id: good, say: "You said {{sure}}."}}
      - {step}
      - {{id: after, ask: And now?, text: {{}}, save: rest}}
      - {{id: people, transfer: {{to: "+15550111", announce: Please hold.}}}}
      - {{id: close, hangup: Goodbye.}}
"""
PYTHON = """
    from botbuilder.dialogs import Dialog

    PURE = ["looked_up", "broken"]
    called = []

    async def looked_up(**given):
        return "a value"

    async def broken():
        raise ValueError("broken")

    async def booked(**given):
        called.append(given)
        return "booked"

    class Talk(Dialog):
        async def begin_dialog(self, dc, options=None):
            called.append("begun")
            return Dialog.end_of_turn

        async def continue_dialog(self, dc):
            called.append("continued")
            return Dialog.end_of_turn
"""
QUEUE = '{id: x, queue: {to: "+15550111", announce: You are waiting.%s}}'
STOPPING: dict[str, tuple[str, list[str], list[str]]] = {
    "http": ("{id: x, http: {post: http://127.0.0.1/orders, wait: One moment.}}", ["One moment."], ["post"]),
    "dial": ('{id: x, dial: {to: "+15550111", announce: I am calling.}}', ["I am calling."], ["call.place"]),
    "transfer": ('{id: x, transfer: {to: "+15550111", announce: Hold on.}}', ["Hold on."], ["handoff.initiate"]),
    "queue": (QUEUE % "", ["You are waiting."], ["handoff.initiate"]),
    "queue with a service": (QUEUE % ", status: {get: http://127.0.0.1/line}", [], ["get", "handoff.initiate"]),
    "hangup": ("{id: x, hangup: Bye.}", ["Bye."], ["endOfConversation"]),
    "record": ("{id: x, record: pause}", [], ["channel/vnd.microsoft.telephony.recording.pause"]),
    "call, a function": ("{id: x, call: own.booked, with: {what: '{sure}'}}", [], ["called"]),
    "call, a Python dialog": ("{id: x, call: own.Talk}", [], ["called"]),
}
"""A step, what is said of it before its effect, and its effects."""
GOING_ON: dict[str, tuple[str, list[str]]] = {
    "say": ("{id: x, say: Fine.}", ["Fine.", "And now?"]),
    "ask": ("{id: x, ask: Which day?, date: {}, save: day}", ["Which day?"]),
    "set": ("{id: x, set: {count: 3}}", ["And now?"]),
    "if": ("{id: x, if: sure, then: after}", ["And now?"]),
    "goto": ("{id: x, goto: after}", ["And now?"]),
    "hours": ("{id: x, hours: desk, open: after, closed: close}", ["And now?"]),
    "language": ("{id: x, language: en-GB}", ["And now?"]),
    "call, a dialog": ("{id: x, call: other}", ["This is the other."]),
    "call, a pure function": ("{id: x, call: own.looked_up, with: {what: 1}, save: got}", ["And now?"]),
}


class Outside:
    """What reaches the world outside."""

    def __init__(self, tmp_path: Path, step: str, *, private: bool = False) -> None:
        self.requests: list[str] = []
        other = "steps:\n  - {id: there, ask: This is the other., text: {}, save: it}\n"
        folder = write(
            tmp_path / "d", main=QUESTION.format(step=step, private=str(private).lower()), other=other,
            python_own=PYTHON,
        )  # fmt: skip
        self.storage = SqliteStorage(None)
        self.caller = Line(folder, fetch=self._fetch, storage=self.storage)
        functions = self.caller.compiled.root._around.functions
        known = [*functions._functions.values(), *(type(dialog).continue_dialog for dialog in functions.dialogs)]
        self._called: list[Any] = known[0].__globals__["called"] if known else []

    async def _fetch(self, request: HttpRequest) -> Any:
        self.requests.append(request.method)
        return {}

    def effects(self) -> list[str]:
        """All so far, but what was sent to the call only in the last turn."""
        sent = [one.get("name") or one["type"] for one in self.caller.sent if one["type"] != "message"]
        return [*self.requests, *("called" for _ in self._called), *(name for name in sent if name != "config")]

    async def state(self) -> str:
        return str(await self.storage.read(["telephony/conversations/c1"]))


async def test_each_kind_of_step_is_in_one_of_the_tables() -> None:
    assert {name.partition(",")[0].partition(" ")[0] for name in (*STOPPING, *GOING_ON)} == set(STEP_KINDS)


@pytest.mark.parametrize(("step", "said", "effects"), STOPPING.values(), ids=STOPPING)
async def test_a_trial_ends_before_an_effect_which_the_turn_then_has_once(
    tmp_path: Path, step: str, said: list[str], effects: list[str]
) -> None:
    outside = Outside(tmp_path, step)
    await outside.caller.dial()
    before = await outside.state()
    assert "sure" in before
    for _ in range(3):
        assert await outside.caller.trial("yes") == ["You said yes.", *said]
    assert (outside.effects(), await outside.state()) == ([], before)
    assert (await outside.caller.say("yes"))[: 1 + len(said)] == ["You said yes.", *said]
    assert outside.effects() == effects


@pytest.mark.parametrize(("step", "said"), GOING_ON.values(), ids=GOING_ON)
async def test_a_trial_says_all_that_the_turn_says_and_stores_nothing(
    tmp_path: Path, step: str, said: list[str]
) -> None:
    outside = Outside(tmp_path, step)
    await outside.caller.dial()
    before = await outside.state()
    assert "sure" in before
    for _ in range(3):
        assert await outside.caller.trial("yes") == ["You said yes.", *said]
    assert (outside.effects(), await outside.state()) == ([], before)
    assert await outside.caller.say("yes") == ["You said yes.", *said]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("operator", ["To an agent.", "Please hold."]),
        ("what was that", ["Are you sure?"]),
        ("blue", ["Sorry, I did not understand that.", "Are you sure?"]),
    ],
)
async def test_commands_and_answers_that_are_not_understood_are_tried_as_well(
    tmp_path: Path, said: str, answer: list[str]
) -> None:
    outside = Outside(tmp_path, "{id: x, say: Fine.}")
    await outside.caller.dial()
    for _ in range(5):  # as one try, the question would be given up
        told = await outside.caller.trial(said)
    assert told == await outside.caller.say(said)
    assert told[-1:] == answer[-1:]


async def test_the_recording_that_goes_on_after_a_private_answer_ends_a_trial(tmp_path: Path) -> None:
    outside = Outside(tmp_path, "{id: x, say: Fine.}", private=True)
    await outside.caller.dial()
    assert await outside.caller.trial("yes") == []


async def test_a_python_dialog_that_is_open_is_not_tried(tmp_path: Path) -> None:
    outside = Outside(tmp_path, "{id: x, call: own.Talk}")
    await outside.caller.dial()
    await outside.caller.say("yes")
    assert await outside.caller.trial("hello") == []
    assert outside.effects() == ["called"]


async def test_a_pure_function_that_fails_ends_the_trial_and_only_the_turn_tells_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outside = Outside(tmp_path, "{id: x, call: own.broken, on_error: close}")
    await outside.caller.dial()
    assert await outside.caller.trial("yes") == ["You said yes."]
    assert caplog.text == ""
    assert await outside.caller.say("yes") == ["You said yes.", "Goodbye."]
    assert caplog.text.count("broken failed") == 1


async def test_a_dialog_in_circles_ends_a_trial_and_only_the_turn_tells_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caller = line(tmp_path, """
        steps:
          - {id: sure, ask: Are you sure?, yesno: {}, save: sure}
          - {id: round, set: {sure: true}, next: round}
    """)  # fmt: skip
    await caller.dial()
    assert await caller.trial("yes") == []
    assert caplog.text == ""
    await caller.say("yes")
    assert caplog.text.count("circles") == 1


async def test_a_trial_tells_the_first_messages_only(tmp_path: Path) -> None:
    says = "\n".join(f"          - {{id: s{n}, say: Number {n}.}}" for n in range(9))
    caller = line(tmp_path, f"""
        steps:
          - {{id: sure, ask: Are you sure?, yesno: {{}}, save: sure}}
{says}
    """)  # fmt: skip
    await caller.dial()
    assert await caller.trial("yes") == ["Number 0.", "Number 1.", "Number 2.", "Number 3."]


async def test_a_conversation_that_has_not_begun_is_not_begun_by_a_trial(tmp_path: Path) -> None:
    outside = Outside(tmp_path, "{id: x, say: Fine.}")
    assert await outside.caller.trial("yes") == []
    assert await outside.caller.dial() == ["Are you sure?"]


@pytest.mark.parametrize("pure", ['["nobody"]', '["VALUE"]', "7", '"look"'])
def test_a_list_of_pure_functions_that_is_none_is_told(tmp_path: Path, pure: str) -> None:
    python = f"PURE = {pure}\nVALUE = 1\nasync def looked():\n    return 1\n"
    folder = write(tmp_path / "d", main="steps: [{id: x, call: own.looked}]", python_own=python)
    assert load_dialogs(folder).usable
    with pytest.raises(DialogsError, match=r"own.py:1: PURE lists names of async functions"):
        Functions(folder, ["own.looked"])


def likely(caller: Line) -> list[str]:
    configs = [sent["channelData"]["sessionParams"] for sent in caller.sent if sent.get("name") == "config"]
    return list(configs[-1]["expectedAnswer"].get("likely", ()))


@pytest.mark.parametrize("locale", ["en-US", "de-DE", "es-ES", "fr-FR"])
@pytest.mark.parametrize(
    ("kind", "answers"),
    [
        ("yesno: {}", 2),
        ("choice: {home: , office: , garden_shed: }", 3),
        ("choice: {one: {say: [the red one]}, two: {say: [the blue one, blue], key: '9'}}", 2),
        ("choice: {a1: , a2: , a3: , a4: , a5: }", 0),
        ("digits: {length: 4}", 0),
        ("text: {}", 0),
        ("date: {}", 0),
    ],
)
async def test_the_reply_to_each_likely_answer_can_be_told(
    tmp_path: Path, kind: str, answers: int, locale: str
) -> None:
    caller = line(tmp_path, f"""
        locale: {locale}
        steps:
          - {{id: which, ask: Which?, {kind}, save: it}}
          - {{id: taken, say: "Taken {{it}}."}}
          - {{id: more, ask: And then?, text: {{}}, save: more}}
    """, locale=locale)  # fmt: skip
    await caller.dial()
    told = [(await caller.trial(text))[0] for text in likely(caller)]
    assert len(set(told)) == len(told) == answers
    assert all(said.startswith("Taken ") for said in told)


async def test_whether_it_was_understood_is_one_of_few_answers_too(tmp_path: Path) -> None:
    caller = line(tmp_path, """
        steps:
          - id: day
            ask: Which number?
            digits: {length: 2}
            save: number
            confirm: "{number}, right?"
          - {id: taken, say: "Taken {number}."}
          - {id: more, ask: And then?, text: {}, save: more}
    """)  # fmt: skip
    await caller.dial()
    await caller.say("four two")
    assert [(await caller.trial(text))[0] for text in likely(caller)] == ["Taken 42.", "Which number?"]
