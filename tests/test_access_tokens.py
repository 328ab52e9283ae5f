"""Access tokens: cached, renewed early and once, with the authority's refusals told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from identity_double import TENANT, IdentityDouble
from waiting import until

from voicebot import access_tokens as module
from voicebot.access_tokens import ClientCredentials, TokenUnavailable

APP, SECRET = "app-1", "s3cret"


@pytest.fixture
async def identity() -> AsyncIterator[IdentityDouble]:
    double = IdentityDouble({APP: SECRET})
    await double.start()
    yield double
    await double.close()


def credentials(authority: str, secret: Callable[[], str] = lambda: SECRET) -> ClientCredentials:
    return ClientCredentials(APP, secret, scope=f"{APP}/.default", tenant=TENANT, authority=authority)


def ours(identity: IdentityDouble, secret: str = SECRET) -> ClientCredentials:
    return credentials(identity.url + "/", lambda: secret)


async def test_one_token_serves_all_who_wait(identity: IdentityDouble) -> None:
    mine = ours(identity)
    tokens = await asyncio.gather(*(mine.token() for _ in range(50)))
    assert len({*tokens, await mine.token()}) == 1
    assert identity.tokens_given == 1


async def test_a_token_is_renewed_in_the_background_before_it_expires(
    identity: IdentityDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(module, "_now", lambda: now)
    identity.expires_in = "100"  # some authorities send strings
    mine = ours(identity)
    first = await mine.token()
    now += 49
    assert await mine.token() == first
    assert identity.tokens_given == 1
    now += 2
    assert await mine.token() == first, "nobody waits for the renewal"
    await until(lambda: identity.tokens_given == 2)
    async with asyncio.timeout(20):
        while await mine.token() == first:
            await asyncio.sleep(0)


@pytest.mark.parametrize("life", ["nan", float("nan"), "inf", float("inf"), "1e400", 10**400, [], None, "soon"])
async def test_a_lifetime_that_is_no_number_of_seconds_is_the_usual_one(identity: IdentityDouble, life: Any) -> None:
    identity.expires_in = life
    mine = ours(identity)
    assert await mine.token() == await mine.token()
    assert identity.tokens_given == 1


async def test_who_gives_up_waiting_does_not_cost_the_others_their_token(identity: IdentityDouble) -> None:
    mine = ours(identity)
    impatient = asyncio.create_task(mine.token())
    patient = asyncio.create_task(mine.token())
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient


async def test_a_refusal_is_told_and_the_authority_left_alone_for_a_while(
    identity: IdentityDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = ours(identity, secret="wrong")
    for _ in range(3):
        with pytest.raises(TokenUnavailable, match="HTTP 401: AADSTS7000215"):
            await mine.token()
    monkeypatch.setattr(module, "RETRY_AFTER_S", 0.0)
    identity.apps[APP] = "wrong"
    assert await mine.token()


async def test_an_authority_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(module, "TIMEOUT_S", 0.05)
    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    mine = credentials(f"http://127.0.0.1:{port}")
    with pytest.raises(TokenUnavailable, match="no answer"):
        await mine.token()
    server.close()


async def test_a_secret_that_cannot_be_read_is_told(identity: IdentityDouble) -> None:
    def unreadable() -> str:
        raise FileNotFoundError(2, "No such file", "/run/secrets/bot")

    with pytest.raises(TokenUnavailable, match="/run/secrets/bot"):
        await credentials(identity.url, unreadable).token()
