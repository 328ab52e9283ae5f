"""/api/messages over real HTTP; the channel's side (connector) is a small server of our own."""

from __future__ import annotations

import asyncio
import json
import select
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from host_peer import START, activity
from waiting import until

from voicebot import signing_keys
from voicebot.host import openid
from voicebot.host.bot import DialogBot
from voicebot.host.loader import load_dialogs
from voicebot.host.messages import NOWHERE, MessagesEndpoint
from voicebot.host.registration import AppRegistration, NotLoopback, require_loopback
from voicebot.host.storage import SqliteStorage
from voicebot.signing_keys import SigningKey

APP_ID = "6f0c1b7e-0000-4000-8000-000000000001"


class Connector:
    """What a channel offers at ``serviceUrl``: it takes replies."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.status = 200
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        if self.status != 200:
            return web.json_response({"error": {"code": "x", "message": "no"}}, status=self.status)
        reply = await request.json()
        self.said.append(reply.get("text") or reply["type"])
        return web.json_response({"id": str(len(self.said))})


@pytest.fixture
async def connector() -> AsyncIterator[Connector]:
    connector = Connector()
    application = web.Application()
    application.router.add_post("/v3/conversations/{c}/activities", connector.take)
    application.router.add_post("/v3/conversations/{c}/activities/{a}", connector.take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    connector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield connector
    await runner.cleanup()


Post = Callable[..., Awaitable[tuple[int, Any]]]


async def _serve(folder: Path, app: AppRegistration) -> AsyncIterator[Post]:
    storage = SqliteStorage(None)
    endpoint = MessagesEndpoint(DialogBot(load_dialogs(folder).root, storage), app)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    await endpoint.prepare(listener)
    await endpoint.accept()
    async with aiohttp.ClientSession() as session:

        async def post(body: Any, method: str = "POST", **headers: str) -> tuple[int, Any]:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers = {"Content-Type": "application/json", **headers}
            url = f"http://127.0.0.1:{port}/api/messages"
            async with session.request(method, url, data=data, headers=headers) as response:
                text = await response.text()
                return response.status, json.loads(text) if text.startswith(("{", "[")) else text

        yield post
    await endpoint.close()
    await storage.close()


@pytest.fixture
async def open_post(echo_folder: Path) -> AsyncIterator[Post]:
    async for post in _serve(echo_folder, AppRegistration()):
        yield post


@pytest.fixture
async def guarded_post(echo_folder: Path) -> AsyncIterator[Post]:
    async for post in _serve(echo_folder, AppRegistration(APP_ID, "secret")):
        yield post


async def test_a_message_is_answered_at_its_service_url(open_post: Post, connector: Connector) -> None:
    start = activity(channelId="emulator", serviceUrl=connector.url, **START)
    assert (await open_post(start))[0] == 201
    said = activity(channelId="emulator", serviceUrl=connector.url, text="a")
    assert (await open_post(said))[0] == 201
    assert connector.said == ["Hello.", "1: a"]


async def test_expect_replies_are_in_the_answer(open_post: Post) -> None:
    body = activity(channelId="emulator", deliveryMode="expectReplies", **START)
    status, answer = await open_post(body)
    assert status == 200
    assert [reply["text"] for reply in answer["activities"]] == ["Hello."]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 400),
        (b"\xff\xfe", 400),
        ([], 400),
        ("hello", 400),
        ({"text": "no type"}, 400),
        ({"type": "message"}, 400),
        (activity(conversation="c1", entities="x"), 400),
        (activity(serviceUrl=None), 400),
        (activity(serviceUrl="ftp://channel.example/"), 400),
        (activity(serviceUrl="http://[::"), 400),
        (activity(serviceUrl=7), 400),
        (activity(serviceUrl="http://127.0.0.1:9/", type="conversationUpdate", membersAdded=[None]), 400),
        (activity(serviceUrl="http://127.0.0.1:9/", **{"from": "somebody"}), 400),
        (activity(serviceUrl="http://127.0.0.1:9/", timestamp="yesterday"), 400),
        (b"[" * 100_000, 400),
        (activity(text="x" * 300_000), 413),
    ],
)
async def test_a_request_at_fault_gets_a_4xx(open_post: Post, body: Any, status: int) -> None:
    assert (await open_post(body))[0] == status


async def test_only_json_is_taken(open_post: Post) -> None:
    assert (await open_post(activity(), **{"Content-Type": "text/plain"}))[0] == 415


async def test_json_is_utf_8_whatever_the_request_calls_it_and_half_an_emoji_is_no_fault(open_post: Post) -> None:
    body = activity(deliveryMode="expectReplies", conversation={"id": "half \ud83d"}, **START)
    status, answer = await open_post(body, **{"Content-Type": "application/json; charset=klingon"})
    assert (status, answer["activities"][0]["text"]) == (200, "Hello.")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_post_is_served(open_post: Post, method: str) -> None:
    assert (await open_post(b"", method=method))[0] == 405


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/", "http://10.0.0.1:3978", "https://127.0.0.1.channel.example/", "http://[fd00::1]/"],
)
async def test_without_a_token_that_names_it_no_other_machine_is_replied_to(open_post: Post, url: str) -> None:
    assert (await open_post(activity(serviceUrl=url, **START)))[0] == 403


async def test_a_dialog_that_fails_is_a_500_without_details(open_post: Post, connector: Connector) -> None:
    await open_post(activity(serviceUrl=connector.url, **START))
    status, answer = await open_post(activity(serviceUrl=connector.url, text="boom"))
    assert status == 500
    assert "boom" not in json.dumps(answer)
    assert (await open_post(activity(serviceUrl=connector.url, text="a")))[0] == 201


async def test_replies_that_cannot_be_delivered_are_a_502(open_post: Post, connector: Connector) -> None:
    connector.status = 403
    assert (await open_post(activity(serviceUrl=connector.url, **START)))[0] == 502


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x", "Bearer a.b.c", "Basic eA==", "Bearer " + "A" * 4000])
async def test_without_a_sound_token_nobody_comes_in(guarded_post: Post, token: str) -> None:
    body = activity(channelId="emulator", deliveryMode="expectReplies", **START)
    headers = {"Authorization": token} if token else {}
    assert (await guarded_post(body, **headers))[0] == 401


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> rsa.RSAPrivateKey:
    """The channel's signing key, published where the SDK looks for it (the fetch over the network is replaced)."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = SigningKey(private.public_key(), ("telephony",))

    async def fetch(url: str) -> dict[str, SigningKey]:
        return {"k1": public}

    monkeypatch.setattr(signing_keys, "fetch_keys", fetch)
    openid.jwt_token_extractor.JwtTokenExtractor.metadataCache.clear()
    return private


def _token(key: rsa.RSAPrivateKey, kid: str = "k1", **claims: Any) -> str:
    now = int(time.time())
    body = {"iss": "https://api.botframework.com", "aud": APP_ID, "serviceurl": "urn:test", "nbf": now - 60}
    return "Bearer " + jwt.encode(body | {"exp": now + 600} | claims, key, algorithm="RS256", headers={"kid": kid})


async def test_the_channels_token_lets_in(guarded_post: Post, key: rsa.RSAPrivateKey) -> None:
    body = activity(deliveryMode="expectReplies", **START)
    status, answer = await guarded_post(body, Authorization=_token(key))
    assert status == 200
    assert answer["activities"][0]["text"] == "Hello."


EMULATOR = {"iss": "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/", "ver": "1.0", "appid": APP_ID}
"""Claims of a token that the bot's own application gets at Microsoft Entra: no channel's, so it names no serviceUrl."""


@pytest.mark.parametrize("claims", [{}, EMULATOR], ids=["a channel's token", "an application's token"])
@pytest.mark.parametrize("claim", [{"serviceurl": None}, {"serviceurl": ""}, {"serviceUrl": "http://127.0.0.1:9/"}])
async def test_a_token_that_names_no_service_url_has_no_replies_sent_anywhere(
    guarded_post: Post, key: rsa.RSAPrivateKey, connector: Connector, claims: dict[str, Any], claim: dict[str, Any]
) -> None:
    """This machine neither: it is no allowed host once there is an app id."""
    token = _token(key, **claims, **({"serviceurl": None} | claim))
    status, _ = await guarded_post(activity(serviceUrl=connector.url, **START), Authorization=token)
    assert status in (401, 403) and not connector.said


SAYS_WHERE_THE_CHANNEL_IS = """
from botbuilder.dialogs import Dialog

class Root(Dialog):
    async def begin_dialog(self, dc, options=None):
        await dc.context.send_activity(dc.context.activity.service_url)
        return Dialog.end_of_turn

def create_dialog(context):
    return Root("root")
"""


@pytest.mark.parametrize("named", [True, False])
async def test_where_the_replies_are_in_the_answer_nothing_goes_to_a_service_url_that_nobody_names(
    folder_of: Callable[..., Path], key: rsa.RSAPrivateKey, named: bool
) -> None:
    """What a dialog asks of the channel goes to this address, with our own token."""
    url = "https://channel.example/"
    claims = {"serviceurl": url} if named else {"serviceurl": None}
    body = activity(deliveryMode="expectReplies", serviceUrl=url, **START)
    async for post in _serve(folder_of(main=SAYS_WHERE_THE_CHANNEL_IS), AppRegistration(APP_ID, "secret")):
        status, answer = await post(body, Authorization=_token(key, **EMULATOR | claims))
        assert (status, answer["activities"][0]["text"]) == (200, url if named else NOWHERE)


async def test_a_token_for_another_bot_or_by_another_key_does_not(guarded_post: Post, key: rsa.RSAPrivateKey) -> None:
    body = activity(deliveryMode="expectReplies", **START)
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for token in (
        _token(key, aud="somebody else"),
        _token(key, exp=int(time.time()) - 4000),
        _token(key, kid="unknown"),
        _token(stranger),
    ):
        assert (await guarded_post(body, Authorization=token))[0] == 401


async def test_a_channel_that_the_key_does_not_endorse_is_refused(guarded_post: Post, key: rsa.RSAPrivateKey) -> None:
    body = activity(channelId="elsewhere", deliveryMode="expectReplies", **START)
    assert (await guarded_post(body, Authorization=_token(key)))[0] == 401


async def test_keys_that_cannot_be_fetched_are_nobodys_fault(
    guarded_post: Post, key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = []

    async def fail(url: str) -> dict[str, SigningKey]:
        attempts.append(url)
        raise signing_keys.KeysUnavailable("no network")

    monkeypatch.setattr(signing_keys, "fetch_keys", fail)
    body = activity(deliveryMode="expectReplies", **START)
    for _ in range(3):
        assert (await guarded_post(body, Authorization=_token(key)))[0] == 503
    assert len(attempts) == 1, "strangers do not make us hammer the key server"


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("192.168.1.4", False),
        ("bot.example", False),
    ],
)
def test_without_an_app_id_only_loopback_is_served(host: str, allowed: bool) -> None:
    require_loopback(host, AppRegistration(APP_ID))
    if allowed:
        require_loopback(host, AppRegistration())
    else:
        with pytest.raises(NotLoopback, match="app id"):
            require_loopback(host, AppRegistration())


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(AppRegistration(APP_ID, "secret"))


async def test_two_that_share_a_listener_take_turns_and_lose_nothing(echo_folder: Path) -> None:
    """As two versions of the dialogs do: the one lets go, also of connections that are kept open, the other goes on."""
    storage = SqliteStorage(None)
    listener = socket.create_server(("127.0.0.1", 0))
    before, after = (
        MessagesEndpoint(DialogBot(load_dialogs(echo_folder).root, storage), AppRegistration()) for _ in range(2)
    )
    for endpoint in (before, after):
        await endpoint.prepare(listener.dup())
    await before.accept()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/api/messages"
    async with aiohttp.ClientSession() as session:

        async def post(**content: Any) -> int:
            body = activity(channelId="emulator", deliveryMode="expectReplies", **content)
            async with session.post(url, json=body) as response:
                await response.read()
                return response.status

        assert await post(**START) == 200
        await before.refuse()
        kept = [protocol for pool in session.connector._conns.values() for protocol, _ in pool]
        await until(lambda: not any(protocol.is_connected() for protocol in kept))
        waiting = asyncio.ensure_future(post(text="a"))  # nobody takes it now: it waits in the listener's queue
        await until(lambda: select.select([listener], [], [], 0)[0])
        assert not waiting.done()
        await after.accept()
        assert await asyncio.wait_for(waiting, 20) == 200
    for endpoint in (before, after):
        await endpoint.close()
    listener.close()
    await storage.close()
