"""A chat-completions endpoint on a real socket. ``answers``: what is answered, in order: a text of the model, a status
with headers, bytes as the whole body, or None: nothing. The last one stays."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import uuid4

from aiohttp import web


class ChatDouble:
    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.authorizations: list[str] = []
        self.url = ""
        self._runner: web.AppRunner | None = None
        self._over = asyncio.Event()

    async def __aenter__(self) -> ChatDouble:
        application = web.Application()
        application.router.add_post("/v1/chat/completions", self._complete)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _complete(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append(body)
        self.authorizations.append(request.headers.get("Authorization", ""))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        match answer:
            case None:
                await self._over.wait()
            case (int() as status, dict() as headers):
                error = {"message": "a fault", "type": "server_error", "param": None, "code": None}
                return web.json_response({"error": error}, status=status, headers=headers)
            case bytes():
                return web.Response(body=answer, content_type="application/json")
        message = {"role": "assistant", "content": answer, "refusal": None}
        return web.json_response(
            {
                "id": f"chatcmpl-{uuid4().hex}",
                "object": "chat.completion",
                "created": int(time.time()),
                "model": body["model"],
                "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
            }
        )
