"""Tokens that bots show to us: whose they are, and which keys they are signed with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from identity_double import IdentityDouble

from voicebot.bearer_tokens import NotAuthorized
from voicebot.bots.bot_tokens import BotTokens

APP, SECRET = "app-1", "s3cret"


@pytest.fixture
async def identity() -> AsyncIterator[IdentityDouble]:
    double = IdentityDouble({APP: SECRET})
    await double.start()
    yield double
    await double.close()


async def refusal(tokens: BotTokens, token: str) -> int:
    with pytest.raises(NotAuthorized) as refused:
        await tokens.check(f"Bearer {token}")
    return refused.value.status


async def test_keys_are_fetched_once_for_all(identity: IdentityDouble) -> None:
    tokens = BotTokens(APP, authority=identity.url)
    await asyncio.gather(*(tokens.check(f"Bearer {identity.bot_token(APP)}") for _ in range(20)))
    await tokens.check(f"bearer {identity.bot_token(APP, appid=None, azp=APP, ver='2.0')}")
    assert identity.keys_asked == 1


async def test_an_unknown_key_is_looked_for_once_and_then_not_for_a_while(
    identity: IdentityDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = BotTokens(APP, authority=identity.url)
    await tokens.check(f"Bearer {identity.bot_token(APP)}")
    identity.rotate()
    for _ in range(5):
        assert await refusal(tokens, identity.bot_token(APP, kid="made up")) == 401
    assert identity.keys_asked == 1  # the first fetch was a moment ago
    monkeypatch.setattr("voicebot.signing_keys.COOLDOWN_S", 0.0)
    await tokens.check(f"Bearer {identity.bot_token(APP)}")
    assert identity.keys_asked == 2


async def test_without_keys_nobody_is_let_in_and_that_is_nobodys_fault(identity: IdentityDouble) -> None:
    tokens = BotTokens(APP, authority=identity.url)
    identity.down = True
    for _ in range(5):
        assert await refusal(tokens, identity.bot_token(APP)) == 503
    assert identity.keys_asked == 0


async def test_known_keys_outlive_an_authority_that_is_away(
    identity: IdentityDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = BotTokens(APP, authority=identity.url)
    await tokens.check(f"Bearer {identity.bot_token(APP)}")
    identity.down = True
    monkeypatch.setattr("voicebot.signing_keys.KEYS_LAST_S", -1.0)
    monkeypatch.setattr("voicebot.signing_keys.COOLDOWN_S", 0.0)
    await tokens.check(f"Bearer {identity.bot_token(APP)}")


@pytest.mark.parametrize("header", ["", "Basic x", "Bearer", "Bearer " + "x" * 20_000, "Bearer a.b.c", "Bearer é.é.é"])
async def test_what_is_no_token_is_refused_without_asking_anybody(identity: IdentityDouble, header: str) -> None:
    with pytest.raises(NotAuthorized) as refused:
        await BotTokens(APP, authority=identity.url).check(header)
    assert refused.value.status == 401
    assert identity.keys_asked == 0


@pytest.mark.parametrize("header", ["Bearer \udcff.a.b", "Bearer \x00.\x00", "Bearer ..", "Bearer eyJ9.e30.\udc80"])
async def test_a_token_that_is_no_text_is_refused_in_words_that_can_be_sent(
    identity: IdentityDouble, header: str
) -> None:
    with pytest.raises(NotAuthorized) as refused:
        await BotTokens(APP, authority=identity.url).check(header)
    assert refused.value.status == 401
    assert str(refused.value).encode().isascii()


@pytest.mark.parametrize("time", [float("nan"), float("inf"), 10**400, -(10**400), "1e999", [], {}, True, "\udcff"])
@pytest.mark.parametrize("claim", ["exp", "nbf", "iat", "aud", "appid"])
async def test_whatever_a_signed_token_claims_it_is_judged_and_nothing_escapes(
    identity: IdentityDouble, claim: str, time: Any
) -> None:
    tokens = BotTokens(APP, authority=identity.url)
    try:
        await tokens.check(f"Bearer {identity.bot_token(APP, **{claim: time})}")
    except NotAuthorized as refused:
        assert refused.status in (401, 403)
    await tokens.check(f"Bearer {identity.bot_token(APP)}")


async def test_a_key_of_ours_that_is_used_as_a_shared_secret_opens_nothing(identity: IdentityDouble) -> None:
    """The classic confusion: HS256 with the public key as its secret."""
    import jwt

    claims = {"aud": "https://api.botframework.com", "appid": APP, "exp": 4_000_000_000}
    forged = jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": "key1"})
    unsigned = jwt.encode(claims, None, algorithm="none", headers={"kid": "key1"})
    tokens = BotTokens(APP, authority=identity.url)
    assert await refusal(tokens, forged) == 401
    assert await refusal(tokens, unsigned) == 401
