"""The files of the pages: what they may do, and that nothing of a call is in them. The pages themselves are tested in
Chromium (tests/peers/test_peer_*_page.py, tests/endtoend/test_endtoend_phone_page.py)."""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import resources

import aiohttp
import pytest
from aiohttp import web

from voicebot.listening.http import HttpServer
from voicebot.web.pages import page_routes

PAGES = {
    "assist": "/assist",
    "calls": "/calls",
    "live": "/live",
    "operations": "/operations",
    "phone": "/",
    "shared": "",
}
ALL = {
    f"{folder}/{file.name}": file.read_text()
    for folder in PAGES
    for file in (resources.files("voicebot.web") / folder).iterdir()
}
OURS = {name: text for name, text in ALL.items() if not name.startswith("phone/jssip.")}


@asynccontextmanager
async def pages() -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    """A client, and the URL of a server that has nothing but the pages."""
    application = web.Application()
    for folder, page in PAGES.items():
        application.add_routes(page_routes(folder, page))
    server = HttpServer(application, names=())
    await server.listen("127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession() as http:
            yield http, f"http://127.0.0.1:{server.port}"
    finally:
        await server.close()


async def test_the_pages_and_their_files_are_served_and_let_nothing_else_run() -> None:
    async with pages() as (http, at):
        for name, text in ALL.items():
            folder, _, file = name.partition("/")
            url = at + (PAGES[folder] if file == "index.html" else f"/{name}")
            async with http.get(url) as response:
                assert (response.status, await response.text()) == (200, text)
                policy = response.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                tag = response.headers["ETag"]
            async with http.get(url, headers={"If-None-Match": tag}) as response:
                assert (response.status, await response.read()) == (304, b"")


async def test_who_takes_gzip_gets_files_packed_with_a_tag_of_their_own() -> None:
    async with pages() as (_, at), aiohttp.ClientSession(auto_decompress=False) as http:
        tags = dict[str, str]()
        for accepted, packs in {"gzip, br": True, "br;q=1, GZIP;q=0.5": True, "gzip;q=0, br": False, "": False}.items():
            async with http.get(f"{at}/live/app.js", headers={"Accept-Encoding": accepted}) as response:
                body = await response.read()
                assert response.headers.get("Content-Encoding") == ("gzip" if packs else None)
                assert (gzip.decompress(body) if packs else body).decode() == ALL["live/app.js"]
                assert response.headers["Vary"] == "Accept-Encoding"
                tags[accepted] = response.headers["ETag"]
        assert len(set(tags.values())) == 2
        for accepted, tag in tags.items():
            headers = {"Accept-Encoding": accepted, "If-None-Match": tag}
            async with http.get(f"{at}/live/app.js", headers=headers) as response:
                assert response.status == 304


def modules(name: str) -> set[str]:
    """What the module ``name`` imports, and so on."""
    found = {name}
    for path in re.findall(r'^(?:import|\} from) [^;]*?"(\.[^"]+)";$', ALL[name], re.MULTILINE):
        found |= modules(posixpath.normpath(f"{posixpath.dirname(name)}/{path}"))
    return found


@pytest.mark.parametrize("folder", [folder for folder, page in PAGES.items() if page])
def test_a_page_names_all_the_modules_that_it_needs_so_that_they_are_fetched_at_once(folder: str) -> None:
    named = re.findall(r'<link rel="modulepreload" href="([^"]+)">', ALL[f"{folder}/index.html"])
    assert sorted(named) == sorted(modules(f"{folder}/app.js") - {f"{folder}/app.js"})


@pytest.mark.parametrize(
    "path", ["/assist/", "/assist/none.js", "/assist/../server.py", "/phone/..%2Fserver.py", "/phone", "/shared/"]
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
