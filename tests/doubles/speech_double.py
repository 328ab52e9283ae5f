"""A Speech service on loopback that does what a test tells it to: the wire side of the real SDK's websocket protocol.

Recognition: counts the audio it gets and sends the scripted results when the stream reaches their offsets. Synthesis:
sends chunks whose bytes are the number of the utterance. ``refuse`` makes it answer the upgrade with a status, ``mute``
makes it accept and say nothing, ``hang`` not even that.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web


@dataclass
class Result:
    """To be sent on a connection when the stream reaches ``at_s`` there."""

    at_s: float
    path: str
    body: dict[str, object]


def hypothesis(at_s: float, text: str, start_s: float, end_s: float) -> Result:
    body = {"Id": "1", "Text": text, "Offset": round(start_s * 1e7), "Duration": round((end_s - start_s) * 1e7)}
    return Result(at_s, "speech.hypothesis", body)


def phrase(at_s: float, text: str, start_s: float, end_s: float, status: str = "Success", **more: object) -> Result:
    body = {
        "Id": "1",
        "RecognitionStatus": status,
        "DisplayText": text,
        "Offset": round(start_s * 1e7),
        "Duration": round((end_s - start_s) * 1e7),
        **more,
    }
    return Result(at_s, "speech.phrase", body)


@dataclass
class Listening:
    """One recognition connection as the service saw it."""

    transport: asyncio.Transport
    query: dict[str, str]
    context: dict[str, object] = field(default_factory=dict)
    header: bytes = b""
    audio: bytearray = field(default_factory=bytearray)
    commits: int = 0
    turns: int = 0

    @property
    def phrases(self) -> list[str]:
        groups = self.context.get("dgi", {}).get("Groups", [])  # type: ignore[attr-defined]
        return [item["Text"] for group in groups for item in group["Items"]]


class SpeechDouble:
    """Start with ``await double.start()``, stop with ``await double.stop()`` (all connections are cut)."""

    def __init__(self) -> None:
        self.port = 0
        self.refuse: list[int] = []
        self.mute = False
        self.hang = False
        self.results: list[list[Result]] = []
        self.chatter = False  # hypotheses without end
        self.listening: list[Listening] = []
        self.chunks = 5
        self.chunk_gap_s = 0.0
        self.render = asyncio.Event()
        """While it is not set, an utterance is stopped after its first chunk."""
        self.render.set()
        self.fail_utterances = 0
        self.ssml: list[str] = []
        self.formats: list[str] = []
        self.cut_utterances = 0
        self.completed = 0
        self.synthesis_connections = 0
        self.requests = 0
        self.authorization: list[str] = []
        self._transports: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None

    @property
    def host(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def start(self, port: int = 0) -> None:
        server = web.Server(self._request)
        self._server = await asyncio.get_running_loop().create_server(server, "127.0.0.1", port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.sleep(0)

    def cut(self) -> None:
        """Cut all connections, and go on."""
        for transport in list(self._transports):
            transport.abort()

    async def _request(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests += 1
        self.authorization.append(
            request.headers.get("Authorization", "") or request.headers.get("Ocp-Apim-Subscription-Key", "")
        )
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        self._transports.add(transport)
        try:
            if self.hang:
                await asyncio.Event().wait()
            if self.refuse:
                return web.Response(status=self.refuse.pop(0))
            socket = web.WebSocketResponse(protocols=["USP"])
            await socket.prepare(request)
            with contextlib.suppress(ConnectionError):
                if "recognition" in request.path:
                    await self._recognise(socket, Listening(transport, dict(request.query)))
                else:
                    await self._synthesise(socket)
            return socket
        finally:
            self._transports.discard(transport)

    async def _recognise(self, socket: web.WebSocketResponse, listening: Listening) -> None:
        self.listening.append(listening)
        due = self.results.pop(0) if self.results else []
        turn = ""
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                head, _, body = message.data.partition("\r\n\r\n")
                if "Path:speech.context" in head:
                    listening.context = json.loads(body)
                if "Path:audio.commit" in head:
                    listening.commits += 1
                continue
            length = int.from_bytes(message.data[:2], "big")
            head, payload = message.data[2 : 2 + length].decode(), message.data[2 + length :]
            request_id = _header(head, "x-requestid")
            if request_id != turn:
                turn, listening.header, listening.audio = request_id, bytes(payload), bytearray()
                listening.turns += 1
                if not self.mute:
                    start = {"context": {"serviceTag": uuid.uuid4().hex}}
                    await socket.send_str(_text(request_id, "turn.start", start))
                    while self.chatter:
                        result = hypothesis(0, "and", 0, 1)
                        await socket.send_str(_text(request_id, result.path, result.body))
                        await asyncio.sleep(0.005)
                continue
            listening.audio += payload
            if self.mute:
                continue
            while due and len(listening.audio) >= due[0].at_s * 8000:
                result = due.pop(0)
                await socket.send_str(_text(request_id, result.path, result.body))
            if not payload:
                seconds = len(listening.audio) / 8000
                end = phrase(seconds, "", seconds, seconds, status="EndOfDictation")
                await socket.send_str(_text(request_id, end.path, end.body))
                await socket.send_str(_text(request_id, "turn.end", {}))

    async def _synthesise(self, socket: web.WebSocketResponse) -> None:
        self.synthesis_connections += 1
        saying: set[asyncio.Task[None]] = set()
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            head, _, body = message.data.partition("\r\n\r\n")
            path = _header(head, "path")
            if path == "synthesis.context":
                self.formats.append(json.loads(body)["synthesis"]["audio"]["outputFormat"])
            elif path == "ssml":
                self.ssml.append(body)
                if not self.mute:
                    # Beside reading, or the client would wait in vain for the answer to its close frame.
                    task = asyncio.create_task(self._say(socket, _header(head, "x-requestid"), len(self.ssml)))
                    saying.add(task)
                    task.add_done_callback(saying.discard)
        for task in saying:
            task.cancel()
            self.cut_utterances += 1

    async def _say(self, socket: web.WebSocketResponse, request_id: str, number: int) -> None:
        if self.fail_utterances:
            self.fail_utterances -= 1
            await socket.close(code=1011)
            return
        stream_id = uuid.uuid4().hex.upper()
        head = f"X-RequestId:{request_id}\r\nX-StreamId:{stream_id}\r\nPath:audio\r\n".encode()
        await socket.send_str(_text(request_id, "turn.start", {"context": {"serviceTag": stream_id}}))
        audio = {"context": {"serviceTag": stream_id}, "audio": {"type": "inline", "streamId": stream_id}}
        await socket.send_str(_text(request_id, "response", audio))
        with contextlib.suppress(ConnectionError):
            for _ in range(self.chunks):
                await socket.send_bytes(len(head).to_bytes(2, "big") + head + bytes([number]) * 800)
                if self.chunk_gap_s:
                    await asyncio.sleep(self.chunk_gap_s)
                await self.render.wait()
            await socket.send_bytes(len(head).to_bytes(2, "big") + head)
            await socket.send_str(_text(request_id, "turn.end", {}))
            self.completed += 1


def _header(head: str, name: str) -> str:
    for line in head.split("\r\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() == name:
            return value.strip()
    return ""


def _text(request_id: str, path: str, body: dict[str, object]) -> str:
    head = f"X-RequestId:{request_id}\r\nPath:{path}\r\nContent-Type:application/json; charset=utf-8\r\n\r\n"
    return head + json.dumps(body)
