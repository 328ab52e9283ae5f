"""Tokens for bots: cached, renewed early and once, with the authority's refusals told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from identity_double import IdentityDouble

from voicebot.bots import credentials as module
from voicebot.bots.bot_tokens import BotTokens, NotAuthorized
from voicebot.bots.credentials import ClientCredentials, TokenUnavailable

APP, SECRET = "app-1", "s3cret"


@pytest.fixture
async def identity() -> AsyncIterator[IdentityDouble]:
    double = IdentityDouble({APP: SECRET})
    await double.start()
    yield double
    await double.close()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def ours(identity: IdentityDouble, secret: str = SECRET) -> ClientCredentials:
    return ClientCredentials(APP, lambda: secret, authority=identity.url + "/")


async def test_one_token_serves_all_who_wait(identity: IdentityDouble, http: aiohttp.ClientSession) -> None:
    mine = ours(identity)
    tokens = await asyncio.gather(*(mine.token(http) for _ in range(50)))
    assert len({*tokens, await mine.token(http)}) == 1
    assert identity.tokens_given == 1


async def test_a_token_is_renewed_in_the_background_before_it_expires(
    identity: IdentityDouble, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity.expires_in = "0.1"  # some authorities send strings
    mine = ours(identity)
    first = await mine.token(http)
    await asyncio.sleep(0.06)
    assert await mine.token(http) == first  # nobody waits for the renewal
    identity.expires_in = 3599
    async with asyncio.timeout(5):
        while await mine.token(http) == first:
            await asyncio.sleep(0.01)


async def test_who_gives_up_waiting_does_not_cost_the_others_their_token(
    identity: IdentityDouble, http: aiohttp.ClientSession
) -> None:
    mine = ours(identity)
    impatient = asyncio.create_task(mine.token(http))
    patient = asyncio.create_task(mine.token(http))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient


async def test_a_refusal_is_told_and_the_authority_left_alone_for_a_while(
    identity: IdentityDouble, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = ours(identity, secret="wrong")
    for _ in range(3):
        with pytest.raises(TokenUnavailable, match="HTTP 401: AADSTS7000215"):
            await mine.token(http)
    monkeypatch.setattr(module, "RETRY_AFTER_S", 0.0)
    identity.apps[APP] = "wrong"
    assert await mine.token(http)


async def test_an_authority_that_does_not_answer_is_given_up(
    http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(module, "TIMEOUT_S", 0.05)
    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    mine = ClientCredentials(APP, lambda: SECRET, authority=f"http://127.0.0.1:{port}")
    with pytest.raises(TokenUnavailable, match="no answer"):
        await mine.token(http)
    server.close()


async def test_a_secret_that_cannot_be_read_is_told(identity: IdentityDouble, http: aiohttp.ClientSession) -> None:
    def unreadable() -> str:
        raise FileNotFoundError(2, "No such file", "/run/secrets/bot")

    with pytest.raises(TokenUnavailable, match="/run/secrets/bot"):
        await ClientCredentials(APP, unreadable, authority=identity.url).token(http)


# --- the bot's tokens ------------------------------------------------------------------------------------------------


async def refusal(tokens: BotTokens, token: str, http: aiohttp.ClientSession) -> int:
    with pytest.raises(NotAuthorized) as refused:
        await tokens.check(f"Bearer {token}", http)
    return refused.value.status


async def test_keys_are_fetched_once_for_all(identity: IdentityDouble, http: aiohttp.ClientSession) -> None:
    tokens = BotTokens(APP, authority=identity.url)
    await asyncio.gather(*(tokens.check(f"Bearer {identity.bot_token(APP)}", http) for _ in range(20)))
    await tokens.check(f"bearer {identity.bot_token(APP, appid=None, azp=APP, ver='2.0')}", http)
    assert identity.keys_asked == 1


async def test_an_unknown_key_is_looked_for_once_and_then_not_for_a_while(
    identity: IdentityDouble, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = BotTokens(APP, authority=identity.url)
    await tokens.check(f"Bearer {identity.bot_token(APP)}", http)
    identity.rotate()
    for _ in range(5):
        assert await refusal(tokens, identity.bot_token(APP, kid="made up"), http) == 401
    assert identity.keys_asked == 1  # the first fetch was a moment ago
    monkeypatch.setattr("voicebot.bots.bot_tokens.COOLDOWN_S", 0.0)
    await tokens.check(f"Bearer {identity.bot_token(APP)}", http)
    assert identity.keys_asked == 2


async def test_without_keys_nobody_is_let_in_and_that_is_nobodys_fault(
    identity: IdentityDouble, http: aiohttp.ClientSession
) -> None:
    tokens = BotTokens(APP, authority=identity.url)
    identity.down = True
    for _ in range(5):
        assert await refusal(tokens, identity.bot_token(APP), http) == 503
    assert identity.keys_asked == 0


async def test_known_keys_outlive_an_authority_that_is_away(
    identity: IdentityDouble, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = BotTokens(APP, authority=identity.url)
    await tokens.check(f"Bearer {identity.bot_token(APP)}", http)
    identity.down = True
    monkeypatch.setattr("voicebot.bots.bot_tokens.KEYS_LAST_S", -1.0)
    monkeypatch.setattr("voicebot.bots.bot_tokens.COOLDOWN_S", 0.0)
    await tokens.check(f"Bearer {identity.bot_token(APP)}", http)


@pytest.mark.parametrize("header", ["", "Basic x", "Bearer", "Bearer " + "x" * 20_000, "Bearer a.b.c", "Bearer é.é.é"])
async def test_what_is_no_token_is_refused_without_asking_anybody(
    identity: IdentityDouble, http: aiohttp.ClientSession, header: str
) -> None:
    with pytest.raises(NotAuthorized) as refused:
        await BotTokens(APP, authority=identity.url).check(header, http)
    assert refused.value.status == 401
    assert identity.keys_asked == 0


async def test_a_key_of_ours_that_is_used_as_a_shared_secret_opens_nothing(
    identity: IdentityDouble, http: aiohttp.ClientSession
) -> None:
    """The classic confusion: HS256 with the public key as its secret."""
    import jwt

    claims = {"aud": "https://api.botframework.com", "appid": APP, "exp": 4_000_000_000}
    forged = jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": "key1"})
    unsigned = jwt.encode(claims, None, algorithm="none", headers={"kid": "key1"})
    tokens = BotTokens(APP, authority=identity.url)
    assert await refusal(tokens, forged, http) == 401
    assert await refusal(tokens, unsigned, http) == 401
