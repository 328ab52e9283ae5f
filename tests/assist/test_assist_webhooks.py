"""Webhooks: signed, in order, tried again, dropped and counted when nobody takes them. Over real sockets, on virtual
time: an answer is late only where it does not come."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from waiting import until
from watched_call import WatchedCallDouble

from voicebot.assist.webhooks import Patience, Webhook, Webhooks, signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = 1_614_265_330.5
SOON = Patience(answer_s=10.0, first_wait_s=0.01, most_wait_s=0.05, retry_s=60.0, after_end_s=60.0)
AT_ONCE = replace(SOON, retry_s=0.05, after_end_s=0.05)
"""Where nobody takes them."""

pytestmark = pytest.mark.virtual_time


class Receiver:
    """``answers``: what the next requests get, then 200; 0: nothing at all."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[int] = []
        self.messages: list[tuple[dict[str, str], bytes]] = []

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        status = self.answers.pop(0) if self.answers else 200
        if status == 0:
            await asyncio.sleep(3600)
        self.messages.append((dict(request.headers), body))
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 302 else None)

    def entries(self) -> list[dict[str, Any]]:
        """Of all messages, those that were not taken, too."""
        return [entry for _, body in self.messages for entry in json.loads(body)["Entries"]]

    def texts(self) -> list[str]:
        return [entry["Content"] for entry in self.entries() if entry["EventType"] == "Utterance"]


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    taking = Receiver()
    application = web.Application()
    application.router.add_post("/hook", taking.take)
    runner = web.AppRunner(application, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    taking.url = f"http://user:password@127.0.0.1:{runner.addresses[0][1]}/hook?key=secret"
    try:
        yield taking
    finally:
        await runner.cleanup()


@asynccontextmanager
async def telling(url: str, patience: Patience = SOON, **options: Any) -> AsyncIterator[Webhooks]:
    hooks = Webhooks([Webhook(url, SECRET, **options)], patience, lambda: NOW)
    try:
        yield hooks
    finally:
        await hooks.close()


def test_the_signature_is_that_of_the_specification() -> None:
    body = b'{"test": 2432232314}'
    headers = signature(Webhook("https://x.example", SECRET).key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("url", "secret", "said"),
    [
        ("http://crm.example/hook", SECRET, "begins with https://"),
        ("ftp://127.0.0.1/", SECRET, "begins with https://"),
        ("", SECRET, "begins with https://"),
        ("https://crm.example", "short", "at least 24 bytes"),
        ("https://crm.example", "whsec_c2hvcnQ=", "at least 24 bytes"),
        ("https://crm.example", "whsec_###", "base64"),
    ],
)
def test_a_webhook_that_is_not_safe_is_refused_with_the_mend(url: str, secret: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Webhook(url, secret)


async def test_a_call_is_told_in_order_and_signed_without_what_was_only_supposed() -> None:
    async with receiver() as taking, telling(taking.url) as hooks:
        call = WatchedCallDouble()
        hooks.began(call)
        for n in range(5):
            name = call.say(f"{n}?", partial=True)
            call.say(str(n), name=name)
            await asyncio.sleep(0.01)
        call.end()
        await until(lambda: not len(hooks))
        assert taking.texts() == list("01234")
        assert taking.entries()[-1]["EventType"] == "Ended"
        assert hooks.counts == {"delivered": 7, "dropped": 0, "repeated": 0}
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        for headers, body in taking.messages:
            signed = f"{headers['webhook-id']}.{int(NOW)}.".encode() + body
            wanted = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
            assert headers["webhook-timestamp"] == str(int(NOW))
            assert headers["webhook-signature"] == f"v1,{wanted}"
            assert json.loads(body)["CallId"] == "c1"


async def test_hypotheses_are_told_where_that_is_wanted() -> None:
    async with receiver() as taking, telling(taking.url, partial=True) as hooks:
        call = WatchedCallDouble()
        hooks.began(call)
        call.say("my par", partial=True)
        await until(lambda: taking.texts() == ["my par"])


async def test_what_was_not_taken_is_sent_again_under_its_id_and_later_entries_wait_for_it() -> None:
    async with receiver() as taking, telling(taking.url) as hooks:
        taking.answers = [500, 429, 0]
        call = WatchedCallDouble()
        hooks.began(call)
        await until(lambda: len(taking.messages) == 2)
        call.say("meanwhile")
        call.end()
        await until(lambda: not len(hooks))
        ids = [headers["webhook-id"] for headers, _ in taking.messages]
        assert ids == ["c1:1"] * 3 + ["c1:3"]
        assert hooks.counts == {"delivered": 3, "dropped": 0, "repeated": 3}


@pytest.mark.parametrize("status", [400, 401, 404, 410, 302])
async def test_what_is_refused_is_dropped_at_once_and_counted(status: int) -> None:
    async with receiver() as taking, telling(taking.url) as hooks:
        taking.answers = [status]
        call = WatchedCallDouble()
        hooks.began(call)
        await until(lambda: hooks.counts["dropped"])
        call.say("this one")
        await until(lambda: hooks.counts["delivered"])
        assert hooks.counts == {"delivered": 1, "dropped": 1, "repeated": 0}


async def test_a_receiver_that_is_dead_delays_nobody_and_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    async with receiver() as taking:
        dead = "http://127.0.0.1:1/hook?key=secret"
        hooks = Webhooks([Webhook(dead, SECRET), Webhook(taking.url, SECRET)], AT_ONCE)
        calls = [WatchedCallDouble(f"c{n}") for n in range(20)]
        with caplog.at_level(logging.INFO):
            for call in calls:
                hooks.began(call)
                call.say("hello")
            await until(lambda: len(taking.texts()) == 20)
            await until(lambda: hooks.counts["dropped"] >= 40)
            for call in calls:
                call.say("goodbye")
                call.end()
            await until(lambda: not len(hooks))
        await hooks.close()
        assert hooks.counts["delivered"] == hooks.counts["dropped"] == 20 * 4
        said = [record.getMessage() for record in caplog.records if "webhook" in record.getMessage()]
        assert len(said) == 1
        assert said[0].startswith("webhook at 127.0.0.1:1: ClientConnectorError")
        assert "secret" not in said[0] and "password" not in said[0]


async def test_a_receiver_that_comes_back_gets_what_there_is_by_then() -> None:
    async with receiver() as taking, telling(taking.url, AT_ONCE) as hooks:
        taking.answers = [500] * 1000
        call = WatchedCallDouble()
        hooks.began(call)
        await until(lambda: hooks.counts["dropped"])
        taking.answers = []
        taking.messages.clear()
        call.say("again")
        await until(lambda: taking.texts() == ["again"])


async def test_nothing_of_a_call_is_kept_for_a_receiver_that_stays_away() -> None:
    async with telling("http://127.0.0.1:1/hook", AT_ONCE) as hooks:
        call = WatchedCallDouble()
        for n in range(1_000):
            call.say(str(n))
        call.end()
        hooks.began(call)
        await until(lambda: not len(hooks))
        assert hooks.counts["dropped"] == 1_002


async def test_the_end_of_the_service_waits_for_no_receiver() -> None:
    async with receiver() as taking:
        taking.answers = [0]
        hooks = Webhooks([Webhook(taking.url, SECRET)])
        hooks.began(WatchedCallDouble())
        await until(lambda: not taking.answers)
        await hooks.close(0.01)
        assert not len(hooks)
