from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from voicebot.web_access import NotAllowed, WebHosts, is_public, public_connector


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("172.16.3.4", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),  # the cloud's metadata
        ("168.63.129.16", False),  # Azure's
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),  # 169.254.169.254 by NAT64
        ("2002:7f00:1::", False),  # 127.0.0.1 by 6to4
        ("::ffff:93.184.216.34", True),
        ("localhost", False),
        ("", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


HOSTS = WebHosts(["*.example.com", "sounds.internal:8080", "10.1.2.3", "[::1]"])


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("https://a.example.com/x.wav", False),
        ("https://A.EXAMPLE.com./x.wav", False),
        ("http://sounds.internal:8080/x", True),
        ("http://10.1.2.3:99/x", True),
        ("http://[::1]:99/x", True),
    ],
)
def test_a_host_that_matches_is_allowed_and_one_named_in_full_may_be_private(url: str, named: bool) -> None:
    assert HOSTS.check(url) is named


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/x",
        "https://a.example.com.evil.org/x",
        "https://a.example.com@evil.org/x",
        "https://evil.org/a.example.com",
        "http://sounds.internal/x",
        "http://sounds.internal:8081/x",
        "file:///etc/passwd",
        "ftp://a.example.com/x",
        "//a.example.com/x",
        "http://[::2]/x",
        "http://[::",
        "http://a.example.com:99999/",
        "",
    ],
)
def test_what_matches_nothing_is_refused(url: str) -> None:
    with pytest.raises(NotAllowed):
        HOSTS.check(url)


def test_without_patterns_nothing_is_allowed_and_a_star_allows_every_host() -> None:
    with pytest.raises(NotAllowed):
        WebHosts([]).check("https://example.com/")
    assert WebHosts(["*"]).check("http://127.0.0.1:3978/") is False


class Rebinding(AbstractResolver):
    """Every name leads to this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=self._port, family=socket.AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None: ...


@pytest.fixture
async def inside() -> AsyncIterator[TestServer]:
    """A server on this machine, which nobody elsewhere reaches."""

    async def secret(_request: web.Request) -> web.Response:
        return web.Response(text="secret")

    app = web.Application()
    app.router.add_get("/{path:.*}", secret)
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "localhost", "127.1", "0x7f000001"])
async def test_no_way_of_writing_this_machine_leads_to_it(inside: TestServer, host: str) -> None:
    async with aiohttp.ClientSession(connector=public_connector()) as session:
        with pytest.raises((aiohttp.ClientError, OSError)):
            await session.get(f"http://{host}:{inside.port}/")


async def test_a_public_name_that_leads_to_this_machine_is_not_followed(inside: TestServer) -> None:
    assert inside.port is not None
    async with aiohttp.ClientSession(connector=public_connector(resolver=Rebinding(inside.port))) as session:
        with pytest.raises(aiohttp.ClientConnectorError, match="not a public address"):
            await session.get("http://sounds.example.com/x.wav")
