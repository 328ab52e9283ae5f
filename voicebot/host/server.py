"""The host's Unix socket: turns in, activities out, in order for each conversation (:mod:`voicebot.host_wire`)."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.collecting import IdleCollector
from voicebot.host.connection import CallProcessConnection
from voicebot.host.loader import LoadedDialogs, place_in
from voicebot.host.reached import place_told
from voicebot.host.sdk import TurnContext, activity_from_json
from voicebot.host.trial import Trials
from voicebot.host_wire import (
    ConversationClosed,
    DialogPlace,
    PictureAsked,
    PictureTold,
    Ping,
    Pong,
    PromptsAsked,
    PromptsTold,
    TextsAsked,
    TextsTold,
    TrialAsked,
    TrialTold,
    TurnAsked,
    TurnDone,
    TurnFailed,
    WireError,
    decode_to_host,
)
from voicebot.log import about, log_fields
from voicebot.trace_context import current, ids_in

logger = logging.getLogger(__name__)

MAX_WAITING = 64
"""Activities of one conversation that may wait for their turn; further ones are refused."""
TURN_LIMIT_S = 30.0
"""How long a turn may take if the call process sets no deadline."""
MAX_PICTURE = 700_000
"""In bytes: of some 500 steps. Signs that JSON escapes need room as well."""
DRAIN_S = 2.0
"""How long running turns may go on when the host is told to stop."""


class Texts(Protocol):
    """The endpoint of text conversations (:class:`voicebot.host.messages.MessagesEndpoint`)."""

    running: int

    async def accept(self) -> None: ...

    async def refuse(self) -> None: ...

    async def close(self) -> None: ...


class SocketBusy(Exception):
    """Another dialog host serves this socket."""


class HostServer:
    """Serves ``bot`` to call processes. ``start`` and ``close`` belong to its owner. ``trouble``: why turns would fail
    now, which whoever pings is told."""

    def __init__(
        self,
        dialogs: LoadedDialogs,
        bot: DialogBot,
        adapter: TelephonyAdapter,
        texts: Texts | None = None,
        trouble: Callable[[], str] = lambda: "",
        collector: IdleCollector | None = None,
    ) -> None:
        self._dialogs = dialogs
        self._bot = bot
        self._adapter = adapter
        self._texts = texts
        self._trouble = trouble
        self._collector = collector
        self._trials = Trials(bot)
        self._turning: asyncio.Task[None] | None = None
        self._drawing: asyncio.Task[tuple[str, str]] | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[CallProcessConnection] = set()
        self._waiting: dict[str, deque[tuple[CallProcessConnection, TurnAsked | ConversationClosed]]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}

    async def start(self, path: Path) -> None:
        """Listen at ``path``, which only this user may open. Raises :class:`SocketBusy`, OSError."""
        try:
            _, writer = await asyncio.wait_for(asyncio.open_unix_connection(str(path)), 1.0)
        except (OSError, TimeoutError):
            pass  # there is no host, at most the socket of one that was killed, which is replaced below
        else:
            writer.close()
            raise SocketBusy(f"{path}: another dialog host is serving this socket")
        listener = await asyncio.to_thread(_listen, path)
        self._server = await asyncio.get_running_loop().create_unix_server(self._connect, sock=listener)

    async def close(self) -> None:
        """Let running turns end, for :data:`DRAIN_S`, then close every connection."""
        if self._server is not None:
            self._server.close()
        if self._workers:
            await asyncio.wait(self._workers.values(), timeout=DRAIN_S)
        tasks: list[asyncio.Task[Any]] = [*self._workers.values()]
        tasks += [task for task in (self._turning, self._drawing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._trials.close()
        await asyncio.gather(*(connection.close() for connection in self._connections))

    # --- connections --------------------------------------------------------------------------------------------------

    def _connect(self) -> CallProcessConnection:
        connection = CallProcessConnection(self._receive, self._lost)
        self._connections.add(connection)
        return connection

    def _lost(self, connection: CallProcessConnection) -> None:
        self._connections.discard(connection)
        self._adapter.forget_route(connection.deliver)

    def _receive(self, connection: CallProcessConnection, line: bytes) -> None:
        match decode_to_host(line):
            case TurnAsked() as asked:
                self._turn(connection, asked)
            case TrialAsked() as asked:
                self._trial(connection, asked)
            case ConversationClosed(conversation) as closed:
                if conversation:
                    self._queue(conversation, connection, closed)
            case Ping(number):
                connection.send(Pong(number, self._texts.running if self._texts is not None else 0, self._trouble()))
            case PromptsAsked(number):
                connection.send(PromptsTold(number, self._dialogs.prompts))
            case TextsAsked(number, accept):
                self._take_texts(connection, number, accept)
            case PictureAsked(number):
                self._drawing = self._drawing or asyncio.create_task(self._draw(), name="the picture of the dialogs")
                self._drawing.add_done_callback(
                    lambda drawn: None if drawn.cancelled() else connection.send(PictureTold(number, *drawn.result()))
                )

    async def _draw(self) -> tuple[str, str]:
        """Their picture, or why there is none; drawn once, on a thread: it takes as long as some turns do."""
        if self._dialogs.draw is None:
            return "", ""
        try:
            svg = await asyncio.to_thread(self._dialogs.draw)
        except Exception:
            logger.exception("the picture of the dialogs cannot be drawn")
            return "", "the picture of the dialogs cannot be drawn: the log has the details"
        size, most = len(svg.encode()) / 1000, MAX_PICTURE / 1000
        if size > most:
            return "", (
                f"the picture of the dialogs is too large to be shown here ({size:,.0f} kB, at most {most:,.0f}): "
                "`voicebot graph --out flow.svg` writes it to a file"
            )
        return svg, ""

    def _take_texts(self, connection: CallProcessConnection, number: int, accept: bool) -> None:
        """Start or stop accepting text conversations. Such changes are made one after another."""
        texts, before = self._texts, self._turning

        async def change() -> None:
            if before is not None:
                await asyncio.wait([before])
            if texts is not None:
                await (texts.accept() if accept else texts.refuse())
            connection.send(TextsTold(number))

        self._turning = asyncio.create_task(change(), name="texts")

    # --- turns --------------------------------------------------------------------------------------------------------

    def _turn(self, connection: CallProcessConnection, asked: TurnAsked) -> None:
        key = _conversation_of(asked.activity)
        if not key:
            connection.send(TurnFailed("", asked.request, "the activity names no conversation"))
        elif len(self._waiting.get(key, ())) >= MAX_WAITING:
            why = f"{MAX_WAITING} activities are waiting for this conversation already"
            connection.send(TurnFailed(key, asked.request, why))
        else:
            self._queue(key, connection, asked)

    def _trial(self, connection: CallProcessConnection, asked: TrialAsked) -> None:
        """Tell what the dialogs would say; nothing if they cannot be tried, or have a request to answer."""

        def tell(activities: tuple[dict[str, Any], ...]) -> None:
            try:
                connection.send(TrialTold(asked.id, activities))
            except WireError:  # the turn itself will say so
                connection.send(TrialTold(asked.id, ()))

        key = _conversation_of(asked.activity)
        if key and self._dialogs.trials and key not in self._workers:
            self._trials.begin(key, asked.activity, asked.deadline_s, tell)
        else:
            tell(())

    def _queue(self, key: str, connection: CallProcessConnection, message: TurnAsked | ConversationClosed) -> None:
        self._trials.end(key)
        self._waiting.setdefault(key, deque()).append((connection, message))
        if key not in self._workers:
            if self._collector is not None:
                self._collector.busy()
            self._workers[key] = asyncio.create_task(self._work(key), name=f"conversation {key}")

    async def _work(self, key: str) -> None:
        """Run the activities of one conversation, one after another; ends when none is waiting."""
        try:
            while waiting := self._waiting.get(key):
                connection, message = waiting.popleft()
                if isinstance(message, ConversationClosed):
                    self._adapter.forget(key)
                else:
                    connection.send(await self._run(key, connection, message))
        finally:
            self._waiting.pop(key, None)
            del self._workers[key]
            if self._collector is not None and not self._workers:
                self._collector.idle()

    async def _run(self, key: str, connection: CallProcessConnection, asked: TurnAsked) -> TurnDone | TurnFailed:
        current.set(asked.traceparent)
        about.set(log_fields(key, trace=ids_in(asked.traceparent)))
        place: DialogPlace | None = None

        async def turn(context: TurnContext) -> None:
            nonlocal place
            await self._bot.on_turn(context)
            place = place_told(context)

        limit_s = asked.deadline_s if asked.deadline_s is not None and 0 < asked.deadline_s < 600 else TURN_LIMIT_S
        try:
            activity = activity_from_json(asked.activity)
            async with asyncio.timeout(limit_s):
                await self._adapter.process(activity, turn, asked.request, connection.deliver)
        except TimeoutError as error:
            where = place_in(error, self._dialogs.path)
            logger.error("conversation %s: a turn took longer than %g s", key, limit_s, exc_info=bool(where))
            return TurnFailed(key, asked.request, f"the dialog took longer than {limit_s:g} s")
        except Exception as error:
            where = place_in(error, self._dialogs.path)
            logger.exception("conversation %s: a turn failed%s", key, f" at {where}" if where else "")
            return TurnFailed(key, asked.request, f"{type(error).__name__}: {error}"[:300])
        return TurnDone(key, asked.request, place)


def _listen(path: Path) -> socket.socket:
    if path.is_socket():
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(listener.fileno(), 0o600)  # Linux makes the socket file with this mode
        listener.bind(str(path))
        path.chmod(0o600)
    except BaseException:
        listener.close()
        raise
    return listener


def _conversation_of(activity: Any) -> str:
    """The id of an activity's conversation; ``""`` if it names none."""
    conversation = activity.get("conversation") if isinstance(activity, dict) else None
    key = conversation.get("id") if isinstance(conversation, dict) else None
    return key if isinstance(key, str) else ""
