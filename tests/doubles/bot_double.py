"""A Bot Framework bot in this process, on a real socket: over HTTP and over the streaming websocket.

``behave(bot, activity, reply)`` is the bot's mind; it may raise, be slow, reply twice, and answer with a status.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import aiohttp
from aiohttp import web

from voicebot.bots.streaming_frames import StreamingDecoder, StreamingRequest, encode_request, encode_response

Activity = dict[str, Any]
Reply = Callable[..., Awaitable[int]]
Behave = Callable[["BotDouble", Activity, Reply], Awaitable[int | None]]


async def echo(_: BotDouble, activity: Activity, reply: Reply) -> None:
    """Says what it hears."""
    if activity["type"] == "message":
        await reply(f"You said {activity['text']}.")


class BotDouble:
    """``received``: the activities in their order; ``authorizations``: what each was shown with; ``traces``: to which
    trace it belonged."""

    def __init__(self, behave: Behave = echo) -> None:
        self.behave = behave
        self.received: list[Activity] = []
        self.authorizations: list[str] = []
        self.traces: list[str] = []
        self.busy = self.most_busy = 0
        self.token = ""
        self.url = ""
        self.sockets: list[web.WebSocketResponse] = []
        self._runner: web.AppRunner | None = None
        self._http: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0) -> None:
        application = web.Application()
        application.router.add_post("/api/messages", self._messages)
        application.router.add_get("/api/messages", self._streaming)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/api/messages"
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.drop()
        if self._http is not None:
            await self._http.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def drop(self) -> None:
        """Cut all websockets, as a process that dies does."""
        for socket in self.sockets:
            if socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()
        self.sockets.clear()

    async def _turn(self, activity: Activity, reply: Reply) -> int:
        self.received.append(activity)
        self.busy += 1
        self.most_busy = max(self.busy, self.most_busy)
        try:
            return await self.behave(self, activity, reply) or 200
        finally:
            self.busy -= 1

    # --- HTTP ---

    async def _messages(self, request: web.Request) -> web.Response:
        activity = await request.json()
        self.authorizations.append(request.headers.get("Authorization", ""))
        self.traces.append(request.headers.get("traceparent", ""))
        expected: list[Activity] | None = [] if activity.get("deliveryMode") == "expectReplies" else None

        async def reply(text: str = "", *, again: int = 0, request_id: str = "", **fields: Any) -> int:
            answer = {"type": "message", "text": text, "replyToId": activity["id"], **fields}
            if expected is not None:
                expected.append(answer)
                return 200
            status = 0
            for _ in range(1 + again):
                status = await self.post(activity, answer, request_id)
            return status

        status = await self._turn(activity, reply)
        return web.json_response({"activities": expected} if expected is not None else None, status=status)

    async def post(self, activity: Activity, answer: Activity, request_id: str = "") -> int:
        """Send ``answer`` to where ``activity`` came from."""
        assert self._http is not None
        path = f"v3/conversations/{activity['conversation']['id']}/activities/{activity['id'].replace('|', '%7C')}"
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if request_id:
            headers["x-ms-client-request-id"] = request_id
        url = activity["serviceUrl"] + path
        async with self._http.post(url, json=answer, headers=headers) as response:
            return response.status

    # --- streaming ---

    async def _streaming(self, request: web.Request) -> web.WebSocketResponse:
        self.authorizations.append(request.headers.get("Authorization", ""))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        decoder, pending = StreamingDecoder(), {}
        sending = asyncio.Lock()

        async def send(frames: Any) -> None:
            async with sending:
                for frame in frames:
                    await socket.send_bytes(frame)

        async def serve(asked: StreamingRequest) -> None:
            activity = json.loads(asked.body)

            async def reply(text: str = "", **fields: Any) -> int:
                answer = {"type": "message", "text": text, "replyToId": activity["id"], **fields}
                path = f"/v3/conversations/{activity['conversation']['id']}/activities/{activity['id']}"
                number = str(uuid4())
                pending[number] = asyncio.get_running_loop().create_future()
                await send(encode_request(number, "POST", path, json.dumps(answer).encode()))
                return int(await pending[number])

            status = await self._turn(activity, reply)
            with contextlib.suppress(ConnectionError, aiohttp.ClientError):
                await send(encode_response(asked.id, status))

        async for message in socket:
            for whole in decoder.feed(message.data):
                if isinstance(whole, StreamingRequest):
                    task = asyncio.create_task(serve(whole))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
                elif whole.id in pending:
                    pending[whole.id].set_result(whole.status)
        return socket
