"""What callers hear when the speech service is away or silent from the start."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest
from served import Service
from telephone import LOOPBACK, calling

from voicebot.audio import PCMU
from voicebot.speech import apology

pytestmark = pytest.mark.slow

SILENCE_LIMIT_S = 15.0


@pytest.fixture
def dead_url() -> str:
    """Where nobody listens."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return f"ws://{LOOPBACK}:{probe.getsockname()[1]}"


@pytest.fixture
def silent_url() -> Iterator[str]:
    """Where connections are taken, and nothing is answered: what a service is that was stopped (SIGSTOP)."""
    with socket.create_server((LOOPBACK, 0), backlog=100) as server:
        yield f"ws://{LOOPBACK}:{server.getsockname()[1]}"


@pytest.mark.parametrize("away", ["dead_url", pytest.param("silent_url", marks=pytest.mark.long)])
async def test_without_a_speech_service_at_the_start_the_caller_hears_an_apology_and_is_let_go(
    serve: Callable[..., Service], request: pytest.FixtureRequest, away: str
) -> None:
    service = serve(speech__service="url", speech__url=request.getfixturevalue(away))
    async with calling(service.uri) as phone:
        print(f"answered after {phone.answered - phone.invited:.1f} s")
        await phone.until_hears("speech-service", 0)
        await phone.until_ended()
        assert apology("speech-service", PCMU) in phone.audio(), "to its last word"
        assert not phone.transfers
        assert phone.longest_silence_s(phone.invited, phone.last_audible) < SILENCE_LIMIT_S


async def test_without_a_speech_service_at_the_start_the_caller_is_handed_to_the_fallback(
    serve: Callable[..., Service], dead_url: str
) -> None:
    service = serve(speech__service="url", speech__url=dead_url, calls__fallback_transfer="sip:people@127.0.0.1")
    async with calling(service.uri) as phone:
        await phone.until_hears("transfer", 0)
        await phone.until_ended()
        assert apology("transfer", PCMU) in phone.audio(), "to its last word"
        assert phone.transfers == ["sip:people@127.0.0.1"]
