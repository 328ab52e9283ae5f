"""A call at the platform: its state, and the events that it sends to the application's callback."""

from __future__ import annotations

import asyncio
import base64
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp

from acs.media import AcsMedia
from acs.sending import Sending
from acs.talk import AcsTalk

PREFIX = "Microsoft.Communication."
MOMENT_S = 0.01
"""Between a response and the event that follows it."""
GRACEFUL = {"code": 200, "subCode": 7000, "message": "The conversation has ended."}


class AcsCall:
    """``wish``: the request that began it. ``caller``: the number at the other end. ``speed``: how much faster than in
    truth texts are spoken."""

    def __init__(
        self, sending: Sending, wish: dict[str, Any], caller: str, correlation: str = "", speed: float = 1.0
    ) -> None:
        self.sending = sending
        self.id = str(uuid.uuid4())
        self.server_id = base64.b64encode(uuid.uuid4().bytes).decode()
        self.correlation = correlation or str(uuid.uuid4())
        self.caller = caller
        self.callback: str = wish["callbackUri"]
        self.context: str | None = wish.get("operationContext")
        self.wanted_media: dict[str, Any] = wish.get("mediaStreamingOptions") or {}
        self.media = AcsMedia(f"4:{caller}")
        self.speed = speed
        intelligence = wish.get("callIntelligenceOptions") or {}
        self.talk = AcsTalk(self, intelligence.get("cognitiveServicesEndpoint", ""))
        self.connected = False
        self.over = asyncio.Event()
        self.transferred: list[dict[str, Any]] = []
        """The requests to transfer it."""
        self.refusal: tuple[int, int, str] | None = None
        """How every target refuses it; None: as the platform's list says."""
        self.may_be_transferred = asyncio.Event()
        """Until it is set, targets ring."""
        self.may_be_transferred.set()
        self.others: list[str] = []
        """The raw ids of those who were moved into it."""
        self.goes_on = False
        """It was transferred: it is over for the application only."""
        self.left = False
        """The application has left it, and the others talk on."""
        self.tones = ""
        """Keys that the application has sent to the caller."""
        self.delivered: list[tuple[str, int]] = []
        """The kind of each event that was sent, and the status of the answer."""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def media_url(self) -> str:
        return str(self.wanted_media["transportUrl"])

    def summary(self) -> dict[str, Any]:
        """The call as responses show it."""
        return {
            "callConnectionId": self.id,
            "serverCallId": self.server_id,
            "correlationId": self.correlation,
            "callConnectionState": "connected" if self.connected else "connecting",
            "callbackUri": self.callback,
            "targets": [],
        }

    def later(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        self.over.set()
        await self.media.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- its life

    async def connect(self) -> None:
        """It was answered: tell that, and open the websocket."""
        if not self.sending.faults.event_before_response:
            await asyncio.sleep(MOMENT_S)
        streams = bool(self.wanted_media.get("startMediaStreaming"))
        if streams and self.sending.faults.media_before_connected:
            await self.stream()
            streams = False
        await self.tell_connected()
        if streams:
            await self.stream()

    async def tell_connected(self) -> None:
        if not self.connected:
            self.connected = True
            await self.tell("CallConnected")
            await self.tell("ParticipantsUpdated", sequenceNumber=1, participants=[])

    async def end(self, result: dict[str, Any] | None = None) -> None:
        """Somebody has hung up."""
        if self.over.is_set():
            return
        self.over.set()
        self.talk.cancel()
        await self.media.close()
        await self.tell("CallDisconnected", resultInformation=result or GRACEFUL)

    async def fail(self, kind: str, status: int, sub_code: int, text: str) -> None:
        """It never came to be: ``CreateCallFailed``, ``AnswerFailed``."""
        self.over.set()
        await asyncio.sleep(MOMENT_S)
        await self.tell(kind, resultInformation=_result(status, sub_code, text))

    async def transfer(self, wish: dict[str, Any], refusal: tuple[int, int, str] | None) -> None:
        """``refusal``: the SIP status, the subcode and the text of a target that does not take it."""
        faults, context = self.sending.faults, wish.get("operationContext")
        self.transferred.append(wish)
        await asyncio.sleep(MOMENT_S)
        await self.may_be_transferred.wait()
        refusal = self.refusal or refusal
        if refusal is not None:
            if faults.ends_by_failed_transfer:
                await self.end()
            await self.tell("CallTransferFailed", operationContext=context, resultInformation=_result(*refusal))
            return
        self.goes_on = True
        if faults.end_before_accepted:
            await self.end()
        target = wish["targetParticipant"]
        await self.tell("CallTransferAccepted", operationContext=context, transferTarget=target)
        if not faults.call_after_transfer:
            await self.end()

    async def move_here(self, wish: dict[str, Any], source: AcsCall | None) -> None:
        """Take a participant over from ``source``; None: there is no such call."""
        await asyncio.sleep(MOMENT_S)
        (moved,) = [each["rawId"] for each in wish["targetParticipants"]]
        about = {"operationContext": wish.get("operationContext"), "participant": {"rawId": moved}}
        if source is None or moved != source.media.participant or self.sending.faults.cannot_move:
            result = {"code": 400, "subCode": 8500, "message": "the participant cannot be moved"}
            await self.tell("MoveParticipantFailed", fromCall=wish["fromCall"], resultInformation=result, **about)
            return
        self.others.append(moved)
        await self.tell("MoveParticipantSucceeded", fromCall=wish["fromCall"], **about)
        await source.end()

    async def stream(self, **headers: str) -> None:
        """Open the websocket, and tell whether that succeeded."""
        faults = self.sending.faults
        if faults.media == "never":
            return
        shown = {
            "Authorization": f"Bearer {self.sending.token(86_400)}",
            "x-ms-call-connection-id": self.id,
            "x-ms-call-correlation-id": self.correlation,
        } | headers
        try:
            if faults.media == "fails":
                raise aiohttp.ClientError("as the test wants it")
            await self.media.connect(self.sending.http, self.media_url, shown)
        except (aiohttp.ClientError, OSError) as error:
            await self._tell_of_media("Failed", "initialWebSocketConnectionFailed", 8581,
                                      f"Action failed, Transport url is not valid or web socket server is not "
                                      f"operational. {type(error).__name__}")  # fmt: skip
            return
        self.later(self.media.run())
        await self._tell_of_media("Started", "subscriptionStarted", 0, "")

    async def _tell_of_media(self, what: str, details: str, sub_code: int, text: str) -> None:
        update = {"contentType": "audio", "mediaStreamingStatus": f"mediaStreaming{what}",
                  "mediaStreamingStatusDetails": details}  # fmt: skip
        result = {"code": 400 if sub_code else 200, "subCode": sub_code, "message": text}
        await self.tell(f"MediaStreaming{what}", mediaStreamingUpdate=update, resultInformation=result)

    # --- events

    def event(self, kind: str, **data: Any) -> dict[str, Any]:
        """A call event as the callback gets it: a CloudEvent."""
        place = f"calling/callConnections/{self.id}"
        return {
            "id": str(uuid.uuid4()),
            "source": place,
            "subject": place,
            "type": PREFIX + kind,
            "specversion": "1.0",
            "datacontenttype": "application/json",
            "time": "2026-11-28T00:00:00Z",
            "data": {
                "version": "2026-03-12",
                "callConnectionId": self.id,
                "serverCallId": self.server_id,
                "correlationId": self.correlation,
                "publicEventType": PREFIX + kind,
                "resultInformation": {"code": 200, "subCode": 0, "message": ""},
            }
            | ({"operationContext": self.context} if self.context else {})
            | data,
        }

    async def tell(self, kind: str, **data: Any) -> None:
        """Send an event, as often as the faults want it."""
        event = self.event(kind, **data)
        for _ in range(self.sending.faults.events_times):
            status = await self.sending.post(self.callback, [event], f"Bearer {self.sending.token(300)}")
            self.delivered.append((kind, status))

    def got(self, kind: str) -> Callable[[], bool]:
        """Whether an event of this kind was sent and answered."""
        return lambda: any(sent == kind for sent, _ in self.delivered)


def _result(status: int, sub_code: int, text: str) -> dict[str, Any]:
    return {"code": status, "subCode": sub_code, "message": text, "sipDetails": {"code": status, "message": text}}
