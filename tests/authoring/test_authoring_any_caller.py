"""Whatever callers say and press, no dialog raises or goes on for ever; and a call survives its host at any moment."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from folder_line import Line, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voicebot.authoring.http import HttpFailed, HttpRequest
from voicebot.authoring.loader import load_dialogs
from voicebot.host.storage import SqliteStorage

pytestmark = pytest.mark.slow

EVERYTHING = """
    schedules: {office: {zone: UTC, week: {mon-fri: 08:00-18:00}}}
    globals:
      agent: {key: "0", goto: agent}
      start_over: {goto: menu, message: Again.}
      address: {say: [address, where], message: "Here, {a}.", key: "8"}
      pets: {goto: bye}
    defaults: {tries: 6}
    options: {back: {say: [back], key: "9", next: menu}}
    steps:
      - {id: hours, hours: office, closed: bye}
      - id: menu
        ask: What?
        choice: {digits: {key: "1", next: digits}, open: {next: open}, yesno: {next: yesno}, number: {next: number},
                 date: {next: date}, money: {next: money}, spelled: {next: spelled}, name: {next: name},
                 text: {next: text}, hour: {next: hour}, month: {next: month}, stay: {next: stay}, mail: {next: mail},
                 phone: {next: phone}, code: {next: code}, sub: {next: sub}, pin: {next: pin}, queue: {next: queue},
                 line: {next: line}, ring: {next: ring}, look: {next: look}, tongue: {next: tongue},
                 room: {next: room}}
        confirm: "{wanted}?"
        save: wanted
      - {id: digits, ask: Digits?, digits: {length: 4, rest: And?, short: Too short.}, save: a, confirm: "{a|digits}?",
         choice: {back: }, next: menu}
      - {id: open, ask: Digits?, digits: {min: 2, max: 9}, save: b, confirm: "{b|digits}?", next: menu}
      - {id: yesno, ask: Yes?, yesno: {yes: menu}, save: c, confirm: "{c}?", choice: {back: }, next: number}
      - {id: number, ask: Number?, number: {min: 1, max: 100}, save: d, confirm: "{d}?", next: check}
      - {id: check, if: d > 50 and a, then: menu, else: date}
      - {id: date, ask: Day?, date: true, save: e, confirm: "{e|date}?", next: menu}
      - {id: money, ask: How much?, money: true, save: f, confirm: "{f|money}?", next: menu}
      - {id: spelled, ask: Spell?, spelled: true, save: g, confirm: "{g|spelled}?", next: menu}
      - {id: name, ask: Name?, name: true, save: h, confirm: "{h}?", next: menu}
      - {id: text, ask: Say?, text: true, save: i, confirm: "{i}?", keys: {"5": bye}, next: menu}
      - {id: hour, ask: When?, time: true, save: o, confirm: "{o|time}?", next: menu}
      - {id: month, ask: Month?, month: true, save: p, confirm: "{p|month}?", next: menu}
      - {id: stay, ask: How long?, duration: nights, save: r, confirm: "{r|duration:nights}?", next: menu}
      - {id: mail, ask: Mail?, email: true, save: s, confirm: "{s|email}?", next: menu}
      - {id: phone, ask: Phone?, phone: {rest: And?}, save: t, confirm: "{t|phone}?", next: menu}
      - {id: code, ask: Code?, pattern: {form: "[A-Z]{2}-[0-9]*", example: AB-1, rest: And?}, save: u,
         confirm: "{u|spelled}?", next: menu}
      - {id: room, ask: 'Which: {m.rooms|or:"{type}"}?', options: {from: m.rooms, say: "{type}", empty: gone},
         choice: {back: , late: {if: d > 50, label: too late}}, save: v, confirm: "{v.type}{v}?", next: menu}
      - {id: gone, set: {m: {rooms: [{type: single}, {type: "{a}"}, 7, [x], "{h}"]}}, next: room}
      - {id: sub, call: other, with: {x: "{d}"}, save: j, on_fail: agent}
      - {id: again, say: "{a|digits}, {e|date}{f|money}{j.y + 1}{i|date}", next: menu}
      - {id: tongue, ask: Which?, languages: {en-US: {key: "1"}, de-DE: {key: "2"}}, confirm: "{l}?", save: l,
         next: menu}
      - {id: quiet, record: pause, next: loud}
      - {id: pin, ask: PIN?, digits: 4, save: k, sensitive: true, confirm: "{k|digits}?", next: quiet}
      - {id: queue, queue: {to: "+1", hours: office, longest: 60s, hold: [Wait.]}, closed: bye, keys: {"1": menu},
         on_fail: menu}
      - {id: loud, record: resume, next: menu}
      - id: line
        queue:
          to: "+1{queue.number}"
          status: {get: "https://acd.example/{a}"}
          full_when: queue.waiting > 20
          free_when: queue.free > 0 or queue[0]
          position: You are number {queue.waiting + 1|ordinal}.
          context: {what: "{queue}"}
          headers: {X-What: "{i}"}
        on_fail: look
      - id: look
        http: {post: "https://crm.example/{i}", json: {a: "{a}", e: "{e}"}, headers: {X: "{i}"}, wait: One moment.}
        save: m
        on_error: menu
      - {id: found, say: "{m.a.b|money}, {m|list}, {m.day|date}", next: menu}
      - {id: ring, dial: {to: "+1{a}", context: {what: "{i}"}, wait_for: ended, longest: 40s, hold: [Wait.]}, save: n,
         busy: menu, keys: {"1": menu}, on_fail: told}
      - {id: told, say: "{n} {error.message}"}
      - {id: fire, dial: {to: "{i}", wait_for: nothing}, next: menu}
      - {id: agent, transfer: "+1", on_fail: menu}
      - {id: bye, hangup: Bye.}
"""
OTHER = """
    inputs: [x]
    outputs: [y]
    steps:
      - {id: a, ask: More?, yesno: true, save: y, tries: 2}
      - {id: b, if: y, then: a, else: c}
      - {id: c, set: {y: "{x + 1}"}}
"""

GERMAN = "steps: {menu: {ask: Was?}, digits: {digits: {rest: Und?, short: Zu kurz.}}, queue: {queue: {hold: [Bitte.]}}}"
OTHER_GERMAN = "steps: {a: {ask: Mehr?}}"

words = st.one_of(
    st.sampled_from(
        ["digits", "open", "yes no", "number", "date", "money", "spelled", "name", "text", "sub", "pin", "queue",
         "tongue", "Deutsch", "line", "look", "yes", "no", "back", "one two three four", "no, it is 42", "tomorrow",
         "forty dollars", "hour", "month", "stay", "mail", "phone", "code", "next week", "half past five", "morning",
         "twelve twenty-eight", "two weeks", "maria at example", "dot com", "four two five", "A B", "no, not B, D",
         "A as in Anna", "my name is Ada", "help", "repeat", "slower", "agent", "start over", "", "purple",
         "no, twelve", "room", "single", "late", "address", "pets", "the 31st of June", "-1", "1e9"]
    ),
    st.text(max_size=30),
)  # fmt: skip
move = st.one_of(
    st.tuples(st.just("say"), words),
    st.tuples(st.just("say"), words),
    st.tuples(st.just("press"), st.text(alphabet="0123456789*#", min_size=1, max_size=5)),
    st.tuples(st.just("event"), st.sampled_from(["noUserInput", "unrecognizedSpeech", "voicebot.resume", "other"])),
    st.tuples(st.just("call"), st.sampled_from(["answered", "ended", "busy", "no-answer", "error", "odd", ""])),
    st.tuples(st.just("transfer"), st.sampled_from(["failed", "accepted", "completed", ""])),
)  # fmt: skip

ANSWERS = {"digits": "one two three four", "open": "one two", "yes no": "no", "number": "seventy", "date": "tomorrow",
           "money": "forty dollars", "spelled": "A as in Anna", "name": "Ada Palmer", "text": "anything",
           "hour": "half past five", "month": "December 2028", "stay": "two weeks", "mail": "maria at gmail",
           "phone": "four two five, five five five, oh one two two", "code": "A B one", "sub": "no",
           "ring": "hello", "pin": "one two three four", "queue": "hello", "line": "hello",
           "look": "hello", "tongue": "Deutsch"}  # fmt: skip
way = st.sampled_from(sorted(ANSWERS)).map(lambda to: [("say", what) for what in (to, "yes", ANSWERS[to], "yes")])
"""To a question and through it: what is said at random alone seldom comes far."""
SUPPRESSED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
moves = st.lists(st.one_of(way, move.map(lambda one: [one])), min_size=4, max_size=16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write(
        tmp_path_factory.mktemp("any") / "d", main=EVERYTHING, other=OTHER, main__de=GERMAN, other__de=OTHER_GERMAN
    )
    assert load_dialogs(folder).problems == []
    return folder


async def make(line: Line, kind: str, what: str) -> list[str]:
    """Make a move of the caller's, or of the call's. What is said."""
    if kind == "say":
        return await line.say(what)
    if kind == "press":
        return await line.press(what)
    if kind == "event":
        return await line.event(what, 1)
    if kind == "call":
        return await line.event("call.status", {"state": what, "commandId": "dial-1", "status": what})
    return await line.event("handoff.status", {"state": what})


@settings(suppress_health_check=SUPPRESSED)
@given(chunks=moves)
async def test_no_caller_makes_a_dialog_fail(folder: Path, chunks: list[list[tuple[str, str]]]) -> None:
    answers = itertools.cycle([{"waiting": 3, "free": 0}, None, {"waiting": "x", "free": 1}, HttpFailed("down", 503),
                               [1], {"waiting": 99}, "text", {"a": {"b": 1}, "day": "never"}])  # fmt: skip

    async def fetch(request: HttpRequest) -> Any:
        answer = next(answers)
        if isinstance(answer, HttpFailed):
            raise answer
        return answer

    line = Line(folder, fetch=fetch)
    await line.dial()
    for kind, what in itertools.chain.from_iterable(chunks):
        await make(line, kind, what)
        assert len(line.sent) < 20
        if line.hung_up:
            return
    for _ in range(40):
        await line.silence()
        if line.hung_up or line.transfer:
            return
        await line.event("handoff.status", {"state": "failed"})
    pytest.fail("silence does not come to an end")


@settings(max_examples=settings.default.max_examples // 2, suppress_health_check=SUPPRESSED)
@given(chunks=moves)
async def test_trials_change_nothing_and_tell_what_is_then_said(
    folder: Path, chunks: list[list[tuple[str, str]]]
) -> None:
    fetched = []

    async def fetch(request: HttpRequest) -> Any:
        fetched.append(request)
        return {"waiting": 3, "free": 0}

    plain, tried = Line(folder, fetch=fetch), Line(folder, fetch=fetch)
    assert await plain.dial() == await tried.dial()
    for kind, what in itertools.chain.from_iterable(chunks):
        foreseen: list[str] = []
        if kind == "say":
            await tried.trial("yes")
            before = len(fetched)
            foreseen = await tried.trial(what)
            assert len(fetched) == before
        said = await make(tried, kind, what)
        assert foreseen == said[: len(foreseen)]
        assert said == await make(plain, kind, what)
        assert [sent["type"] for sent in plain.sent] == [sent["type"] for sent in tried.sent]
        if plain.hung_up:
            return


async def test_a_call_goes_on_where_it_was_when_its_host_was_killed(folder: Path, tmp_path: Path) -> None:
    """Each turn is run by a host of its own, with nothing but the file in common."""
    said: list[str] = []
    talk = ["digits", "yes", "one two", "three four", "yes", "sub", "yes", "yes", "no", "money", "yes", "forty dollars",
            "yes"]  # fmt: skip

    async def turn(text: str | None) -> list[str]:
        storage = SqliteStorage(tmp_path / "state.sqlite")
        await storage.open()
        line = Line(folder, storage=storage)
        answer = await line.dial() if text is None else await line.say(text)
        await storage.close()
        return answer

    said += await turn(None)
    for text in talk:
        said += await turn(text)
    assert said == [
        "What?", "digits?", "Digits?", "And?", "one two three four?", "What?", "sub?", "More?", "More?",
        "one two three four, ", "What?", "money?", "How much?", "40 dollars?", "What?",
    ]  # fmt: skip
