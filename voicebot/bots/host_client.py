"""The way to the dialog host: one Unix-socket connection that all calls share (protocol: ``voicebot/host/wire.py``).

The connection is made again by itself, with a back-off, whenever the host went away; what was asked meanwhile or had
not been answered fails at once, and the conversations that lost something are told when the host is back. A host that
is there but says nothing is found by each request's deadline, and by :meth:`DialogHostClient.ping`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import random
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from voicebot.bots import activities
from voicebot.bots.conversation import CallFacts, OnEvent
from voicebot.bots.requests import Requests
from voicebot.events import Event

logger = logging.getLogger(__name__)

MAX_LINE = 1 << 20
MAX_BUFFERED = 4 * MAX_LINE
"""Bytes that may wait for a host that does not read; beyond it requests are refused."""
TURN_TIMEOUT_S = 10.0
HOST_GRACE_S = 0.25
"""The host is given the deadline as well and reports a dialog that exceeds it; only a host that hangs is slower."""
FIRST_RETRY_S = 0.05
"""Not at once: a process that is being killed loses its connections before its listener, which would take us in."""
LAST_RETRY_S = 0.1
STILL_AWAY_S = 5.0


class HostUnavailable(Exception):
    """The dialog host is not connected, or did not answer in time."""


class DialogHostClient:
    """``start`` and ``close`` belong to its owner; conversations may be made at any time."""

    def __init__(self, socket_path: Path | str, *, turn_timeout_s: float = TURN_TIMEOUT_S) -> None:
        self._path = str(socket_path)
        self._turn_timeout_s = turn_timeout_s
        self._numbers = itertools.count(1)
        self._writer: asyncio.StreamWriter | None = None
        self._connected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._open: dict[str, _HostConversation] = {}
        self._turns: dict[int, tuple[_HostConversation, int]] = {}
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.malformed = 0
        """Lines of the host that made no sense and were dropped."""

    @property
    def connected(self) -> bool:
        return self._writer is not None

    @property
    def conversations(self) -> int:
        """How many conversations are open."""
        return len(self._open)

    async def start(self, timeout_s: float = 10.0) -> None:
        """Connect, and stay connected from now on. Raises :class:`HostUnavailable` when that takes too long."""
        if self._task is None:
            self._task = asyncio.create_task(self._stay_connected(), name="dialog host client")
        try:
            async with asyncio.timeout(timeout_s):
                await self._connected.wait()
        except TimeoutError:
            raise HostUnavailable(f"no dialog host at {self._path}") from None

    async def close(self) -> None:
        """Disconnect. Open conversations hear ``BotFailed`` for what is outstanding; harmless when called again."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def conversation(self, call: CallFacts, on_event: OnEvent) -> _HostConversation:
        """A conversation for a call; nothing is sent yet."""
        conversation = _HostConversation(self, call, on_event, self._turn_timeout_s + HOST_GRACE_S)
        self._open[call.call_id] = conversation
        return conversation

    async def ping(self, timeout_s: float = 1.0) -> bool:
        """Whether the host's loop answers; a dialog that blocks it makes this False."""
        try:
            await self._ask("ping", timeout_s)
        except HostUnavailable:
            return False
        return True

    async def prompts(self, timeout_s: float = 5.0) -> list[dict[str, str]]:
        """The dialogs' fixed prompts, ``{"text", "locale", "audio"}`` each. Raises :class:`HostUnavailable`."""
        answer = await self._ask("prompts", timeout_s)
        found = answer.get("prompts")
        return [
            {"text": prompt["text"], **{name: str(prompt.get(name) or "") for name in ("locale", "audio")}}
            for prompt in (found if isinstance(found, list) else [])
            if isinstance(prompt, dict) and isinstance(prompt.get("text"), str)
        ]

    async def take_texts(self, accept: bool, timeout_s: float = 5.0) -> None:
        """Have the host begin or end to take requests at ``/api/messages``. Raises :class:`HostUnavailable`."""
        await self._ask("texts", timeout_s, accept=accept)

    async def texts_running(self, timeout_s: float = 1.0) -> int:
        """How many requests at ``/api/messages`` it is answering. Raises :class:`HostUnavailable`."""
        running = (await self._ask("ping", timeout_s)).get("texts")
        return running if isinstance(running, int) else 0

    async def _ask(self, operation: str, timeout_s: float, **content: Any) -> dict[str, Any]:
        number = next(self._numbers)
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            refused = self._write({"op": operation, "id": number, **content})
            if refused:
                raise HostUnavailable(refused)
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise HostUnavailable(f"the dialog host did not answer within {timeout_s:g} s") from None
        finally:
            self._answers.pop(number, None)

    # --- what conversations need -------------------------------------------------------------------------------------

    def _turn(self, conversation: _HostConversation, request: int, activity: dict[str, Any]) -> str:
        """Hand a request over; returns why not when that is impossible."""
        number = next(self._numbers)
        deadline_s = self._turn_timeout_s
        refused = self._write({"op": "turn", "id": number, "deadline_s": deadline_s, "activity": activity})
        if not refused:
            self._turns[number] = (conversation, request)
        return refused

    def _forget(self, conversation: _HostConversation) -> None:
        if self._open.get(conversation.call.call_id) is conversation:
            del self._open[conversation.call.call_id]
        for number in [number for number, (owner, _) in self._turns.items() if owner is conversation]:
            del self._turns[number]

    def _write(self, message: dict[str, Any]) -> str:
        writer = self._writer
        if writer is None:
            return "the dialog host is not connected"
        if writer.transport.get_write_buffer_size() > MAX_BUFFERED:
            return "the dialog host does not read"
        try:
            line = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        except (TypeError, ValueError) as error:
            return f"cannot be sent as JSON: {error}"
        if len(line) > MAX_LINE:
            return f"longer than {MAX_LINE} bytes"
        writer.write(line)
        return ""

    # --- the connection ----------------------------------------------------------------------------------------------

    async def _stay_connected(self) -> None:
        retry_s = FIRST_RETRY_S
        away_since = asyncio.get_running_loop().time()
        told = False
        while True:
            try:
                async with asyncio.timeout(5.0):
                    reader, writer = await asyncio.open_unix_connection(self._path, limit=MAX_LINE)
            except (OSError, TimeoutError) as error:
                if not told and asyncio.get_running_loop().time() - away_since > STILL_AWAY_S:
                    logger.warning("the dialog host is away for %g s: %s", STILL_AWAY_S, error)
                    told = True
                await asyncio.sleep(retry_s * random.uniform(0.8, 1.2))
                retry_s = min(retry_s * 1.5, LAST_RETRY_S)
                continue
            self._writer = writer
            self._connected.set()
            logger.info("connected to the dialog host")
            try:
                self._came_back()
                await self._read(reader)
            finally:
                self._writer = None
                self._connected.clear()
                writer.close()
                self._went_away("the dialog host went away")
            logger.warning("the dialog host went away")
            retry_s, told, away_since = FIRST_RETRY_S, False, asyncio.get_running_loop().time()
            await asyncio.sleep(retry_s)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await reader.readline()
            except (ConnectionError, ValueError) as error:  # ValueError: a line beyond the limit
                logger.warning("the dialog host is cut off: %s", error)
                return
            if not line:
                return
            try:
                message = json.loads(line)
                operation = message["op"]
            except (ValueError, KeyError, TypeError, RecursionError):
                self.malformed += 1
                continue
            if operation in ("pong", "prompts", "texts"):
                answer = self._answers.get(message.get("id"))
                if answer is not None and not answer.done():
                    answer.set_result(message)
            else:
                self._received(operation, message)

    def _received(self, operation: str, message: dict[str, Any]) -> None:
        number = message.get("turn")
        if operation == "activity" and number == 0:
            conversation = self._open.get(str(message.get("conversation")))
            if conversation is not None:
                conversation._activity(0, message.get("activity"))
            return
        if not isinstance(number, int) or operation not in ("activity", "done", "failed"):
            self.malformed += 1
            return
        conversation, request = self._turns.get(number, (None, 0))
        if conversation is None:
            return  # of a call that is over
        if operation == "activity":
            conversation._activity(request, message.get("activity"))
            return
        del self._turns[number]
        if operation == "done":
            conversation._done(request)
        else:
            conversation._failed(request, str(message.get("error"))[:300])

    def _came_back(self) -> None:
        for conversation in list(self._open.values()):
            conversation._back()

    def _went_away(self, reason: str) -> None:
        self._turns.clear()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(HostUnavailable(reason))
        for conversation in list(self._open.values()):
            conversation._lost(reason)


class _HostConversation:
    """One call's conversation through the host (:class:`voicebot.bots.conversation.Conversation`)."""

    def __init__(self, client: DialogHostClient, call: CallFacts, on_event: OnEvent, timeout_s: float) -> None:
        self.call = call
        self._client = client
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._requests = Requests(timeout_s, files=True)
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._closed = False

    def send(self, request: int, activity: dict[str, Any]) -> None:
        if self._closed:
            return
        if self._requests.full:
            self._refuse(request, "too many requests are waiting for the bot")
            return
        refused = self._client._turn(self, request, self._addressed(activity, request))
        if refused:
            self._refuse(request, refused)
        else:
            self._requests.ask(request, self._loop.time())
            self._watch()

    async def close(self, reason: str) -> None:
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        goodbye = self._addressed(activities.end_of_conversation(reason), self._requests.last + 1)
        refused = self._client._turn(self, 0, goodbye) or self._client._write(
            {"op": "close", "conversation": self.call.call_id}
        )
        if refused:
            logger.info("conversation %s: the bot was not told of its end: %s", self.call.call_id, refused)
        self._client._forget(self)

    def _addressed(self, activity: dict[str, Any], number: int) -> dict[str, Any]:
        return activities.addressed(activity, self.call, number, datetime.now(UTC))

    def _refuse(self, request: int, reason: str) -> None:
        self._loop.call_soon(lambda: self._tell(self._requests.refused(request, reason, self._loop.time())))

    # --- called by the client ----------------------------------------------------------------------------------------

    def _activity(self, request: int, activity: Any) -> None:
        self._tell(self._requests.activity(request, activity, self._loop.time()))

    def _done(self, request: int) -> None:
        self._tell(self._requests.done(request, self._loop.time()))

    def _failed(self, request: int, reason: str) -> None:
        self._tell(self._requests.failed(request, reason, self._loop.time()))

    def _lost(self, reason: str) -> None:
        self._tell(self._requests.lost(reason, self._loop.time()))

    def _back(self) -> None:
        self._tell(self._requests.back(self._loop.time()))

    def _overdue(self) -> None:
        self._timer = None
        self._tell(self._requests.overdue(self._loop.time()))

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            if self._closed:
                return
            try:
                self._on_event(event)
            except Exception:  # one call's trouble must not cut the others off from their bot
                logger.exception("conversation %s: %s was not taken", self.call.call_id, type(event).__name__)
        self._watch()

    def _watch(self) -> None:
        """One timer, for the oldest request's deadline."""
        deadline = self._requests.deadline()
        if self._timer is not None and (self._closed or deadline is None or self._timer_at != deadline):
            self._timer.cancel()
            self._timer = None
        if self._timer is None and deadline is not None and not self._closed:
            self._timer, self._timer_at = self._loop.call_at(deadline, self._overdue), deadline
