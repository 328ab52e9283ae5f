"""The double of Azure Communication Services answers the official client as the service does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from acs import ACCESS_KEY, RESOURCE, AcsService
from aiohttp import web
from waiting import until

from voicebot.bearer_tokens import BearerTokens, NotAuthorized

pytest.importorskip("azure.communication.callautomation", reason="the extra acs is not installed")

from azure.communication.callautomation import MediaStreamingOptions, PhoneNumberIdentifier
from azure.communication.callautomation.aio import CallAutomationClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

ISSUER = "https://acscallautomation.communication.azure.com"


class Application:
    """Takes the events of calls, and their media."""

    def __init__(self) -> None:
        self.incoming: list[dict[str, Any]] = []
        self.events: list[tuple[str, dict[str, Any], str]] = []
        self.messages: list[dict[str, Any]] = []
        self.socket: web.WebSocketResponse | None = None

    async def start(self) -> None:
        application = web.Application()
        application.router.add_post("/grid", self._grid)
        application.router.add_post("/call", self._call)
        application.router.add_get("/media", self._media)
        self.runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def _grid(self, request: web.Request) -> web.Response:
        (event,) = await request.json()
        self.incoming.append(event["data"])
        return web.Response()

    async def _call(self, request: web.Request) -> web.Response:
        for event in await request.json():
            kind = event["type"].removeprefix("Microsoft.Communication.")
            self.events.append((kind, event["data"], request.headers["Authorization"]))
        return web.Response()

    async def _media(self, request: web.Request) -> web.StreamResponse:
        self.socket = web.WebSocketResponse()
        await self.socket.prepare(request)
        async for message in self.socket:
            self.messages.append(message.json())
        return self.socket

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.events]


@asynccontextmanager
async def world() -> AsyncIterator[tuple[AcsService, Application, CallAutomationClient]]:
    application = Application()
    await application.start()
    async with AcsService() as acs, CallAutomationClient(acs.url, AzureKeyCredential(ACCESS_KEY)) as client:
        yield acs, application, client
    await application.runner.cleanup()


def streaming(url: str) -> MediaStreamingOptions:
    return MediaStreamingOptions(
        transport_url=url.replace("http", "ws", 1) + "/media",
        transport_type="websocket",
        content_type="audio",
        audio_channel_type="unmixed",
        start_media_streaming=True,
        enable_bidirectional=True,
        audio_format="pcm16KMono",
        enable_dtmf_tones=True,
    )


async def test_a_call_is_answered_streamed_transferred_in_vain_and_ended() -> None:
    async with world() as (acs, application, client):
        acs.refusals["+49301"] = (486, 8539, "Busy Here")
        assert await acs.ring(f"{application.url}/grid", sip_headers={"X-Ticket": "7"}) == [200]
        (incoming,) = application.incoming
        assert incoming["customContext"]["sipHeaders"] == {"X-Ticket": "7"}
        answered = await client.answer_call(
            incoming["incomingCallContext"], f"{application.url}/call", media_streaming=streaming(application.url)
        )
        await until(lambda: application.kinds()[-1:] == ["MediaStreamingStarted"])
        assert application.kinds() == ["CallConnected", "ParticipantsUpdated", "MediaStreamingStarted"]
        (call,) = acs.calls.values()
        assert answered.call_connection_id == call.id
        await until(lambda: len(application.messages) > 2)
        about, audio, *_ = application.messages
        assert (about["audioMetadata"]["sampleRate"], audio["audioData"]["silent"]) == (16000, True)

        assert application.socket is not None
        for message in ('{"Kind":"AudioData","AudioData":{"Data":"%s"}}' % ("AQAB" * 213 + "AQ=="),):
            for _ in range(9):
                await application.socket.send_str(message)
        await until(lambda: len(call.media.played) >= 2)
        await application.socket.send_str('{"kind":"StopAudio","stopAudio":{}}')
        await until(lambda: call.media.stops)
        assert len(call.media.played) + call.media.stops[0][1] == 9 == len(call.media.arrivals)

        connection = client.get_call_connection(call.id)
        await connection.transfer_call_to_participant(
            PhoneNumberIdentifier("+49301"), operation_context="first", sip_headers={"X-A": "b"}
        )
        await until(lambda: "CallTransferFailed" in application.kinds())
        (wish,) = call.transferred
        assert wish["customCallingContext"]["sipHeaders"] == {"X-A": "b"}
        failed = application.events[-1][1]
        assert (failed["operationContext"], failed["resultInformation"]["sipDetails"]["code"]) == ("first", 486)
        await connection.hang_up(is_for_everyone=True)
        await until(lambda: "CallDisconnected" in application.kinds())
        with pytest.raises(HttpResponseError) as gone:
            await connection.hang_up(is_for_everyone=True)
        assert (gone.value.status_code, gone.value.error and gone.value.error.code) == (404, "8522")


async def test_its_tokens_are_signed_for_the_resource() -> None:
    async with world() as (acs, application, client):
        await acs.ring(f"{application.url}/grid")
        await client.answer_call(application.incoming[0]["incomingCallContext"], f"{application.url}/call")
        await until(lambda: application.events)
        tokens = BearerTokens(acs.sending.metadata_url, [ISSUER], RESOURCE)
        assert (await tokens.claims(application.events[0][2]))["aud"] == RESOURCE
        with pytest.raises(NotAuthorized):
            await tokens.claims(f"Bearer {acs.sending.token(-1000)}")
        await tokens.close()


async def test_requests_that_are_not_signed_well_are_refused() -> None:
    async with world() as (acs, _, _):
        other = CallAutomationClient(acs.url, AzureKeyCredential("bm8gb25lJ3M="))
        with pytest.raises(ClientAuthenticationError):
            await other.reject_call("context")
        await other.close()
        async with aiohttp.ClientSession() as http, http.post(f"{acs.url}/calling/callConnections:reject") as response:
            assert response.status == 401
        assert acs.unsigned == 2 and not acs.requests


async def test_a_call_can_be_rejected_once_and_is_then_gone() -> None:
    async with world() as (acs, application, client):
        await acs.ring(f"{application.url}/grid", cloud=True)
        context = application.incoming[0]["incomingCallContext"]
        await client.reject_call(context, call_reject_reason="busy")
        with pytest.raises(HttpResponseError):
            await client.answer_call(context, f"{application.url}/call")
        assert [body["callRejectReason"] for body in acs.asked("reject")] == ["busy"]


async def test_calls_of_the_application_connect_or_say_why_not() -> None:
    async with world() as (acs, application, client):
        acs.refusals["+49302"] = (603, 8538, "Decline")
        ours = PhoneNumberIdentifier("+4930999")
        for number in ("+49301", "+49302"):
            await client.create_call(
                PhoneNumberIdentifier(number), f"{application.url}/call", source_caller_id_number=ours
            )
        await until(lambda: {"CallConnected", "CreateCallFailed"} <= set(application.kinds()))


async def test_a_request_that_the_client_repeats_is_carried_out_once() -> None:
    async with world() as (acs, application, _):
        client = CallAutomationClient(acs.url, AzureKeyCredential(ACCESS_KEY), retry_backoff_factor=0.01)
        acs.faults.refuse[:] = [503, 503]
        acs.faults.retry_after_s = 0
        await acs.ring(f"{application.url}/grid")
        await client.answer_call(application.incoming[0]["incomingCallContext"], f"{application.url}/call")
        assert len(acs.calls) == 1 == len(acs.asked("answer")), "and those that were refused have no effect"
        await client.close()
