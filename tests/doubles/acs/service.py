"""The platform's REST interface, whose requests are signed (HMAC), and what it sends by Event Grid."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import uuid
from typing import Any

from aiohttp import web

from acs.call import AcsCall
from acs.faults import Faults
from acs.recordings import Recordings
from acs.sending import Sending
from acs.talk import TONES, Refused

ACCESS_KEY = base64.b64encode(b"the access key of the resource of the double").decode()
API_VERSION = "2026-03-12"
NOT_FOUND = ("8522", "Call not found.")


class AcsService:
    """``async with AcsService() as acs``. ``refusals``: how numbers that are called, or transferred to, refuse: the SIP
    status, the subcode and a text. ``silent``: numbers that ring and are not answered. ``speed``: see
    :class:`AcsCall`."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self.faults = Faults()
        self.sending = Sending(self.faults)
        self.calls: dict[str, AcsCall] = {}
        self.recordings = Recordings(self.calls)
        self.refusals: dict[str, tuple[int, int, str]] = {}
        self.silent: set[str] = set()
        self.requests: list[tuple[str, str, dict[str, Any]]] = []
        """Method, path and body of each request that was signed well."""
        self.unsigned = 0
        self.correlation = ""
        """The id of the calls that come next; empty: each has its own."""
        self.url = ""
        self._ringing: dict[str, tuple[str, str]] = {}
        """By the context of the event: the caller, and the correlation id."""
        self._done: dict[str, web.Response] = {}
        """Responses by the request's id, for requests that are repeated."""
        self._runner: web.AppRunner

    async def __aenter__(self) -> AcsService:
        await self.sending.__aenter__()
        application = web.Application()
        application.router.add_route("*", "/calling/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await asyncio.gather(*(call.close() for call in self.calls.values()))
        await self.sending.__aexit__()
        await self._runner.cleanup()

    def asked(self, path: str) -> list[dict[str, Any]]:
        """The bodies of requests whose paths end in ``path``."""
        return [body for _, asked, body in self.requests if asked.endswith(path)]

    # --- what it sends

    async def validate(self, url: str) -> bool:
        """The handshake of a subscription in Event Grid's own schema."""
        code = str(uuid.uuid4())
        event = self._grid("Microsoft.EventGrid.SubscriptionValidationEvent", {"validationCode": code})
        async with self.sending.http.post(
            url, json=[event], headers={"aeg-event-type": "SubscriptionValidation"}
        ) as response:
            return response.status == 200 and (await response.json()).get("validationResponse") == code

    async def validate_cloud(self, url: str) -> bool:
        """The handshake of a subscription in the CloudEvents schema."""
        origin = "eventgrid.azure.net"
        async with self.sending.http.options(url, headers={"WebHook-Request-Origin": origin}) as response:
            return response.status == 200 and response.headers.get("WebHook-Allowed-Origin") in (origin, "*")

    async def ring(
        self,
        url: str,
        caller: str = "+4930123456",
        callee: str = "+4930999",
        *,
        times: int = 1,
        cloud: bool = False,
        sip_headers: dict[str, str] | None = None,
    ) -> list[int]:
        """Somebody calls: the event is delivered so many times, all at once. Returns the statuses."""
        context = "eyJhbGciOiJub25lIn0." + base64.urlsafe_b64encode(uuid.uuid4().bytes * 20).decode()
        correlation = self.correlation or str(uuid.uuid4())
        self._ringing[context] = caller, correlation
        data = {
            "to": _number(callee),
            "from": _number(caller),
            "serverCallId": "c2VydmVy",
            "callerDisplayName": "",
            "incomingCallContext": context,
            "customContext": {"sipHeaders": sip_headers or {}, "voipHeaders": {}},
            "correlationId": correlation,
        }
        grid = self._grid("Microsoft.Communication.IncomingCall", data)
        body: Any = [_cloud(grid)] if cloud else [grid]
        return list(
            await asyncio.gather(
                *(self.sending.post(url, body, **{"aeg-event-type": "Notification"}) for _ in range(times))
            )
        )

    def _grid(self, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": str(uuid.uuid4()),
            "topic": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Communication/communicationServices/acs",
            "subject": "/phoneCall",
            "data": data,
            "eventType": kind,
            "dataVersion": "1.0",
            "metadataVersion": "1",
            "eventTime": "2026-11-28T00:00:00Z",
        }

    # --- REST

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not _is_signed(request, body):
            self.unsigned += 1
            return _error(401, "Denied", "Denied by the resource provider.")
        if request.query.get("api-version") != API_VERSION:
            return _error(400, "8500", f"api-version {request.query.get('api-version')}")
        if self.faults.refuse:
            refused = _error(self.faults.refuse.pop(0), "RetryLater", "as the test wants it")
            if self.faults.retry_after_s is not None:
                refused.headers["Retry-After"] = str(self.faults.retry_after_s)
            return refused
        path, wish = request.match_info["path"], json.loads(body) if body else {}
        self.requests.append((request.method, path, wish))
        repeated = request.headers.get("Repeatability-Request-ID", "")
        if repeated not in self._done:
            self._done[repeated] = await self._carry_out(request.method, path, wish)
        done = self._done[repeated] if repeated else self._done.pop(repeated)
        return web.Response(status=done.status, body=done.body, content_type=done.content_type)

    async def _carry_out(self, method: str, path: str, wish: dict[str, Any]) -> web.Response:
        if path == "callConnections:answer":
            return await self._answered(wish)
        if path == "callConnections:reject":
            return self._rejected(wish)
        if path == "callConnections":
            return self._created(wish)
        if path.startswith("recordings"):
            return self.recordings.answer(method, path, wish) or _error(404, *NOT_FOUND)
        match = re.fullmatch(r"callConnections/([^/:]+)(?:/participants)?(?::(\w+))?", path)
        call = self.calls.get(match[1]) if match else None
        if match is None or call is None or call.over.is_set():
            return _error(404, *NOT_FOUND)
        if method == "GET":
            return web.json_response(call.summary())
        if method == "DELETE":
            call.left = True
            call.later(call.end())
            return web.Response(status=204)
        return self._act(call, match[2] or "", wish)

    async def _answered(self, wish: dict[str, Any]) -> web.Response:
        ringing = self._ringing.pop(wish["incomingCallContext"], None)
        if ringing is None:
            return _error(404, *NOT_FOUND)
        caller, correlation = ringing
        call = self._new(wish, caller, correlation)
        if self.faults.hangs_up_unanswered:
            call.over.set()
            return _error(404, *NOT_FOUND)
        if self.faults.hangs_up_answered:
            call.later(call.end())
            return web.json_response(call.summary())
        if self.faults.event_before_response:
            await call.tell_connected()
        call.later(call.connect())
        return web.json_response(call.summary())

    def _rejected(self, wish: dict[str, Any]) -> web.Response:
        if self._ringing.pop(wish["incomingCallContext"], None) is None:
            return _error(404, *NOT_FOUND)
        return web.Response(status=204)

    def _created(self, wish: dict[str, Any]) -> web.Response:
        number = wish["targets"][0]["phoneNumber"]["value"]
        call = self._new(wish, number)
        if number in self.refusals:
            call.later(call.fail("CreateCallFailed", *self.refusals[number]))
        elif number not in self.silent:
            call.later(call.connect())
        return web.json_response(call.summary(), status=201)

    def _new(self, wish: dict[str, Any], caller: str, correlation: str = "") -> AcsCall:
        call = AcsCall(self.sending, wish, caller, correlation, self.speed)
        self.calls[call.id] = call
        return call

    def _act(self, call: AcsCall, action: str, wish: dict[str, Any]) -> web.Response:
        context = {"operationContext": wish.get("operationContext")}
        match action:
            case "terminate":
                call.later(call.end())
                return web.Response(status=204)
            case "transferToParticipant":
                number = wish["targetParticipant"].get("phoneNumber", {}).get("value", "")
                call.later(call.transfer(wish, self.refusals.get(number)))
                return web.json_response(context, status=202)
            case "startMediaStreaming":
                if not self.faults.forgets_to_stream_again:
                    call.later(call.stream())
                return web.Response(status=202)
            case "stopMediaStreaming":
                call.later(call.media.close())
                return web.Response(status=202)
            case "moveHere":
                source = self.calls.get(wish["fromCall"])
                call.later(call.move_here(wish, None if source is None or source.over.is_set() else source))
                return web.json_response(context, status=202)
            case "play" | "recognize":
                try:
                    call.talk.play(wish) if action == "play" else call.talk.recognize(wish)
                except Refused as wrong:
                    return _error(400, "8500", str(wrong))
                return web.Response(status=202)
            case "cancelAllMediaOperations":
                call.talk.cancel()
                return web.Response(status=202)
            case "sendDtmfTones":
                call.tones += "".join(TONES[tone] for tone in wish["tones"])
                return web.json_response(context, status=202)
        return _error(400, "8500", f"the double does not know {action}")


def _is_signed(request: web.Request, body: bytes) -> bool:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    date, host = request.headers.get("x-ms-date", ""), request.headers["Host"]
    signed = f"{request.method}\n{request.raw_path}\n{date};{host};{digest}"
    wanted = base64.b64encode(hmac.digest(base64.b64decode(ACCESS_KEY), signed.encode(), "sha256")).decode()
    shown = request.headers.get("Authorization", "").rpartition("Signature=")[2]
    return hmac.compare_digest(shown, wanted) and request.headers.get("x-ms-content-sha256") == digest


def _number(number: str) -> dict[str, Any]:
    return {"kind": "phoneNumber", "rawId": f"4:{number}", "phoneNumber": {"value": number}}


def _cloud(grid: dict[str, Any]) -> dict[str, Any]:
    """An event of Event Grid's own schema as a CloudEvent."""
    return {
        "id": grid["id"],
        "source": grid["topic"],
        "subject": grid["subject"],
        "type": grid["eventType"],
        "data": grid["data"],
        "time": grid["eventTime"],
        "specversion": "1.0",
    }


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)
