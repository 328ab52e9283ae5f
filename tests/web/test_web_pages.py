"""The files of the pages: what they may do, and that nothing of a call is in them. The pages themselves are tested in
Chromium (tests/peers/test_peer_*_page.py, tests/endtoend/test_endtoend_phone_page.py)."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from voicebot.listening.http import HttpServer
from voicebot.web.one_script import one_script
from voicebot.web.pages import FOLDERS, other_routes, page_files, page_routes

PAGES = {
    "assist": "/assist",
    "calls": "/calls",
    "live": "/live",
    "operations": "/operations",
    "phone": "/",
}
ALL = page_files()
OURS = {name: text for name, text in ALL.items() if not name.startswith("phone/jssip.")}


@asynccontextmanager
async def pages() -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """A client, and the URL of a server that has nothing but the pages."""
    application = web.Application()
    for folder, page in PAGES.items():
        application.add_routes(page_routes(ALL, folder, page))
    application.add_routes(other_routes(ALL))
    server = HttpServer(application, names=())
    await server.listen("127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession() as http:
            yield http, f"http://127.0.0.1:{server.port}"
    finally:
        await server.close()


async def named_by(http: aiohttp.ClientSession, url: str) -> list[str]:
    """The addresses of its style, its script and its icon."""
    async with http.get(url) as response:
        assert response.status == 200
        return re.findall(r'<(?:link|script)[^>]* (?:href|src)="([^"]+)">', await response.text())


@pytest.mark.parametrize("folder", PAGES)
async def test_a_page_is_three_files_of_which_two_are_kept_for_ever(folder: str) -> None:
    async with pages() as (http, at):
        icon, style, script = await named_by(http, at + PAGES[folder])
        assert (icon, style[-4:], script[-3:]) == ("shared/icon.svg", ".css", ".js")
        texts = dict[str, str]()
        for url, kept in {at + PAGES[folder]: False, f"{at}/{style}": True, f"{at}/{script}": True}.items():
            async with http.get(url) as response:
                assert response.status == 200
                texts[url] = await response.text()
                assert response.headers["Cache-Control"] == (
                    "public, max-age=31536000, immutable" if kept else "no-cache"
                )
                policy = response.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                tag = response.headers["ETag"]
            async with http.get(url, headers={"If-None-Match": tag}) as response:
                assert (response.status, await response.read()) == (304, b"")
        wanted = re.findall(r'stylesheet" href="([^"]+)"', ALL[f"{folder}/index.html"])
        assert texts[f"{at}/{style}"] == "".join(ALL[name] for name in wanted)
        assert texts[f"{at}/{script}"] == one_script(ALL, f"{folder}/app.js")


async def test_another_script_has_another_address_and_a_page_of_before_gets_it_but_not_for_ever() -> None:
    changed = ALL | {"shared/dom.js": ALL["shared/dom.js"] + "\n"}
    before, after = ([route.path for route in page_routes(files, "live", "/live")] for files in (ALL, changed))
    assert before == after  # all digests have one route
    async with pages() as (http, at):
        _, _, script = await named_by(http, f"{at}/live")
        async with http.get(f"{at}/{script}") as ours, http.get(f"{at}/live/0123456789abcdef.js") as other:
            assert await ours.text() == await other.text()
            assert other.headers["Cache-Control"] == "no-cache"
    application = web.Application()
    application.add_routes(page_routes(changed, "live", "/live"))
    server = HttpServer(application, names=())
    await server.listen("127.0.0.1", 0)
    async with aiohttp.ClientSession() as http:
        _, _, other_script = await named_by(http, f"http://127.0.0.1:{server.port}/live")
    await server.close()
    assert other_script != script


async def test_the_icon_and_the_licences_are_served() -> None:
    async with pages() as (http, at):
        for name in ("shared/icon.svg", "phone/jssip.txt"):
            async with http.get(f"{at}/{name}") as response:
                assert (response.status, await response.text()) == (200, ALL[name])


async def test_who_takes_gzip_gets_files_packed_with_a_tag_of_their_own() -> None:
    async with pages() as (_, at), aiohttp.ClientSession(auto_decompress=False) as http:
        tags = dict[str, str]()
        for accepted, packs in {"gzip, br": True, "br;q=1, GZIP;q=0.5": True, "gzip;q=0, br": False, "": False}.items():
            async with http.get(f"{at}/phone/jssip.txt", headers={"Accept-Encoding": accepted}) as response:
                body = await response.read()
                assert response.headers.get("Content-Encoding") == ("gzip" if packs else None)
                assert (gzip.decompress(body) if packs else body).decode() == ALL["phone/jssip.txt"]
                assert response.headers["Vary"] == "Accept-Encoding"
                tags[accepted] = response.headers["ETag"]
        assert len(set(tags.values())) == 2
        for accepted, tag in tags.items():
            headers = {"Accept-Encoding": accepted, "If-None-Match": tag}
            async with http.get(f"{at}/phone/jssip.txt", headers=headers) as response:
                assert response.status == 304


def test_every_module_is_in_the_script_of_a_page() -> None:
    scripts = "".join(one_script(ALL, f"{folder}/app.js") for folder in PAGES)
    modules = {name for name in ALL if name.endswith(".js")}
    assert {name for name in modules if f"// {name}\n" in scripts} == modules
    assert {name.partition("/")[0] for name in ALL} == set(FOLDERS)


@pytest.mark.parametrize(
    "path",
    ["/assist/", "/assist/none.html", "/assist/../server.py", "/phone/..%2Fserver.py", "/phone", "/shared/dom.js"],
)
async def test_nothing_else_is_served(path: str) -> None:
    async with pages() as (http, at), http.get(f"{at}{path}") as response:
        assert response.status == 404


@pytest.mark.parametrize("name", OURS)
def test_a_file_has_no_code_in_its_markup_and_nothing_from_elsewhere(name: str) -> None:
    text = OURS[name].replace("http://www.w3.org/2000/svg", "")
    named = text.replace("https://jssip.net/documentation", "").replace("http://127.0.0.1", "")
    assert not re.search(r"https?://|//[a-z]+\.|@import|url\(", named)
    if name.endswith(".html"):
        folder = name.partition("/")[0]
        assert re.findall(r"<script[^>]*>", text) == [f'<script type="module" src="{folder}/app.js">']
        assert not re.search(r"<style|\son\w+=|\sstyle=|javascript:", text)
    if name.endswith(".js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|\bFunction\(", text)


def test_a_file_is_as_short_as_one_can_read() -> None:
    assert max(len(text.splitlines()) for text in OURS.values()) <= 400


def test_what_others_wrote_is_what_its_note_says_and_comes_with_its_licences() -> None:
    note = ALL["phone/jssip.txt"]
    assert hashlib.sha256(ALL["phone/jssip.js"].encode()).hexdigest() in note
    assert note.count("Permission is hereby granted, free of charge") == 5
