"""A Bot Framework bot that listens to a call between people and makes suggestions: AudioCodes' agent assist.

The bot is reached as every bot (:mod:`voicebot.bots.channel`). Its first activity tells who takes part
(``participants``, ``agentConnected``), each message who says it (``participant``, ``participantUriUser``), both in the
``channelData``. What the bot sends is shown to the agent; it is never spoken. What else it asks of the call (to hang
up, to transfer) is left alone: the call is not ours.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from voicebot.assist.analysis import AnalysisUnavailable, Line
from voicebot.assist.entries import Suggestion
from voicebot.bots import CallFacts, Conversation, OnEvent, activities
from voicebot.events import BotDone, BotFailed, BotMessage, Event
from voicebot.events.parties import Party, Role

logger = logging.getLogger(__name__)

DEADLINE_S = 8.0
"""How long the suggestions after an utterance are waited for; later ones come by themselves."""
MAX_TEXT = 2_000
MAX_TITLE = 80
PARTICIPANTS = {Role.CALLER: "caller", Role.AGENT: "agent"}

MakeConversation = Callable[[CallFacts, OnEvent], Conversation]


class BotSuggestions:
    """The suggestions of a bot, for one call. ``on_suggestion``: those that the bot makes on its own initiative."""

    def __init__(
        self, make: MakeConversation, call: CallFacts, name: str, on_suggestion: Callable[[Suggestion], None]
    ) -> None:
        self._call = call
        self._name = name
        self._on_suggestion = on_suggestion
        self._conversation = make(call, self._event)
        self._parties: tuple[Party, ...] = ()
        self._request = 0
        self._count = 0
        self._open: dict[int, tuple[list[Suggestion], asyncio.Future[str], str]] = {}
        """Of each request that is waited for: what has come, why it failed (empty: it is done), and the utterance."""

    def begin(self, parties: Sequence[Party]) -> None:
        """Tell the bot who takes part; again when that changes."""
        first, self._parties = not self._request, tuple(parties)
        told = {"participants": [_participant(party) for party in parties], "agentConnected": _agent_is_there(parties)}
        if first:
            facts = activities.start_facts(self._call) | told
            self._send(activities.conversation_update() | {"channelData": facts})
        else:
            self._send({"type": "event", "name": "voicebot.participants", "value": told, "channelData": told})

    async def suggest(self, line: Line) -> list[Suggestion]:
        """What the bot answers to an utterance. Raises :class:`AnalysisUnavailable`."""
        message = activities.user_message(line.text, locale=line.language) | {"channelData": self._said_by(line)}
        done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        found: list[Suggestion] = []
        request = self._send(message, lambda number: self._open.__setitem__(number, (found, done, line.utterance_id)))
        try:
            async with asyncio.timeout(DEADLINE_S):
                failure = await done
        except TimeoutError as error:
            raise AnalysisUnavailable(f"bot {self._name}: no answer within {DEADLINE_S:g} s") from error
        finally:
            self._open.pop(request, None)
        if failure:
            raise AnalysisUnavailable(f"bot {self._name}: {failure}")
        return found

    async def close(self) -> None:
        """The call is over. Harmless when repeated."""
        for _, done, _ in self._open.values():
            done.cancel()
        await self._conversation.close("completed")

    def _send(self, activity: dict[str, Any], before: Callable[[int], None] = lambda _: None) -> int:
        self._request += 1
        before(self._request)
        self._conversation.send(self._request, activity)
        return self._request

    def _event(self, event: Event) -> None:
        match event:
            case BotMessage(request=request):
                self._said(request, event.text or event.speak)
            case BotDone(request=request):
                self._end(request, "")
            case BotFailed(request=request, reason=reason):
                self._end(request, reason or "it failed")
            case _:
                logger.debug("bot %s asks of a call that is not ours: %s", self._name, type(event).__name__)

    def _said(self, request: int, text: str) -> None:
        if not text.strip():
            return
        found, _, utterance_id = self._open.get(request, (None, None, ""))
        self._count += 1
        title, _, rest = text.strip()[:MAX_TEXT].partition("\n")
        if not rest.strip() or len(title) > MAX_TITLE:
            title, rest = "", text.strip()[:MAX_TEXT]
        suggestion = Suggestion(f"bot-{self._count}", title, rest.strip(), f"bot {self._name}", utterance_id)
        if found is not None:
            found.append(suggestion)
        else:
            self._on_suggestion(suggestion)

    def _end(self, request: int, failure: str) -> None:
        _, done, _ = self._open.get(request, (None, None, ""))
        if done is not None and not done.done():
            done.set_result(failure)

    def _said_by(self, line: Line) -> dict[str, str]:
        party = next((party for party in self._parties if party.key == line.party), Party(line.party, line.role))
        told = _participant(party)
        return {"source": "speech", "participant": told["participant"], "participantUriUser": told["uriUser"]}


def _participant(party: Party) -> dict[str, str]:
    address = party.address
    return {
        "participant": PARTICIPANTS.get(party.role, party.key),
        "uriUser": address.user if address is not None else "",
        "uriHost": address.domain.host_port if address is not None and address.domain is not None else "",
        "displayName": party.name,
    }


def _agent_is_there(parties: Sequence[Party]) -> bool:
    return any(party.role is Role.AGENT for party in parties)
