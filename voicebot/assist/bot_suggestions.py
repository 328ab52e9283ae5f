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

from voicebot.assist.analysis import AnalysisUnavailable, SpokenLine
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
    """The suggestions of the bot ``name``, for one call. ``make``: a conversation with it; it is made when the parties
    are known. ``on_suggestion``: what the bot suggests on its own initiative."""

    def __init__(
        self,
        make: MakeConversation,
        name: str,
        call_id: str,
        on_suggestion: Callable[[Suggestion], None],
        locale: str = "en-US",
    ) -> None:
        self._make = make
        self._name = name
        self._call_id = call_id
        self._locale = locale
        self._on_suggestion = on_suggestion
        self._conversation: Conversation | None = None
        self._closed = False
        self._parties: tuple[Party, ...] = ()
        self._request = 0
        self._count = 0
        self._open: dict[int, tuple[list[Suggestion], asyncio.Future[str], str]] = {}
        """Of each request that is waited for: what has come, why it failed (empty: it is done), and the utterance."""

    def begin(self, parties: Sequence[Party]) -> None:
        """Tell the bot who takes part; again when that changes."""
        self._parties = tuple(parties)
        told = {"participants": [_participant(party) for party in parties], "agentConnected": _agent_is_there(parties)}
        if self._closed:
            return
        if self._conversation is None:
            call = self._facts()
            self._conversation = self._make(call, self._event)
            self._send(activities.conversation_update() | {"channelData": activities.start_facts(call) | told})
        else:
            self._send({"type": "event", "name": "voicebot.participants", "value": told, "channelData": told})

    async def suggest(self, line: SpokenLine) -> list[Suggestion]:
        """What the bot answers to an utterance. Raises :class:`AnalysisUnavailable`."""
        if self._conversation is None:
            self.begin(self._parties)
        if self._closed:
            return []
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
        self._closed = True
        for _, done, _ in self._open.values():
            done.cancel()
        if self._conversation is not None:
            await self._conversation.close("completed")

    def _facts(self) -> CallFacts:
        """What a bot is told of any call: the caller is the one of the two, the line is the agent's."""
        by_role = {party.role: party for party in reversed(self._parties)}
        caller, agent = by_role.get(Role.CALLER), by_role.get(Role.AGENT)
        return CallFacts(
            self._call_id,
            caller=_user(caller),
            callee=_user(agent),
            display_name=caller.name if caller is not None else "",
            locale=self._locale,
            caller_uri=str(caller.address) if caller is not None and caller.address is not None else "",
            callee_uri=str(agent.address) if agent is not None and agent.address is not None else "",
            bot=self._name,
        )

    def _send(self, activity: dict[str, Any], before: Callable[[int], None] = lambda _: None) -> int:
        assert self._conversation is not None, "begin comes first"
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

    def _said_by(self, line: SpokenLine) -> dict[str, str]:
        party = next((party for party in self._parties if party.key == line.party), Party(line.party, line.role))
        told = _participant(party)
        return {"source": "speech", "participant": told["participant"], "participantUriUser": told["uriUser"]}


def _user(party: Party | None) -> str:
    return party.address.user if party is not None and party.address is not None else ""


def _participant(party: Party) -> dict[str, str]:
    domain = party.address.domain if party.address is not None else None
    return {
        "participant": PARTICIPANTS.get(party.role, party.key),
        "uriUser": _user(party),
        "uriHost": domain.host_port if domain is not None else "",
        "displayName": party.name,
    }


def _agent_is_there(parties: Sequence[Party]) -> bool:
    return any(party.role is Role.AGENT for party in parties)
