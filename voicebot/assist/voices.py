"""The voices of a call: who speaks in which stream, and what hears them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from voicebot.assist.hearing import PartyHearing
from voicebot.assist.services import AssistServices
from voicebot.events import Event
from voicebot.events.parties import Party, Role
from voicebot.legs.recorded import RecordedInfo, RecordedStream
from voicebot.tasks import BackgroundTasks


@dataclass(eq=False, slots=True)
class PartyVoice:
    """The voice in one stream. ``party``: the key of whose it is since ``since``; before that it was ``before``'s."""

    party: str
    hearing: PartyHearing
    active: bool = True
    before: str = ""
    since: float = float("-inf")

    def whose(self, at: float) -> str:
        """Who spoke in the stream at ``at``, on the loop's clock."""
        return self.party if at >= self.since else self.before


class PartyVoices:
    """Of one call. ``tell`` gets what the recognisers report, with the voice that it is about."""

    def __init__(
        self,
        services: AssistServices,
        tell: Callable[[PartyVoice, Event], None],
        log: logging.LoggerAdapter[logging.Logger],
    ) -> None:
        self._services = services
        self._tell = tell
        self._log = log
        self._tasks = BackgroundTasks(log)
        self._by_stream: dict[int, PartyVoice] = {}

    def follow(self, info: RecordedInfo, at: float) -> list[tuple[str, str]]:
        """Streams or parties are others from ``at`` on. Returns whose voices belong to others: old and new key."""
        roles = {party.key: party.role for party in info.parties}
        spoken = self._services.rules.languages.of_roles(info)
        changed: list[tuple[str, str]] = []
        for number in self._by_stream.keys() - {stream.number for stream in info.streams}:
            self._let_go(self._by_stream.pop(number))
        for stream in info.streams:
            key, voice = key_of(stream), self._by_stream.get(stream.number)
            language = spoken[roles.get(key, Role.OTHER)]
            if voice is not None and voice.hearing.audio is not stream.audio:
                self._let_go(voice)
                voice = None
            if voice is None:
                self._by_stream[stream.number] = self._new(key, stream, language)
                continue
            if voice.party != key:
                changed.append((voice.party, key))
                voice.before, voice.party, voice.since = voice.party, key, at
            if voice.active and not stream.active:
                voice.hearing.interrupt()
            voice.active = stream.active
            voice.hearing.speak(language)
        return changed

    def rename(self, old: str, new: str) -> None:
        """What ``old`` has said was ``new``'s."""
        for voice in self._by_stream.values():
            if voice.before == old:
                voice.before = new

    def voice(self, stream: int) -> PartyVoice | None:
        """The voice in ``stream``."""
        return self._by_stream.get(stream)

    def interrupt(self) -> None:
        """Nobody is listened to any more: what is being said ends here."""
        for voice in self._by_stream.values():
            voice.hearing.interrupt()

    @property
    def recognising(self) -> int:
        """How many recognisers there are now."""
        return sum(voice.hearing.recognising for voice in self._by_stream.values())

    async def finish(self) -> None:
        """Nothing more will come: wait for the last words, for a limited time. ``tell`` gets nothing after that."""
        await asyncio.gather(*(voice.hearing.finish() for voice in self._by_stream.values()))
        await self._tasks.join()
        await self._tasks.close()

    def _new(self, key: str, stream: RecordedStream, language: str) -> PartyVoice:
        def tell(event: Event) -> None:
            self._tell(voice, event)

        services = self._services
        hearing = PartyHearing(stream.audio, language, services.recognizer, tell, self._log, services.detector)
        voice = PartyVoice(key, hearing, stream.active)
        return voice

    def _let_go(self, voice: PartyVoice) -> None:
        voice.hearing.interrupt()
        self._tasks.spawn(voice.hearing.finish(), "the last words in a stream that has ended")


def key_of(stream: RecordedStream) -> str:
    """The key of who speaks in ``stream``; of the stream itself, if several do."""
    return stream.party or f"stream {stream.number}"


def speaking(info: RecordedInfo) -> tuple[Party, ...]:
    """The parties of ``info``, with one for each stream in which several speak."""
    known = {party.key for party in info.parties}
    others = {key: Party(key) for stream in info.streams if (key := key_of(stream)) not in known}
    return (*info.parties, *others.values())
