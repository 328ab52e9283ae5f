"""Calls that were over HTTP: the real archive, records and recordings in a folder, and who may see them."""

from __future__ import annotations

import io
import json
import wave
from pathlib import Path

import pytest
from kept_calls import call_name, kept_call, record_audio
from records_desk import ROLES, records_desk

from voicebot.web import Role
from voicebot.web.passes import Passes


async def test_calls_are_found(tmp_path: Path) -> None:
    async with records_desk(tmp_path) as desk:
        await desk.keep(kept_call(1), kept_call(2, [("apples", "yes")], caller="+4930123456"))
        assert [call["id"] for call in (await desk.find(words="apples"))["calls"]] == [call_name(2)]
        assert [call["id"] for call in (await desk.find(number="5550100"))["calls"]] == [call_name(1)]
        assert len((await desk.find())["calls"]) == 2
        status, _, facets = await desk.ask("/facets")
        assert (status, json.loads(facets)["outcome"]) == (200, ["caller"])


async def test_a_wrong_question_is_told(tmp_path: Path) -> None:
    async with records_desk(tmp_path) as desk:
        for query in ("since=yesterday", "colour=red", "limit=10000"):
            status, _, body = await desk.ask(f"?{query}")
            assert status == 400
            assert query.partition("=")[0] in json.loads(body)["error"]["message"]


async def test_a_record_its_picture_and_its_recording(tmp_path: Path) -> None:
    async with records_desk(tmp_path) as desk:
        await desk.keep(kept_call(1))
        record_audio(desk.folder / f"{call_name(1)}.wav", 0.5, 0.2)
        for what in ("", "/picture.svg", "/audio.wav"):
            _, headers, _ = await desk.ask(desk.path(1, what))
            assert "sandbox" in headers["Content-Security-Policy"] and headers["X-Content-Type-Options"] == "nosniff"
        status, headers, body = await desk.ask(desk.path(1))
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert json.loads(body)["turns"][0]["caller"]["final_text"] == "Where is my parcel?"
        status, headers, body = await desk.ask(desk.path(1, "/picture.svg"))
        assert (status, headers["Content-Type"]) == (200, "image/svg+xml") and b"parcel" in body
        status, _, body = await desk.ask(desk.path(1, "/waves"))
        assert (status, len(json.loads(body)["left"])) == (200, 50)
        status, headers, body = await desk.ask(desk.path(1, "/audio.wav"))
        assert (status, headers["Content-Type"]) == (200, "audio/wav")
        with wave.open(io.BytesIO(body)) as wav:
            assert (wav.getnchannels(), wav.getnframes()) == (2, 8000)
        assert "no-store" in headers["Cache-Control"]


async def test_a_part_of_a_recording_is_given(tmp_path: Path) -> None:
    async with records_desk(tmp_path) as desk:
        record_audio(desk.folder / f"{call_name(1)}.wav", 0.5, 0.2)
        whole = (desk.folder / f"{call_name(1)}.wav").read_bytes()
        status, headers, body = await desk.ask(desk.path(1, "/audio.wav"), Range="bytes=1000-1999")
        assert (status, body) == (206, whole[1000:2000])
        assert headers["Content-Range"] == f"bytes 1000-1999/{len(whole)}"
        assert (await desk.ask(desk.path(1, "/audio.wav"), Range="bytes=99999999-"))[0] == 416


async def test_what_is_not_there(tmp_path: Path) -> None:
    async with records_desk(tmp_path) as desk:
        await desk.keep(kept_call(1))
        for what in ("", "/picture.svg", "/audio.wav"):
            status, _, body = await desk.ask(desk.path(7, what))
            assert (status, json.loads(body)["error"]["code"]) == (404, "NotFound")
        assert (await desk.ask(desk.path(1, "/audio.wav")))[0] == 404  # it was not recorded
        assert (await desk.ask(desk.path(1, "/waves")))[0] == 204


@pytest.mark.parametrize("name", [".index.sqlite", "..%2Fsecret", "%2e%2e%2fsecret", "%2Fetc%2Fpasswd", "a" * 200,
                                  "0" * 31 + "%00", "secret"])  # fmt: skip
async def test_only_ids_of_calls_name_files(tmp_path: Path, name: str) -> None:
    for file in (tmp_path / "secret.json", tmp_path / "secret.wav"):
        file.write_text("a secret")
    async with records_desk(tmp_path) as desk:
        (desk.folder / "secret.json").write_text("a secret")
        for what in ("", "/picture.svg", "/waves", "/audio.wav"):
            status, _, body = await desk.ask(f"/{name}{what}")
            assert status in (400, 404) and b"a secret" not in body
        assert (await desk.ask(f"/{name}/listen", method="POST"))[0] in (400, 404)


async def test_viewers_are_told_no_number_and_no_word_and_ask_for_none(tmp_path: Path) -> None:
    async with records_desk(tmp_path, ROLES) as desk:
        await desk.keep(kept_call(1, caller="+15550177"))
        found = await desk.find("viewer")
        assert "5550177" not in str(found) and "parcel" not in str(found)
        (call,) = found["calls"]
        assert (call["outcome"], call["turns"], call["from"], call["said"]) == ("caller", 1, "", [])
        for query in ("words=parcel", "number=5550177"):
            assert (await desk.ask(f"?{query}", "viewer"))[0] == 403
        for what in ("", "/picture.svg", "/waves", "/audio.wav"):
            assert (await desk.ask(desk.path(1, what), "viewer"))[0] == 403
        assert "5550177" in str(await desk.find("agent", words="parcel"))


async def test_a_recording_is_for_operators_and_who_hears_it_is_noted(tmp_path: Path) -> None:
    async with records_desk(tmp_path, ROLES) as desk:
        await desk.keep(kept_call(1), kept_call(2))
        for number in (1, 2):
            record_audio(desk.folder / f"{call_name(number)}.wav", 0.5, 0.2)
        assert (await desk.ask(desk.path(1, "/audio.wav")))[0] == 401
        assert (await desk.ask(desk.path(1, "/audio.wav"), "agent"))[0] == 403
        assert (await desk.ask(desk.path(1, "/listen"), "agent", "POST"))[0] == 403
        assert (await desk.ask(desk.path(1, "/audio.wav"), "operator"))[0] == 200
        status, headers, _ = await desk.ask(desk.path(1, "/listen"), "operator", "POST")
        cookie = headers["Set-Cookie"]
        assert status == 204 and "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path" not in cookie
        desk.http.cookie_jar.clear()
        shown = {"Cookie": cookie.partition(";")[0]}
        assert (await desk.ask(desk.path(1, "/audio.wav"), **shown))[0] == 200
        assert (await desk.ask(desk.path(2, "/audio.wav"), **shown))[0] == 401
        assert (await desk.ask(desk.path(1), **shown))[0] == 401
        assert desk.access.lets_in("operator", Role.OPERATOR) and not desk.access.lets_in("operator", Role.ADMIN)
        desk.access.lets_in = lambda *_: False  # type: ignore[method-assign]  # the token is withdrawn
        assert (await desk.ask(desk.path(1, "/audio.wav"), **shown))[0] == 401
        noted = [(line["who"], line["action"], line["call"], line["status"]) for line in desk.access.audit.latest]
        assert ("operator", "hear a recording", call_name(1), 204) in noted
        assert ("operator", "hear a recording", call_name(1), 200) in noted


async def test_an_archive_that_is_away_is_told(tmp_path: Path) -> None:
    async with records_desk(tmp_path) as desk:
        await desk.archive.close()
        (tmp_path / "socket").unlink()
        status, _, body = await desk.ask("?words=parcel")
        assert (status, json.loads(body)["error"]["code"]) == (503, "ServiceUnavailable")


async def test_other_sites_pages_are_refused(tmp_path: Path) -> None:
    async with records_desk(tmp_path) as desk:
        await desk.keep(kept_call(1))
        for path in ("", desk.path(1), desk.path(1, "/audio.wav")):
            assert (await desk.ask(path, Origin="https://evil.example"))[0] == 403


def test_a_pass_is_for_one_thing_and_for_its_time() -> None:
    passes = Passes(10.0, 2)
    made = passes.issue("a", "token", 0.0)
    assert passes.opens(made, "a", 9.9) == passes.opens(made, "a", 9.9) == "token"
    for shown, what, now in ((made, "b", 1.0), (made, "a", 10.0), ("", "", 1.0)):
        assert passes.opens(shown, what, now) is None
    passes.issue("b", "", 1.0)
    passes.issue("c", "", 1.0)
    assert passes.opens(made, "a", 1.0) is None
