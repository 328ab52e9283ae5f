"""The service's HTTP server: websockets for the two drivers, health, limits, and the scripted faults."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
from types import TracebackType
from typing import Any

from aiohttp import WSMsgType, web

from voicebot.json_body import parse_json
from voicebot.listening import Bounds
from voicebot.listening.descriptors import raise_limit
from voicebot.listening.http import HttpServer, read_body
from voicebot.listening.http_origin import own_names
from voicebot.localspeech.engines import RecognitionEngine, SynthesisEngine
from voicebot.localspeech.framing import malformed_frame
from voicebot.localspeech.recognition_driver import RecognitionDriver
from voicebot.localspeech.scripted import (
    Faults,
    InvalidScript,
    Script,
    ScriptedRecognition,
    ScriptedSynthesis,
)
from voicebot.localspeech.synthesis_driver import SynthesisDriver

_log = logging.getLogger(__name__)

VOICE = {
    "Name": "Offline voice Joe (en-US)",
    "DisplayName": "Joe",
    "LocalName": "Joe",
    "ShortName": "en-US-JoeOffline",
    "Gender": "Male",
    "Locale": "en-US",
    "LocaleName": "English (United States)",
    "SampleRateHertz": "22050",
    "VoiceType": "Neural",
    "Status": "GA",
}

_MAX_FRAME = 1 << 20
_BESIDE_SESSIONS = 56
"""Connections besides those of sessions: of who asks for health or voices, or is refused."""
_DRAIN_S = 2.0


class LocalSpeech:
    """The service, in this process: ``async with LocalSpeech(recognition, synthesis) as service: service.port``.

    Args:
        recognition, synthesis: the engines; None with a ``script``. May be set later; connections get 503 till then.
        script: answer by script instead, and accept another at ``POST /control``.
        require_key: answer 401 to whoever does not bring this key (``Ocp-Apim-Subscription-Key``, or a bearer token).
        max_sessions: recognition and synthesis connections at a time, each; more are refused with 429.
    """

    def __init__(
        self,
        recognition: RecognitionEngine | None = None,
        synthesis: SynthesisEngine | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        script: Script | None = None,
        require_key: str = "",
        max_sessions: int = 200,
    ) -> None:
        self.recognition: RecognitionEngine | None = recognition
        self.synthesis: SynthesisEngine | None = synthesis
        self.script = script
        self.faults = Faults()
        self._scripted: tuple[ScriptedRecognition, ScriptedSynthesis] | None = None
        if script is not None:
            self._scripted = (ScriptedRecognition(script), ScriptedSynthesis(script))
            self.recognition = self._scripted[0]
            self.synthesis = self._scripted[1]
        self.host = host
        self.port = port
        self._require_key = require_key
        self._max_sessions = max_sessions
        self._open: dict[str, set[web.WebSocketResponse]] = {"recognition": set(), "synthesis": set()}
        self._counts = {"recognition": 0, "synthesis": 0, "refused": 0, "malformed": 0}
        self._server: HttpServer | None = None

    @property
    def ready(self) -> bool:
        return self.recognition is not None and self.synthesis is not None

    async def __aenter__(self) -> LocalSpeech:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen; :attr:`port` is the real one then.

        Raises:
            OSError: the address is taken or not ours.
        """
        app = web.Application(client_max_size=1 << 20)
        route = app.router.add_get
        for mode in ("interactive", "conversation", "dictation"):
            route(f"/speech/recognition/{mode}/cognitiveservices/v1", self._recognise)
        route("/cognitiveservices/websocket/v1", self._synthesise)
        route("/tts/cognitiveservices/websocket/v1", self._synthesise)
        route("/cognitiveservices/voices/list", self._voices)
        route("/tts/cognitiveservices/voices/list", self._voices)
        route("/health", self._health)
        if self.script is not None:
            app.router.add_post("/control", self._control)
        # They all come from one process, so one source may have all of them.
        connections = min(2 * self._max_sessions + _BESIDE_SESSIONS, raise_limit() * 3 // 4)
        bounds = Bounds(connections, connections)
        self._server = HttpServer(app, names=own_names(self.host), bounds=bounds, grace_s=_DRAIN_S)
        await self._server.listen(self.host, self.port)
        self.port = self._server.port

    async def close(self) -> None:
        """Close all connections and stop listening. Harmless twice."""
        for sockets in self._open.values():
            for socket in list(sockets):
                with contextlib.suppress(Exception):
                    await asyncio.wait_for(socket.close(code=1001, message=b"service is going away"), 0.5)
        server, self._server = self._server, None
        if server is not None:
            await server.close()

    def set_script(self, script: Script) -> None:
        """Follow another script from now on, and count its faults from 0. Open connections stay, and follow it, too."""
        if self._scripted is None:
            raise RuntimeError("this service is not scripted")
        self.script = script
        for engine in self._scripted:
            engine.script = script
        self.faults = Faults()

    # --- plain HTTP ---------------------------------------------------------------------------------------------------

    async def _health(self, request: web.Request) -> web.Response:
        body = {
            "status": "ready" if self.ready else "loading",
            "sessions": sum(map(len, self._open.values())),
            "recognition_sessions": len(self._open["recognition"]),
            "synthesis_sessions": len(self._open["synthesis"]),
            "scripted": self.script is not None,
            "final_wait_s": round(self.recognition.final_wait_s, 3) if self.recognition is not None else 0.0,
            "connections": dict(self._counts),
        }
        return web.json_response(body, status=200 if self.ready else 503)

    async def _voices(self, request: web.Request) -> web.Response:
        if not self._authorised(request):
            return web.Response(status=401, text="Unauthorized")
        return web.json_response([VOICE])

    async def _control(self, request: web.Request) -> web.Response:
        try:
            self.set_script(Script.from_json(parse_json(await read_body(request))))
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"status": "ok"})

    # --- websockets ---------------------------------------------------------------------------------------------------

    def _authorised(self, request: web.Request) -> bool:
        if not self._require_key:
            return True
        key = request.headers.get("Ocp-Apim-Subscription-Key", "")
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        wanted = self._require_key.encode()
        return any(hmac.compare_digest(given.encode(errors="surrogateescape"), wanted) for given in (key, bearer))

    def _refusal(self, request: web.Request, service: str) -> web.Response | None:
        if not self._authorised(request):
            return web.Response(status=401, text="Unauthorized")
        if self.script is not None:
            status = self.faults.refuses(self.script, service)
            if status:
                return web.Response(status=status, text="refused by the script")
        if not self.ready:
            return web.Response(status=503, text="models are being loaded")
        if len(self._open[service]) >= self._max_sessions:
            return web.Response(status=429, text="too many sessions", headers={"Retry-After": "1"})
        return None

    async def _recognise(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, "recognition")

    async def _synthesise(self, request: web.Request) -> web.StreamResponse:
        return await self._serve(request, "synthesis")

    async def _serve(self, request: web.Request, service: str) -> web.StreamResponse:
        refusal = self._refusal(request, service)
        if refusal is not None:
            self._counts["refused"] += 1
            return refusal
        socket = web.WebSocketResponse(protocols=("USP",), max_msg_size=_MAX_FRAME, heartbeat=None, autoping=True)
        if not socket.can_prepare(request).ok:
            return web.Response(status=426, text="this is a websocket endpoint", headers={"Upgrade": "websocket"})
        self._open[service].add(socket)
        self._counts[service] += 1
        drop: asyncio.TimerHandle | None = None
        connection: RecognitionDriver | SynthesisDriver | None = None
        try:
            await socket.prepare(request)
            if self.script is not None:
                after_s = self.faults.drops_after_s(self.script, service)
                if after_s and request.transport is not None:
                    drop = asyncio.get_running_loop().call_later(after_s, request.transport.abort)
            connection = self._connection(service, socket, request)
            await self._pump(socket, connection, service)
        except (ConnectionError, web.HTTPException):
            _log.debug("a %s connection broke", service)
        finally:
            self._open[service].discard(socket)
            if drop is not None:
                drop.cancel()
            if connection is not None:
                await connection.close()
                self._counts["malformed"] += connection.malformed
        # a client that left during the handshake: aiohttp wants some response, though nobody reads it
        return socket if socket.prepared else web.Response(status=400)

    def _connection(
        self, service: str, socket: web.WebSocketResponse, request: web.Request
    ) -> RecognitionDriver | SynthesisDriver:
        assert self.recognition is not None and self.synthesis is not None
        if service == "recognition":
            mode = request.path.split("/")[3]
            return RecognitionDriver(socket, self.recognition, mode, dict(request.query))
        return SynthesisDriver(socket, self.synthesis, self._stalls)

    async def _pump(
        self, socket: web.WebSocketResponse, connection: RecognitionDriver | SynthesisDriver, service: str
    ) -> None:
        async for message in socket:
            if self._muted(service):
                continue
            if self.script is not None and self.faults.malforms(self.script, service):
                await socket.send_bytes(malformed_frame())
            if message.type is WSMsgType.TEXT:
                await connection.text(message.data)
            elif message.type is WSMsgType.BINARY:
                await connection.binary(message.data)
            else:
                break
            if socket.closed:
                break

    def _stalls(self) -> bool:
        return self.script is not None and self.script.stall_synthesis

    def _muted(self, service: str) -> bool:
        return self.script is not None and self.script.mute and self.script.faults_on in ("both", service)


def script_from(text: str) -> Script:
    """A script from JSON text.

    Raises:
        InvalidScript: not JSON, or not a script.
    """
    try:
        data: Any = json.loads(text)
    except ValueError as error:
        raise InvalidScript(f"not JSON: {error}") from error
    return Script.from_json(data)
