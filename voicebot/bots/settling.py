"""Decides when a request has been answered, where the protocol does not say. Pure; the time is passed in.

Direct Line is a log of activities that does not mark the end of a bot's turn. A call needs to know it, because the
caller's silence counts only from then on. So the end of each request is inferred:

* no request ends before the service has *accepted* it (most bots have finished their turn by then);
* after ``inputHint: expectingInput``, a hand-off or the end of the call, by which the bot itself says that it has
  finished: at once;
* after any other answer (words, keys, a file, a call, the announcement of another message): when ``quiet_s`` have
  passed without a further activity;
* after ``typing``, a part of a streamed text, or what only prepares the call for an answer (settings, the recording),
  more is to come: after ``typing_s``;
* without an answer: a spoken message waits until its deadline, and then the bot has failed. Keys and events, the start
  of the call among them, often need no answer: they end ``silent_s`` after they were accepted.

An activity with a ``replyToId`` answers that request, any other the newest. Earlier requests count as answered with it,
because bots often answer two sentences at once. An answer that comes after the end of its request is still spoken,
unless the caller has interrupted that turn.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voicebot.bots.streamed_text import stream_info
from voicebot.events import (
    BotMessage,
    CallAsked,
    Event,
    HangUpAsked,
    InputHint,
    KeysAsked,
    MessageAnnounced,
    TransferAsked,
)

MAX_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds; see the module. With a shorter ``quiet_s`` the caller's silence counts sooner; with a longer one, a
    second message that comes late still belongs to the turn."""

    quiet_s: float
    typing_s: float
    silent_s: float


@dataclass(slots=True)
class _Open:
    wants_answer: bool
    accepted_at: float | None = None
    activity_at: float | None = None
    promised_until: float = 0.0
    answered: bool = False
    finished: bool = False


class Settling:
    """The open requests of one conversation, in order."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._open: OrderedDict[int, _Open] = OrderedDict()
        self._ids: OrderedDict[str, int] = OrderedDict()

    def asked(self, request: int, activity: dict[str, Any]) -> None:
        """``request`` is being handed over."""
        spoken = activity.get("type") == "message" and not _is_key(activity)
        self._open[request] = _Open(wants_answer=spoken)

    def accepted(self, request: int, activity_id: str, now: float) -> None:
        """The service has accepted ``request`` under the id ``activity_id`` (``""``: unknown)."""
        if activity_id:
            self.named(request, activity_id)
        if request in self._open:
            self._open[request].accepted_at = now

    def named(self, request: int, activity_id: str) -> None:
        """``activity_id`` is the service's id of ``request``."""
        self._ids[activity_id] = request
        while len(self._ids) > MAX_REMEMBERED:
            self._ids.popitem(last=False)

    def closed(self, request: int) -> None:
        """``request`` has ended otherwise: it failed, or was given up."""
        self._open.pop(request, None)

    def belongs_to(self, activity: dict[str, Any]) -> int:
        """Which request an activity answers; 0 when the bot speaks on its own initiative."""
        reply_to = activity.get("replyToId")
        if isinstance(reply_to, str) and reply_to in self._ids:
            return self._ids[reply_to]
        return next(reversed(self._open), 0)  # also when its id is not known yet, because it is being handed over

    def came(self, request: int, activity: dict[str, Any], events: Sequence[Event], now: float) -> None:
        """The bot sent ``activity`` for ``request``, which stands for ``events``."""
        for open_request, state in self._open.items():
            if open_request <= request:
                self._note(state, activity, events, now)

    def _note(self, state: _Open, activity: dict[str, Any], events: Sequence[Event], now: float) -> None:
        state.activity_at = now
        if activity.get("type") == "typing" or _is_partial(activity):
            state.promised_until = now + self._patience.typing_s
            return
        answers = any(isinstance(event, _ANSWERS) for event in events)
        state.promised_until = now + self._patience.typing_s if events and not answers else 0.0
        state.answered = state.answered or bool(events)
        state.finished = state.finished or any(map(_is_last, events))

    def deadline(self) -> float | None:
        """When the next request ends, unless another activity comes before."""
        return min((due for due in map(self._due, self._open.values()) if due is not None), default=None)

    def settled(self, now: float) -> list[int]:
        """The requests that have been answered by ``now``, in order. Each is returned once."""
        over = [
            request for request, state in self._open.items() if (due := self._due(state)) is not None and due <= now
        ]
        for request in over:
            del self._open[request]
        return over

    def _due(self, state: _Open) -> float | None:
        if state.accepted_at is None:
            return None
        if state.finished:
            return state.accepted_at
        active_at = state.activity_at if state.activity_at is not None else state.accepted_at
        if state.answered:
            return max(state.accepted_at, active_at + self._patience.quiet_s, state.promised_until)
        if state.wants_answer:
            return None
        return max(state.accepted_at + self._patience.silent_s, state.promised_until)


_ANSWERS = (BotMessage, KeysAsked, CallAsked, MessageAnnounced, TransferAsked, HangUpAsked)


def _is_last(event: Event) -> bool:
    """Whether the bot says by ``event`` that it has finished."""
    asks = isinstance(event, BotMessage) and event.hint is InputHint.EXPECTING
    return asks or isinstance(event, TransferAsked | HangUpAsked)


def _is_key(activity: dict[str, Any]) -> bool:
    entities = activity.get("entities")
    return isinstance(entities, list) and any(isinstance(e, dict) and e.get("type") == "DTMF" for e in entities)


def _is_partial(activity: dict[str, Any]) -> bool:
    """Streamed text of which more will come."""
    info = stream_info(activity)
    return info is not None and info.kind != "final"
