"""Nobody but the service moves a call by Azure Communication Services, and the service only its own ones."""

from __future__ import annotations

import uuid
from typing import Any

import jwt
import pytest
from acs.sending import RESOURCE
from cryptography.hazmat.primitives.asymmetric import rsa
from waiting import until

pytest.importorskip("azure.communication.callautomation", reason="the extra acs is not installed")

from acs.world import Line, World, acs_world, still_there, tone

from voicebot.address import Address
from voicebot.audio import LINEAR_16K

SILENCE = LINEAR_16K.frame_of_silence


def forgeries(world: World) -> dict[str, str]:
    """Tokens that are not the service's, or not for us."""
    token = world.acs.sending.token
    other = rsa.generate_private_key(65537, 2048)
    claims = {"iss": "https://acscallautomation.communication.azure.com", "aud": RESOURCE, "exp": 4_000_000_000}
    return {
        "none": "",
        "expired": token(-400),
        "another audience": token(aud="another resource"),
        "another issuer": token(iss="https://evil.example"),
        "another tenant's key": token(key=other),
        "a key that nobody knows": token(kid="unknown"),
        "alg none": jwt.encode(claims, None, algorithm="none", headers={"kid": "key1"}),
        "HS256": jwt.encode(claims, "s" * 32, algorithm="HS256", headers={"kid": "key1"}),
        "not a token": "x.y.z",
    }


async def still_talks(line: Line, call: Any) -> None:
    """The call has noticed nothing."""
    before = len(call.media.played)
    line.say(0.1)
    await until(lambda: len(call.media.played) == before + 5)
    line.frames.clear()
    call.media.say(tone(0.1))
    await until(lambda: any(frame != SILENCE for _, frame in line.frames))
    assert not line.reasons


async def test_forged_tokens_move_no_call() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        end = [call.event("CallDisconnected")]
        for what, token in forgeries(world).items():
            authorization = f"Bearer {token}" if token else ""
            assert await world.acs.sending.post(call.callback, end, authorization) == 401, what
            assert await world.connect_media(call, token) == 401, what
        assert world.front_end.refused == {"token": 18}
        await still_talks(line, call)


async def test_a_wrong_secret_or_call_is_not_found() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        bearer = f"Bearer {world.acs.sending.token()}"
        end = [call.event("CallDisconnected")]
        id_, secret = call.callback.split("/")[-2:]
        for path in (f"{id_}/{secret}x", f"{id_}/{secret[:-1]}", f"{uuid.uuid4().hex}/{secret}", f"{id_}/%C3%A9"):
            url = f"{world.url}/acs/calls/{path}"
            assert await world.acs.sending.post(url, end, bearer) == 404, path
            assert await world.connect_media(call, world.acs.sending.token(), url.replace("http", "ws", 1)) == 404
        await still_talks(line, call)


async def test_another_calls_events_are_not_this_ones() -> None:
    async with acs_world() as world:
        (one, first), (_, second) = await world.talk(), await world.talk()
        bearer = f"Bearer {world.acs.sending.token()}"
        assert await world.acs.sending.post(first.callback, [second.event("CallDisconnected")], bearer) == 404
        await still_talks(one, first)


async def test_an_event_that_is_played_again_has_no_effect() -> None:
    async with acs_world() as world:
        world.acs.refusals["+4930333"] = (486, 8539, "Busy Here")
        line, call = await world.talk()
        bearer = f"Bearer {world.acs.sending.token()}"
        event = call.event("ParticipantsUpdated")
        for _ in range(3):
            assert await world.acs.sending.post(call.callback, [event], bearer) == 200
        await call.end()
        await until(lambda: line.reasons == ["caller"])
        for kind in ("CallConnected", "CallDisconnected"):
            assert await world.acs.sending.post(call.callback, [call.event(kind)], bearer) == 200
        assert await world.connect_media(call, world.acs.sending.token()) == 409
        assert line.reasons == ["caller"]


async def test_event_grid_is_known_by_the_key_in_its_path() -> None:
    async with acs_world() as world:
        assert await world.acs.validate(world.grid)
        assert await world.acs.validate_cloud(world.grid)
        for url in (f"{world.url}/acs/events/wrong", f"{world.url}/acs/events/", f"{world.grid}x", world.url):
            assert await world.acs.ring(url) == [404]
            assert not await world.acs.validate_cloud(url)
        assert not world.lines


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "rebound.example"}, 421),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
    ],
)
async def test_no_web_page_reaches_it(headers: dict[str, str], status: int) -> None:
    async with acs_world() as world:
        assert await world.post_raw(world.grid, b"[]", **headers) == status


async def test_deliveries_that_cannot_be_read_are_not_worth_another_one() -> None:
    async with acs_world() as world:
        post = world.acs.sending.post
        assert await post(world.grid, [1, {}, {"eventType": "Microsoft.Communication.IncomingCall", "data": {}}]) == 200
        assert await post(world.grid, "x" * 300_000) == 413
        assert await world.post_raw(world.grid, b"{") == 400
        assert world.front_end.refused["body"] == 5
        assert not world.lines


async def test_a_call_in_the_cloud_events_schema_is_taken_too() -> None:
    async with acs_world() as world:
        line, call = await world.talk(cloud=True)
        await still_talks(line, call)


async def test_a_connection_is_only_authentic_when_it_is_made_and_lives_on_when_its_token_expires() -> None:
    async with acs_world() as world:
        line, call = await world.talk()
        await call.media.cut()
        await until(lambda: not line.leg.audible)
        assert await world.connect_media(call, world.acs.sending.token(-301)) == 401
        await until(lambda: call.media.connections == 2)
        await still_talks(line, call)


@pytest.mark.parametrize("mode", ["stream", "platform"])
async def test_no_log_has_a_secret(caplog: pytest.LogCaptureFixture, mode: str) -> None:
    caplog.set_level("DEBUG")
    async with acs_world(mode=mode) as world:
        line, call = await world.talk()
        await still_there(line, call)
        await world.acs.sending.post(call.callback + "x", [], "Bearer x")
        await world.acs.ring(world.grid + "x")
        await line.leg.transfer(Address.parse("+4930333"))
        await until(lambda: line.reasons)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("aiohttp", "asyncio"))]
    for secret in (*call.callback.split("/")[-1:], world.grid.rpartition("/")[2], world.acs.sending.token()[:30]):
        assert not [line for line in ours if secret in line]


async def test_while_keys_cannot_be_fetched_nobody_is_let_in_and_nobody_is_called_a_stranger() -> None:
    def prepare(acs: Any) -> None:
        acs.sending.identity.down = True

    async with acs_world(prepare) as world:
        bearer = f"Bearer {world.acs.sending.token()}"
        assert await world.acs.sending.post(f"{world.url}/acs/calls/x/y", [], bearer) == 503
