"""What is on this machine only."""

from __future__ import annotations

import pytest

from voicebot.loopback import is_loopback, is_loopback_url


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "::1"])
def test_names_and_addresses_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "10.0.0.1", "localhost.example", "127.0.0.1.example", "example", "1.2.3"]
)
def test_whatever_else_is_elsewhere(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:3978/api/messages", True),
        ("http://[::1]:80/", True),
        ("ws://localhost/", True),
        ("https://127.0.0.1@bot.example/", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_urls_are_judged_by_their_host(url: str, here: bool) -> None:
    assert is_loopback_url(url) is here
