"""The files of the page: what they may do, and that nothing of a call is in them. The page itself is tested in Chromium
(tests/peers/test_peer_chromium.py)."""

from __future__ import annotations

import re
from importlib import resources

import pytest
from assist_desk import assist_desk

FILES = {file.name: file.read_text() for file in (resources.files("voicebot.console") / "assist").iterdir()}


async def test_the_page_and_its_files_are_served_and_let_nothing_else_run() -> None:
    async with assist_desk() as desk:
        for name, text in FILES.items():
            url = f"{desk.url}/assist" + ("" if name == "index.html" else f"/{name}")
            async with desk.http.get(url) as response:
                assert (response.status, await response.text()) == (200, text)
                policy = response.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                tag = response.headers["ETag"]
            async with desk.http.get(url, headers={"If-None-Match": tag}) as response:
                assert (response.status, await response.read()) == (304, b"")


@pytest.mark.parametrize("path", ["/assist/", "/assist/none.js", "/assist/../server.py", "/assist/..%2Fserver.py"])
async def test_nothing_else_is_served(path: str) -> None:
    async with assist_desk() as desk, desk.http.get(f"{desk.url}{path}") as response:
        assert response.status == 404


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_no_code_in_its_markup_and_nothing_from_elsewhere(name: str) -> None:
    text = FILES[name].replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\(", text)
    if name.endswith(".html"):
        assert re.findall(r"<script[^>]*>", text) == ['<script type="module" src="assist/app.js">']
        assert not re.search(r"<style|\son\w+=|\sstyle=|javascript:", text)
    if name.endswith(".js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|\bFunction\(", text)


def test_a_file_is_as_short_as_one_can_read() -> None:
    assert max(len(text.splitlines()) for text in FILES.values()) <= 400
