"""Running calls over HTTP: real calls, the real streams, and who may see them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from assist_desk import EventReader
from let_in import let_in
from live_desk import live_desk
from waiting import until

from voicebot.events import RecordingAction, RecordingAsked, StepReached, TransferEnded
from voicebot.web import Access, Role, Token, access
from voicebot.web.live_api import MOST_STREAMS
from voicebot.web.live_audio import MOST_LISTENERS


async def until_event(reader: EventReader, event: str) -> dict[str, Any]:
    while (line := await reader.event())["event"] != event:
        pass
    return line


async def test_a_call_is_told_line_by_line_as_its_record_will_have_it() -> None:
    async with live_desk() as desk:
        call = await desk.call()
        async with desk.stream(f"calls/{call.id}/events") as reader:
            first = await until_event(reader, "first_audio")
            assert first["text"] == "Hello, how can I help?"
            await until_event(reader, "playback_started")
            await desk.caller_says(call, "My parcel.", hypothesis="my")
            assert (await until_event(reader, "hypothesis"))["text"] == "my"
            assert (await until_event(reader, "final"))["text"] == "My parcel."
            desk.lines[-1].end("caller")
            assert (await until_event(reader, "leg_ended"))["reason"] == "caller"
        await until(lambda: not desk.calls.running())


async def test_a_stream_goes_on_where_it_was() -> None:
    async with live_desk() as desk:
        call = await desk.call()
        async with desk.stream(f"calls/{call.id}/events") as reader:
            await until_event(reader, "playback_started")
            last = reader.last
        await desk.caller_says(call, "My parcel.")
        async with desk.stream(f"calls/{call.id}/events", last) as reader:
            assert (await reader.event())["event"] == "speech_started"
        status, _ = await desk.ask("GET", f"calls/{call.id}/events", **{"Last-Event-ID": "x"})
        assert status == 400


async def test_a_call_is_found_by_its_call_id_as_well_and_not_after_its_end() -> None:
    async with live_desk() as desk:
        await desk.call("sip-call-id")
        async with desk.stream("calls/sip-call-id/events") as reader:
            await until_event(reader, "playback_started")
        desk.lines[-1].end("caller")
        await until(lambda: not desk.calls.running())
        assert (await desk.ask("GET", "calls/sip-call-id/events"))[0] == 404
        assert (await desk.ask("GET", "calls/nobody/events"))[0] == 404


async def test_the_end_of_a_call_ends_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicebot.web.live_api.AFTERWARDS_S", 0.01)
    async with live_desk() as desk:
        call = await desk.call()
        async with desk.stream(f"calls/{call.id}/events") as reader:
            desk.lines[-1].end("caller")
            assert any(line["event"] == "leg_ended" for line in await reader.rest())
        await until(lambda: len(desk.api.streams) == 0)


async def test_all_calls_are_told_in_rows() -> None:
    async with live_desk() as desk:
        call = await desk.call()
        async with desk.stream("calls/events") as reader:
            news = await reader.event()
            (row,) = news["calls"]
            assert (news["all"], row["id"], row["from"], row["floor"]) == (True, call.id, "+15550100", "speaking")
            assert row["bot"] == "billing", "the one that it is routed to"
            assert row["bot_said"] == "Hello, how can I help?"
            await desk.caller_says(call, "My parcel.")
            while not any(row["caller_said"] == "My parcel." for row in news["calls"]):
                news = await reader.event()
            desk.lines[-1].end("caller")
            while call.id not in news["gone"]:
                news = await reader.event()


async def test_calls_of_other_nodes_are_among_the_rows_once() -> None:
    async with live_desk() as desk:
        call = await desk.call()
        desk.elsewhere += [{"id": name, "node": "node 2", "state": "up"} for name in (call.id, "far", "")]
        async with desk.stream("calls/events") as reader:
            rows = (await reader.event())["calls"]
            assert [(row["id"], row.get("node")) for row in rows] == [(call.id, None), ("far", "node 2")]
            desk.elsewhere.clear()
            news = await reader.event()
            assert (news["calls"], news["gone"]) == ([], ["far"])
        assert (await desk.ask("GET", "calls/far/events"))[0] == 404


async def test_the_picture_of_the_dialogs_is_for_those_who_see_words() -> None:
    access = let_in("", anna=Role.AGENT, wall=Role.VIEWER)
    async with live_desk("anna", access=access) as desk:
        call = await desk.call()
        assert await desk.ask("GET", f"calls/{call.id}/flow.svg", Authorization="Bearer anna") == (204, "")
        desk.pictures[call.id] = "<svg/>"
        assert await desk.ask("GET", f"calls/{call.id}/flow.svg", Authorization="Bearer anna") == (200, "<svg/>")
        assert (await desk.ask("GET", f"calls/{call.id}/flow.svg", Authorization="Bearer wall"))[0] == 403
        assert (await desk.ask("GET", "calls/nobody/flow.svg", Authorization="Bearer anna"))[0] == 404


async def test_where_there_is_no_picture_that_was_to_be_expected_it_is_told_why() -> None:
    async with live_desk() as desk:
        call = await desk.call()
        desk.pictures[call.id] = "why: it has 1,200 kB"
        status, told = await desk.ask("GET", f"calls/{call.id}/flow.svg")
        assert (status, json.loads(told)["error"]["message"]) == (404, "it has 1,200 kB")


async def test_the_picture_of_a_call_that_was_is_found_by_the_version_of_its_dialogs() -> None:
    access = let_in("", anna=Role.AGENT, wall=Role.VIEWER)
    async with live_desk("anna", access=access) as desk:
        desk.pictures["3f2a"] = "<svg/>"
        for version, token, status, words in [
            ("3f2a", "anna", 200, "<svg/>"),
            ("77b0", "anna", 404, "77b0 does not run"),
            ("3f2a", "wall", 403, "needs a token of the role agent"),
        ]:
            url = f"{desk.console.url}v1/dialogs/{version}/flow.svg"
            async with desk.http.get(url, headers={"Authorization": f"Bearer {token}"}) as got:
                assert got.status == status and words in await got.text()


async def test_what_records_do_not_keep_is_told_to_nobody() -> None:
    async with live_desk(words=False) as desk:
        call = await desk.call(says="Your balance is 3.")
        await desk.caller_says(call, "a secret", hypothesis="a sec")
        async with desk.stream(f"calls/{call.id}/events") as reader, desk.stream("calls/events") as rows:
            told = [await until_event(reader, event) for event in ("first_audio", "hypothesis", "final")]
            told.append(await rows.event())
        assert "secret" not in str(told) and "balance" not in str(told) and "sec" not in str(told[:3])


async def test_what_is_said_while_recording_is_paused_is_told_to_nobody() -> None:
    async with live_desk() as desk:
        call = await desk.call()
        call.dispatch(RecordingAsked(desk.world.now, RecordingAction.PAUSE, ""))
        await desk.caller_says(call, "4111 1111")
        async with desk.stream(f"calls/{call.id}/events") as reader, desk.stream("calls/events") as rows:
            assert (await until_event(reader, "final"))["text"] == "[not kept]"
            assert "4111" not in str(await rows.event())


async def test_who_is_let_in() -> None:
    async with live_desk("the-token") as desk:
        call = await desk.call()
        for path in ("calls/events", f"calls/{call.id}/events"):
            assert (await desk.ask("GET", path))[0] == 401
            assert (await desk.ask("GET", path, Authorization="Bearer wrong"))[0] == 401
            async with desk.stream(path) as reader:
                await reader.event()
        assert (await desk.ask("POST", f"calls/{call.id}/hangup"))[0] == 401
        assert desk.calls.find(call.id) is not None
    async with live_desk() as desk:
        call = await desk.call()
        evil = {"Origin": "https://evil.example"}
        assert (await desk.ask("GET", "calls/events", **evil))[0] == 403
        assert (await desk.ask("POST", f"calls/{call.id}/hangup", **evil))[0] == 403


async def test_a_viewer_sees_that_there_are_calls_and_no_word_and_no_number() -> None:
    access = let_in("", anna=Role.AGENT, wall=Role.VIEWER)
    async with live_desk("wall", access=access) as desk:
        call = await desk.call()
        await desk.caller_says(call, "My secret word.", hypothesis="my secret")
        call.key("7", desk.world.now)
        variables = {"day": "secret day", "pin": None}
        call.dispatch(StepReached(desk.world.now, 1, "main.when", ("main.when",), "date", "secret day", variables))
        desk.token = "anna"
        async with desk.stream("calls/events") as rows:
            assert (await rows.event())["calls"][0]["from"] == str(call.info.caller)
        desk.token = "wall"
        async with desk.stream("calls/events") as rows, desk.stream(f"calls/{call.id}/events") as lines:
            (row,) = (await rows.event())["calls"]
            assert (row["id"], row["state"], row["step"], "gaps_ms" in row) == (call.id, "up", "main.when", True)
            desk.lines[-1].end("caller")
            told = [row, *await lines.rest()]
        assert {"playback_started", "final", "leg_ended"} <= {line["event"] for line in told[1:]}
        (reached,) = (line for line in told[1:] if line["event"] == "step_reached")
        assert set(reached) == {"at_ms", "event", "request", "step", "path", "took"}
        assert told[-1]["event"] == "leg_ended" and told[-1]["reason"] == "caller"
        for kept in ("secret", "Hello", call.info.caller, call.info.call_id):
            assert str(kept) not in str(told)


async def test_a_call_is_hung_up() -> None:
    async with live_desk() as desk:
        call = await desk.call()
        assert (await desk.ask("POST", f"calls/{call.id}/hangup"))[0] == 204
        await until(lambda: not desk.calls.running())
        assert (await desk.ask("POST", f"calls/{call.id}/hangup"))[0] == 404


async def test_streams_are_bounded_and_one_that_ends_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voicebot.web.live_api.BEAT_S", 0.2)  # which finds that nobody reads any more
    async with live_desk() as desk:
        open_ones = [asyncio.ensure_future(desk.ask("GET", "calls/events")) for _ in range(MOST_STREAMS)]
        await until(lambda: len(desk.api.streams) == MOST_STREAMS)
        assert (await desk.ask("GET", "calls/events"))[0] == 503
        open_ones[0].cancel()
        await until(lambda: len(desk.api.streams) < MOST_STREAMS)
        async with desk.stream("calls/events") as reader:
            await reader.event()
        for one in open_ones:
            one.cancel()


class Heard:
    """Reads the blocks of a call's audio."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._body = response.content

    async def block(self) -> tuple[int, bytes]:
        async with asyncio.timeout(30):
            head = await self._body.readexactly(3)
            return head[0], await self._body.readexactly(int.from_bytes(head[1:], "big"))


async def test_an_operator_listens_in_to_both_sides_and_to_nothing_that_is_private() -> None:
    async with live_desk() as desk:
        call = await desk.call()
        url = f"{desk.console.url}v1/live/calls/{call.id}/audio"
        async with desk.http.get(url) as response:
            heard = Heard(response)
            kind, told = await heard.block()
            assert (kind, json.loads(told)) == (2, {"format": "PCMU", "rate": 8000})
            await until(lambda: len(call.listeners) == 1)
            for _ in range(5):
                call.frame(b"\x11" * 160, desk.world.now)
            assert await heard.block() == (0, b"\x11" * 800)
            call.dispatch(RecordingAsked(desk.world.now, RecordingAction.PAUSE, ""))
            for _ in range(5):
                call.frame(b"\x22" * 160, desk.world.now)
            call.dispatch(RecordingAsked(desk.world.now, RecordingAction.RESUME, ""))
            desk.lines[-1].pull(5)
            kind, audio = await heard.block()
            assert (kind, len(audio)) == (1, 800)
            desk.lines[-1].end("caller")
            assert b"\x22" not in await response.content.read()
        await until(lambda: not len(call.listeners))
        noted = desk.access.audit.latest
        await until(
            lambda: [(line["action"], line["status"]) for line in noted] == [("listen in", None), ("listen in", 200)]
        )


async def test_who_goes_listens_no_more_and_listeners_are_bounded() -> None:
    async with live_desk() as desk:
        call = await desk.call()
        path = f"{desk.console.url}v1/live/calls/{call.id}/audio"
        open_ones = [await desk.http.get(path) for _ in range(MOST_LISTENERS)]
        assert (await desk.ask("GET", f"calls/{call.id}/audio"))[0] == 503
        for one in open_ones:
            one.close()
        await until(lambda: not len(call.listeners))
        assert (await desk.ask("GET", "calls/none/audio"))[0] == 404
        last = await desk.http.get(path)
        await desk.console.close()  # which waits for nobody who listens
        assert not len(call.listeners)
        last.close()


async def test_a_token_that_is_withdrawn_ends_what_is_open_by_it_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "LOOK_S", 0.05)
    secret = ["anna"]
    tokens = [Token("anna", Role.OPERATOR, lambda: secret[0]), Token("bert", Role.OPERATOR, lambda: "bert")]
    async with live_desk("anna", access=Access(tokens, private=True)) as desk:
        call = await desk.call()
        theirs = {"Authorization": "Bearer bert"}
        other = await desk.http.get(f"{desk.console.url}v1/live/calls/events", headers=theirs)
        ours = {"Authorization": "Bearer anna"}
        paths = ("calls/events", f"calls/{call.id}/events", f"calls/{call.id}/audio")
        open_ones = [await desk.http.get(f"{desk.console.url}v1/live/{path}", headers=ours) for path in paths]
        await until(lambda: len(call.listeners) == 1 and len(desk.api.streams) == 3)
        await asyncio.sleep(0.2)
        assert len(desk.api.streams) == 3
        secret[0] = "another one"
        await until(lambda: not len(call.listeners) and len(desk.api.streams) == 1)
        assert (await desk.ask("GET", "calls/events", Authorization="Bearer anna"))[0] == 401
        assert not other.content.at_eof()
        for one in (other, *open_ones):
            one.close()


async def test_a_caller_is_transferred_where_the_settings_allow_it() -> None:
    async with live_desk() as desk:
        call = await desk.call()
        path = f"{desk.console.url}v1/live/calls/{call.id}/transfer"

        async def asked(body: object) -> tuple[int, str]:
            async with desk.http.post(path, json=body) as response:
                return response.status, await response.text()

        assert (await asked({"to": "nobody at all"}))[0] == 400
        assert (await asked({"whom": "+4930123"}))[0] == 400
        status, why = await asked({"to": "sip:agent@there.example:5070"})
        assert status == 409 and "calls.transfer_allow" in why
        status, why = await asked({})
        assert status == 409 and "calls.fallback_transfer" in why
        desk.lines[-1].outcome = TransferEnded(0.0, True, 202, "Accepted")
        assert await asked({"to": "+4930123"}) == (202, "")
        desk.lines[-1].pull(200)
        await desk.world.settle()
        await until(lambda: any(did.startswith("transfer") for did in desk.lines[-1].did))
