"""What is kept of running calls, and what becomes of those that another node has left."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

from voicebot.calls import Calls, GoingOn
from voicebot.calls.set_by_bot import SetByBot
from voicebot.events import AnswerKind, CallConfigured, ExpectedAnswer
from voicebot.fleet import Claim
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.service.takeover import Takeover

SESSION = {"call": "aa", "began": "2026-11-28T12:00:00+00:00", "voice": "", "language": "", "bot": "", "context": {}}


def no_place(_trunk: str, name: str) -> Claim:
    raise AssertionError(f"the leg that is restored gets {name}")


@dataclass
class Call:
    id: str
    state: dict[str, Any] | None
    record: dict[str, Any] = field(default_factory=dict)
    given_up: bool = False
    midway: bool = False

    def kept(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        return (self.state, self.record) if self.state is not None else None

    def give_up(self) -> None:
        self.given_up = True


class Node:
    """Running calls, and those that began here though another node had them."""

    def __init__(self, *calls: Call, limit: int = 10) -> None:
        self.calls = list(calls)
        self.gone_on: list[GoingOn] = []
        self.hung_up_on: list[object] = []
        self.draining = False
        self.why: Exception | None = None
        self.takeover = Takeover(cast(Calls, self), lambda: cast(SipFrontEnd, self), limit)

    def running(self) -> list[Call]:
        return self.calls

    def find(self, name: str) -> Call | None:
        return next((call for call in self.calls if call.id == name), None)

    @property
    def active(self) -> int:
        return len(self.calls)

    def restore(self, _kept: object, _place: object) -> object:
        if self.why is not None:
            raise self.why
        return object()

    def hang_up_on(self, kept: object) -> None:
        self.hung_up_on.append(kept)

    def go_on(self, _leg: object, going_on: GoingOn) -> None:
        self.gone_on.append(going_on)


async def test_only_what_has_changed_is_kept_again_and_what_has_ended_is_forgotten() -> None:
    ringing, up = Call("ringing", None), Call("up", {"cseq": 1})
    node = Node(ringing, up)
    kept, over = await node.takeover.changes()
    assert list(kept) == ["up"] and over == []
    assert await node.takeover.changes() == ({}, [])
    up.state = {"cseq": 2}
    assert list((await node.takeover.changes())[0]) == ["up"]
    up.record = {"turns": []}
    assert json.loads(json.loads((await node.takeover.changes())[0]["up"])["record"]) == {"turns": []}
    node.takeover.again()
    assert list((await node.takeover.changes())[0]) == ["up"]
    node.calls.remove(up)
    assert await node.takeover.changes() == ({}, ["up"])


def test_a_node_takes_as_many_as_it_has_room_for_and_none_while_it_drains() -> None:
    node = Node(Call("a", None), limit=3)
    assert node.takeover.room() == 2
    node.draining = True
    assert node.takeover.room() == 0


def test_a_call_goes_on_with_its_record_or_without() -> None:
    node = Node()
    for record, known in (('{"turns": [1]}', {"turns": [1]}), ("[", {}), (None, {})):
        kept = json.dumps({"state": {"leg": {}, "session": SESSION}, "record": record})
        node.takeover.go_on("aa", kept, no_place, midway=False)
        assert node.gone_on[-1].call == "aa" and node.gone_on[-1].record == known


def test_who_was_consulted_for_a_call_that_goes_on_is_hung_up_on() -> None:
    node = Node()
    for consulted in (None, {"sip": {"call": "two"}}):
        state = {"leg": {}, "session": SESSION, "consulted": consulted}
        node.takeover.go_on("aa", json.dumps({"state": state}), no_place, midway=False)
    assert node.hung_up_on == [{"sip": {"call": "two"}}] and len(node.gone_on) == 2


def test_a_call_in_which_somebody_was_speaking_goes_on_as_one() -> None:
    node = Node(Call("spoken", {}, midway=True), Call("quiet", {}))
    assert node.takeover.midway() == ["spoken"]
    kept = json.dumps({"state": {"leg": {}, "session": SESSION}})
    for midway in (True, False):
        node.takeover.go_on("aa", kept, no_place, midway=midway)
        assert node.gone_on[-1].words_lost is midway


def test_a_call_goes_on_whose_bot_has_set_as_much_as_it_may() -> None:
    settings, phrases = SetByBot(), frozenset(f"phrase {number}" for number in range(400))
    lists = dict.fromkeys(("words", "others", "answers", "open_answers", "beside", "commands"), phrases)
    answer = ExpectedAnswer(AnswerKind.CHOICE, **lists)  # type: ignore[arg-type]
    settings.take(CallConfigured(0.0, phrases=tuple(sorted(phrases)), answer=answer))
    session = SESSION | {"settings": settings.as_json(), "context": {str(number): number for number in range(4000)}}
    kept = json.dumps({"state": {"leg": {}, "session": session}})
    (node := Node()).takeover.go_on("aa", kept, no_place, midway=False)
    assert node.gone_on[-1].settings == settings


def test_a_call_that_cannot_go_on_does_not_begin() -> None:
    node = Node()
    for kept in ("", "{}", '{"state": 3}', json.dumps({"state": {"leg": {}, "session": {}}})):
        node.takeover.go_on("aa", kept, no_place, midway=False)
    node.why = ValueError("its media cannot be read")
    node.takeover.go_on("aa", json.dumps({"state": {"leg": {}, "session": SESSION}}), no_place, midway=False)
    assert node.gone_on == []


def test_calls_that_others_have_are_given_up() -> None:
    mine, theirs = Call("mine", {"n": 1}), Call("theirs", {"n": 1})
    node = Node(mine, theirs)
    assert node.takeover.ids() == ["mine", "theirs"]
    node.takeover.give_up(["theirs", "unknown"])
    assert theirs.given_up and not mine.given_up
