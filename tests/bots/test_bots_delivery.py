"""When a request to a bot is sent again, and what happens when its token is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from voicebot.access_tokens import TokenUnavailable
from voicebot.bots import delivery
from voicebot.bots.delivery import Backoff, until_accepted, with_token
from voicebot.bots.exchange import Undelivered
from voicebot.bots.service_client import NotConnected, ServiceRefused

pytestmark = pytest.mark.virtual_time

AWAY = NotConnected("no connection")
BUSY = ServiceRefused(503, "busy")


class Attempts:
    """Attempts that end as told, the last one again and again; ``at``: when each began, in seconds from the first."""

    def __init__(self, *ends: Exception | str) -> None:
        self.ends = list(ends)
        self.at: list[float] = []
        self.tokens: list[str] = []

    async def __call__(self, token: str = "") -> str:
        now = asyncio.get_running_loop().time()
        self._first = getattr(self, "_first", now)
        self.at.append(now - self._first)
        self.tokens.append(token)
        end = self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
        if isinstance(end, Exception):
            raise end
        return end


class Tokens:
    def __init__(self, *given: str) -> None:
        self.given = list(given)
        self.forgotten: list[str] = []

    async def token(self) -> str:
        if not self.given:
            raise TokenUnavailable("the authority is away")
        return self.given[0]

    def forget(self, token: str) -> None:
        self.forgotten.append(token)
        self.given.remove(token)

    async def close(self) -> None: ...


@pytest.mark.parametrize("fault", [AWAY, BUSY, ServiceRefused(429, "too many")])
async def test_what_was_certainly_not_accepted_is_sent_again(fault: Exception) -> None:
    attempts = Attempts(fault, fault, "yes")
    assert await until_accepted(attempts, 10.0, "hello") == "yes"
    assert len(attempts.at) == 3


@pytest.mark.parametrize(
    "fault", [Undelivered("no answer in 10 s"), *(ServiceRefused(n, "") for n in (400, 401, 500, 502, 504))]
)
async def test_after_any_other_failure_it_is_not_sent_again(fault: Exception) -> None:
    attempts = Attempts(fault, "never")
    with pytest.raises(Undelivered) as raised:
        await until_accepted(attempts, 10.0, "hello")
    assert raised.value is fault and len(attempts.at) == 1


async def test_pauses_grow_up_to_their_bound_and_the_last_failure_is_raised_in_time() -> None:
    attempts = Attempts(AWAY)
    with pytest.raises(NotConnected, match="no connection"):
        await until_accepted(attempts, 30.0, "hello")
    pauses = [later - earlier for earlier, later in zip(attempts.at, attempts.at[1:], strict=False)]
    assert pauses[0] < 0.3 and max(pauses) <= delivery.LAST_PAUSE_S * 1.2
    assert 20.0 < attempts.at[-1] < 30.0


@pytest.mark.parametrize(("retry_after_s", "least_s"), [(2.0, 2.0), (0.0, 0.1), (None, 0.1)])
async def test_a_retry_after_is_waited_for_unless_it_is_shorter_than_the_pause(
    retry_after_s: float | None, least_s: float
) -> None:
    attempts = Attempts(ServiceRefused(429, "", retry_after_s), "yes")
    await until_accepted(attempts, 10.0, "hello")
    assert attempts.at[1] >= least_s


async def test_a_retry_after_beyond_the_time_that_is_left_ends_it_at_once() -> None:
    attempts = Attempts(ServiceRefused(503, "", 30.0))
    with pytest.raises(ServiceRefused):
        await until_accepted(attempts, 10.0, "hello")
    assert attempts.at == [0.0]


async def test_a_refused_token_is_replaced_once() -> None:
    tokens, attempts = Tokens("old", "new"), Attempts(ServiceRefused(401, ""), "yes")
    assert await with_token(tokens, attempts) == "yes"
    assert (attempts.tokens, tokens.forgotten) == (["old", "new"], ["old"])


@pytest.mark.parametrize(("status", "tried"), [(401, ["old", "new"]), (403, ["old"])])
async def test_a_token_that_is_refused_for_good_is_reported(status: int, tried: Sequence[str]) -> None:
    attempts = Attempts(ServiceRefused(status, ""))
    with pytest.raises(ServiceRefused):
        await with_token(Tokens("old", "new"), attempts)
    assert attempts.tokens == tried


async def test_without_tokens_none_is_shown_and_without_one_to_be_had_nothing_is_sent() -> None:
    attempts = Attempts("yes")
    assert await with_token(None, attempts) == "yes"
    with pytest.raises(Undelivered, match="no token for the bot: the authority is away"):
        await with_token(Tokens(), attempts)
    assert attempts.tokens == [""]


def test_a_backoff_doubles_to_its_bound_and_begins_again() -> None:
    backoff = Backoff(1.0, 4.0)
    for expected in (1.0, 2.0, 4.0, 4.0):
        assert expected * 0.8 <= backoff.next_s() <= expected * 1.2
    backoff.reset()
    assert backoff.next_s() <= 1.2
