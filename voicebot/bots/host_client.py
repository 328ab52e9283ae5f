"""The channel to our own dialogs: the dialog host, over one connection that all calls share (``host_connection.py``).

A request fails at once when the host is away, or goes away before it has answered. The conversations that lost a
request get ``BotRecovered`` when the host is back. A host that is connected but hangs is noticed by the deadline of
each request, and by :meth:`DialogHostClient.ping`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from voicebot.bots import activities
from voicebot.bots.conversation import TURN_TIMEOUT_S, CallFacts, OnEvent
from voicebot.bots.host_connection import HostConnection
from voicebot.bots.open_requests import OpenRequests
from voicebot.bots.requests import Requests
from voicebot.events import TAKEN, Event
from voicebot.host_wire import (
    ActivitySent,
    ConversationClosed,
    FixedPrompt,
    FromHost,
    PictureAsked,
    PictureTold,
    Ping,
    Pong,
    PromptsAsked,
    PromptsTold,
    TextsAsked,
    TextsTold,
    ToHost,
    TrialAsked,
    TrialTold,
    TurnAsked,
    TurnDone,
    TurnFailed,
)
from voicebot.telephony_channel import NO_INPUT, NO_MATCH, RESUME_EVENT

logger = logging.getLogger(__name__)

TRIAL_S = 0.4
"""How long the answer to a trial may take: later, the turn itself has been answered."""
HOST_GRACE_S = 0.25
"""Added to the deadline here. The host has the same deadline and reports a dialog that exceeds it; so only a host that
hangs is noticed by ours."""


HostAnswer = Pong | PromptsTold | TextsTold | TrialTold | PictureTold


class HostUnavailable(Exception):
    """The dialog host is not connected, or did not answer in time."""


class DialogHostClient:
    """``start`` and ``close`` belong to its owner; conversations may be made at any time."""

    def __init__(self, socket_path: Path | str, *, turn_timeout_s: float = TURN_TIMEOUT_S) -> None:
        self._path = str(socket_path)
        self._turn_timeout_s = turn_timeout_s
        self._connection = HostConnection(self._path, self, self._count_malformed)
        self._numbers = itertools.count(1)
        self._open: dict[str, HostConversation] = {}
        self._leaving: dict[str, int] = {}
        """Conversations that are over, with the request that tells the host so. Until it is answered, messages for this
        id belong to the old conversation."""
        self._answers: dict[int, asyncio.Future[HostAnswer]] = {}
        self._picture: PictureTold | None = None
        self.received_messages = 0
        """So many have come from the host, of whatever kind: while there are more and more, it lives."""
        self.malformed = 0
        """Lines of the host that could not be read and were dropped."""
        self.trouble = ""
        """Why turns would fail now, as the host said when it was last pinged; empty: they would not."""
        self.version = ""
        """Of its dialogs: a digest of their files; empty where it is not known."""

    @property
    def connected(self) -> bool:
        return self._connection.connected

    @property
    def conversations(self) -> int:
        """How many conversations are open."""
        return len(self._open)

    async def start(self, timeout_s: float = 10.0) -> None:
        """Connect, and stay connected. Raises :class:`HostUnavailable` after ``timeout_s``."""
        try:
            await self._connection.open(timeout_s)
        except TimeoutError as error:
            raise HostUnavailable(f"no dialog host at {self._path}") from error

    async def close(self) -> None:
        """Disconnect. Requests without an answer end with ``BotFailed``. Harmless when called again."""
        await self._connection.close()

    def conversation(self, call: CallFacts, on_event: OnEvent) -> HostConversation:
        """A conversation for a call; nothing is sent yet."""
        conversation = HostConversation(
            call, on_event, self._turn_timeout_s, self._connection.write, self._try, self._over, self.version
        )
        self._open[call.id] = conversation
        return conversation

    # --- the host as such --------------------------------------------------------------------------------------------

    async def ping(self, timeout_s: float = 1.0) -> bool:
        """Whether the host's event loop answers; False while a dialog blocks it.

        Where we are the ones who are slow, the answer waits behind other messages (:attr:`received_messages`).
        """
        try:
            answer = await self._ask(Ping, timeout_s)
        except HostUnavailable:
            return False
        self.trouble = answer.trouble if isinstance(answer, Pong) else ""
        return True

    async def prompts(self, timeout_s: float = 5.0) -> tuple[FixedPrompt, ...]:
        """The dialogs' fixed prompts. Raises :class:`HostUnavailable`."""
        answer = await self._ask(PromptsAsked, timeout_s)
        return answer.prompts if isinstance(answer, PromptsTold) else ()

    def has(self, call: str) -> bool:
        """Whether the call with this id is a conversation of this host."""
        return call in self._open

    async def picture(self, timeout_s: float = 20.0) -> PictureTold:
        """The flow of the dialogs, which is asked for once. Raises :class:`HostUnavailable`."""
        if self._picture is None:
            answer = await self._ask(PictureAsked, timeout_s)
            self._picture = answer if isinstance(answer, PictureTold) else PictureTold(0, "")
        return self._picture

    async def take_texts(self, accept: bool, timeout_s: float = 5.0) -> None:
        """Have the host start or stop accepting requests at ``/api/messages``. Raises :class:`HostUnavailable`."""
        await self._ask(lambda number: TextsAsked(number, accept), timeout_s)

    async def texts_running(self, timeout_s: float = 1.0) -> int:
        """How many requests at ``/api/messages`` the host is answering. Raises :class:`HostUnavailable`."""
        answer = await self._ask(Ping, timeout_s)
        return answer.texts if isinstance(answer, Pong) else 0

    async def _try(self, activity: dict[str, Any]) -> tuple[Any, ...]:
        """What the dialogs would send; nothing if the host is away, or takes too long."""
        try:
            answer = await self._ask(lambda number: TrialAsked(number, activity, TRIAL_S), TRIAL_S + HOST_GRACE_S)
        except HostUnavailable:
            return ()
        return answer.activities if isinstance(answer, TrialTold) else ()

    async def _ask(self, question: Callable[[int], ToHost], timeout_s: float) -> HostAnswer:
        number = next(self._numbers)
        answer: asyncio.Future[HostAnswer] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            refused = self._connection.write(question(number))
            if refused:
                raise HostUnavailable(refused)
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError as error:
            raise HostUnavailable(f"the dialog host did not answer within {timeout_s:g} s") from error
        finally:
            self._answers.pop(number, None)

    # --- what the connection tells -----------------------------------------------------------------------------------

    def received(self, message: FromHost) -> None:
        self.received_messages += 1
        match message:
            case Pong(number) | PromptsTold(number) | TextsTold(number) | TrialTold(number) | PictureTold(number):
                answer = self._answers.get(number)
                if answer is not None and not answer.done():
                    answer.set_result(message)
            case ActivitySent(name) | TurnDone(name) | TurnFailed(name):
                if name in self._leaving:
                    if not isinstance(message, ActivitySent) and message.request == self._leaving[name]:
                        del self._leaving[name]
                elif (conversation := self._open.get(name)) is not None:
                    conversation.received(message)

    def came_back(self) -> None:
        for conversation in list(self._open.values()):
            conversation.requests.back()

    def went_away(self, reason: str) -> None:
        self._leaving.clear()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(HostUnavailable(reason))
        for conversation in list(self._open.values()):
            conversation.requests.lost(reason)

    def _count_malformed(self) -> None:
        self.malformed += 1

    def _over(self, conversation: HostConversation, goodbye: int) -> None:
        """``conversation`` is over. ``goodbye``: the request that tells the host so; 0 when it could not be sent."""
        name = conversation.call.id
        if self._open.get(name) is conversation:
            del self._open[name]
        if goodbye:
            self._leaving[name] = goodbye


class HostConversation:
    """One call's conversation through the host (:class:`voicebot.bots.conversation.Conversation`).

    ``write`` sends a message, or returns why it cannot. ``attempt`` asks for a trial. ``over(conversation, request)``
    is called at the end; ``request`` is the one that tells the host, 0 when it could not be sent. ``version``: of the
    dialogs.
    """

    def __init__(
        self,
        call: CallFacts,
        on_event: OnEvent,
        timeout_s: float,
        write: Callable[[ToHost], str],
        attempt: Callable[[dict[str, Any]], Awaitable[tuple[Any, ...]]],
        over: Callable[[HostConversation, int], None],
        version: str,
    ) -> None:
        self.call = call
        self.requests = OpenRequests(call.id, on_event, Requests(timeout_s + HOST_GRACE_S, ours=True))
        self._timeout_s = timeout_s
        self._write = write
        self._attempt = attempt
        self._over = over
        self._version = version
        self._begun = False
        self._beginnings: set[int] = set()
        """The requests that begin the dialogs, unless an earlier one has."""

    def send(self, request: int, activity: dict[str, Any]) -> None:
        if not self.requests.admits(request):
            return
        if not self._begun:
            activity = self._beginning(request, activity)
        refused = self._write(self._turn(request, activity))
        if refused:
            self.requests.refuse(request, refused)
        else:
            self.requests.ask(request, activity)

    async def trial(self, activity: dict[str, Any]) -> list[Event]:
        if not self._begun or self.requests.closed:
            return []
        asked = activities.addressed(activity, self.call, self.requests.next, datetime.now(UTC))
        return self.requests.would_be(await self._attempt(asked))

    async def close(self, reason: str) -> None:
        if self.requests.closed:
            return
        self.requests.close()
        if reason == TAKEN:  # the conversation goes on, with the host of another process
            self._write(ConversationClosed(self.call.id))
            self._over(self, 0)
            return
        goodbye = self._turn(self.requests.next, activities.end_of_conversation(reason))
        refused = self._write(goodbye) or self._write(ConversationClosed(self.call.id))
        if refused:
            logger.info("conversation %s: the bot was not told of its end: %s", self.call.id, refused)
        self._over(self, goodbye.request if not refused else 0)

    def received(self, message: ActivitySent | TurnDone | TurnFailed) -> None:
        """The host sent something for this conversation."""
        match message:
            case ActivitySent(_, request, activity):
                self.requests.activity(request, activity)
            case TurnDone(_, request, place):
                self._begun = self._begun or request in self._beginnings
                if place is not None:
                    self.requests.reached(request, place, self._version)
                self.requests.done(request)
            case TurnFailed(_, request, error):
                self.requests.failed(request, error[:300])

    def _beginning(self, request: int, activity: dict[str, Any]) -> dict[str, Any]:
        """``activity`` as it is sent while the dialogs have not begun, since the start has failed or is not over yet.

        Any activity may then be what begins them, so it brings the facts of the call. Where the start has failed,
        those that dialogs let pass, such as a caller's silence, are a request to begin.
        """
        failed = bool(self._beginnings) and not any(self.requests.is_open(begun) for begun in self._beginnings)
        if failed and activity.get("name") in (NO_INPUT, NO_MATCH, activities.INTERRUPTED):
            activity = activities.resume()
        if activity["type"] in ("conversationUpdate", "message") or activity.get("name") == RESUME_EVENT:
            self._beginnings.add(request)
        return activity | {"channelData": activities.start_facts(self.call) | (activity.get("channelData") or {})}

    def _turn(self, request: int, activity: dict[str, Any]) -> TurnAsked:
        addressed = activities.addressed(activity, self.call, request, datetime.now(UTC))
        return TurnAsked(request, addressed, self._timeout_s, activities.traceparent(self.call, request, activity))
