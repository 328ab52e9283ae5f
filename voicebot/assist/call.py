"""A call between people that is listened to, from its beginning to its record.

Frames go, by stream, to what hears the voice in it (`voices.py`); what the recognisers report goes through the
transcript, and so through the redaction, and is told as entries: to the feed, to the record and to the analysis. All
times are on one clock. No party waits for another, so it does not matter who speaks while somebody else does.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, ParamSpec, Protocol
from weakref import WeakMethod

from voicebot.assist.analysing import Analysing
from voicebot.assist.analysis import AnalysisUnavailable, SpokenLine
from voicebot.assist.audio_tracks import AudioTracks
from voicebot.assist.earlier_call import EarlierHalf, earlier_call, earlier_half
from voicebot.assist.entries import Ended, Entry, PartiesChanged, Summary, Trouble, Utterance
from voicebot.assist.feed import Feed
from voicebot.assist.keeping import keep
from voicebot.assist.listening import RULE, Listening
from voicebot.assist.record import AssistRecord
from voicebot.assist.redaction import HELD
from voicebot.assist.redaction.names import words_of_name
from voicebot.assist.redaction.redactor import Redactor
from voicebot.assist.services import MAX_S, AssistServices
from voicebot.assist.transcript import Transcript
from voicebot.assist.voices import PartyVoice, PartyVoices, speaking
from voicebot.events import Event, Hypothesis, NoMatch, RecognitionLost, RecognitionRestored
from voicebot.events import Final as FinalResult
from voicebot.events.parties import Party, Role
from voicebot.legs.recorded import EndReason, RecordedCall, RecordedInfo
from voicebot.log import log_fields
from voicebot.tasks import BackgroundTasks

logger = logging.getLogger(__name__)
P = ParamSpec("P")

SETTLE_S: Final = 5.0
"""After so long without another word, digits are no longer held that may be the beginning of a card number."""
EARLIER_S: Final = 60.0
"""How long the bot's half may take to come: its record is written when its call has ended."""
STOP_S: Final = 5.0
"""For each step of ending a call."""
LAST_WORDS_S: Final = 12.0
"""For the final results of the recognisers, and their release."""


class Watcher(Protocol):
    """Whoever counts what happens in calls."""

    def told(self, entry: Entry, party: Party | None) -> None:
        """``entry`` was told. ``party``: who has said it, of an utterance."""

    def line(self, late_s: float) -> None:
        """A line was told, ``late_s`` after the end of what was said."""

    def over(self, call: AssistCall) -> None:
        """The last word of ``call`` was told. Its summary may follow."""


class AssistCall:
    """One call. :meth:`run` leads it; it is a :class:`~voicebot.legs.recorded.RecordedSink`, and a
    :class:`~voicebot.assist.roster.WatchedCall`."""

    def __init__(self, recorded: RecordedCall, services: AssistServices, watcher: Watcher) -> None:
        self.id = secrets.token_hex(16)
        """Our random id of the call: it names its record and recording."""
        self.info: RecordedInfo = recorded.info
        self.feed = Feed(self.id)
        self.began_at = datetime.now(UTC)
        self.record: dict[str, Any] | None = None
        self._recorded = recorded
        self._services = services
        self._watcher = watcher
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._log = logging.LoggerAdapter(logger, log_fields(self.id, self.info.call_id))
        self._tasks = BackgroundTasks(self._log)
        self._over = asyncio.Event()
        self._end: tuple[EndReason, float] | None = None
        self._builder = AssistRecord(self.id, self.began_at)
        self._redactor = Redactor(services.rules.redaction)
        loop, transcript = self._loop, Transcript(self._began, self._redactor, _weakly(self._say))

        def now_ms() -> int:
            return transcript.ms(loop.time())

        tell = _weakly(self._tell)
        self._transcript = transcript
        self._voices = PartyVoices(services, _weakly(self._report), self._log)
        self._listening = Listening(recorded, tell, now_ms, services.rules.pause_s, self._log)
        self._analysing: Analysing | None = None
        if services.analysis is not None:
            analyst = services.analysis.of_call(self.id, tell)
            self._analysing = Analysing(analyst, tell, _weakly(self._pause_by_rule), now_ms, self._log)
        self._tracks = AudioTracks() if services.recording and services.records is not None else None
        self._parties: tuple[Party, ...] = ()
        self._earlier: EarlierHalf | None = None
        self._earlier_id = ""
        self._settling: dict[str, asyncio.TimerHandle] = {}
        self._summing = asyncio.Lock()
        self._summed: tuple[list[SpokenLine], Summary] | None = None
        """What was summed up last."""

    @property
    def parties(self) -> tuple[Party, ...]:
        """Who takes part now."""
        return self._parties

    @property
    def recognising(self) -> int:
        """How many recognisers the call has now."""
        return self._voices.recognising

    # --- the life of the call ----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Listen. :meth:`run` must follow."""
        self._log.info("listening to call %.200s by %s", self.info.call_id, self.info.trunk or "no trunk")
        self._recorded.connect(self)
        self.changed(self._recorded.info, self._began)

    async def run(self) -> None:
        """Lead the call to its end, clean up and write its record. Never raises."""
        try:
            async with asyncio.timeout(MAX_S):
                await self._over.wait()
        except TimeoutError:
            self._log.warning("ended, because it was longer than %.0f s", MAX_S)
        finally:
            await self._close()

    async def hang_up(self) -> None:
        """End the recording session; the call between the people goes on."""
        await self._recorded.hang_up()

    async def _close(self) -> None:
        await self._step("hanging up", self._recorded.hang_up())
        self.ended("error", self._loop.time())  # in case the front end has not reported its end
        await self._step("the last words", self._voices.finish(), LAST_WORDS_S)
        for timer in self._settling.values():
            timer.cancel()
        for party in self._transcript.unfinished:
            self._transcript.give_up(party)
        for party in {one.party for one in self._transcript.utterances}:
            self._transcript.settle(party, self._loop.time())
        await self._step("listening", self._listening.close())
        reason, at = self._end or ("error", self._loop.time())
        self._tell(Ended(self._transcript.ms(at), reason))
        self._watcher.over(self)
        await self._tasks.close(STOP_S)
        if self._analysing is not None:
            await self._analysing.finish()
            if self._lines():
                try:
                    await self.summary()
                except AnalysisUnavailable as error:
                    self._log.warning("no summary: %s", error)
            await self._step("the analysis", self._analysing.close())
        quality = [quality.as_dict() for quality in self._recorded.quality()]
        dropped = self._tracks.dropped if self._tracks is not None else 0
        self.record = self._builder.build(self.info, quality, dropped)
        await keep(self.record, self._tracks, self._builder.parties, self._services, self._log)
        self.feed.close()

    async def _step(self, what: str, work: Awaitable[object], within_s: float = STOP_S) -> None:
        """Do ``work``. A failure is logged as that of ``what``, and keeps no other step from being taken."""
        try:
            async with asyncio.timeout(within_s):
                await work
        except Exception as error:
            self._log.error("at the end of the call: %s: %s: %s", what, type(error).__name__, error)

    # --- by those who watch it ---------------------------------------------------------------------------------------

    async def pause(self, why: str) -> None:
        """Stop listening: from now on, nothing is recognised or recorded. Returns when the client has been asked to
        send nothing."""
        self._listen(False, why)
        await self._listening.settled()

    async def resume(self, why: str) -> None:
        """Listen again."""
        self._listen(True, why)
        await self._listening.settled()

    def tick(self, item_id: str) -> bool:
        """The agent has done an item of the checklist. False: there is no such item, or it is done."""
        return self._analysing is not None and self._analysing.tick(item_id)

    async def summary(self) -> Summary:
        """The summary, by what has been said until now. Raises
        :class:`~voicebot.assist.analysis.AnalysisUnavailable`."""
        if self._analysing is None:
            raise AnalysisUnavailable("there is no analysis: it is switched off")
        async with self._summing:  # however many ask, there is one at a time, and none for the same lines again
            lines = self._lines()
            if self._summed is None or (self._summed[0] != lines and not self.feed.closed):
                if self.feed.closed:
                    raise AnalysisUnavailable("the call is over")
                self._summed = lines, await self._analysing.summary(lines)
                self._tell(self._summed[1])
            return self._summed[1]

    # --- the front end's sink ----------------------------------------------------------------------------------------

    def frame(self, stream: int, payload: bytes, at: float) -> None:
        """20 ms of a stream."""
        voice = self._voices.voice(stream) if self._listening.on and self._end is None else None
        if voice is not None:
            voice.hearing.frame(payload, at)
            if self._tracks is not None:
                self._tracks.frame(voice.party, voice.hearing.audio, payload, at)

    def changed(self, info: RecordedInfo, at: float) -> None:
        """Parties or streams are others now."""
        if self._end is not None:
            return
        known = {party.key for party in self._parties if party.name or party.address or party.role is not Role.OTHER}
        self.info = info
        for old, new in self._voices.follow(info, at):
            if old not in known:
                self._voices.rename(old, new)
                self._transcript.rename(old, new)
        if not self._earlier_id and self._services.earlier is not None and (earlier := earlier_call(info)):
            self._earlier_id = self._builder.earlier_call = earlier
            self._tasks.spawn(self._join(earlier), "joining the bot's half")
        parties = speaking(info)
        if parties != self._parties:
            self._parties = parties
            self._redactor.know(frozenset().union(*(words_of_name(party.name) for party in parties)))
            self._tell_parties(at)
            if self._analysing is not None:
                self._analysing.begin(parties)
        self._listening.client(sends=not info.streams or any(stream.active for stream in info.streams))

    def ended(self, reason: EndReason, at: float) -> None:
        """The recording session is over; harmless when called again."""
        if self._end is None:
            self._end = reason, at
            self._log.info("ended: %s", reason)
            self._over.set()

    # --- what is heard -----------------------------------------------------------------------------------------------

    def _report(self, voice: PartyVoice, event: Event) -> None:
        language = voice.hearing.language
        match event:
            case Hypothesis(text=text, start=start, end=end):
                self._transcript.hypothesis(voice.whose(start), text, start, end, language)
                self._watcher.line(self._loop.time() - end)
            case FinalResult(text=text, start=start, end=end):
                party = voice.whose(start)
                if self._transcript.final(party, text, start, end, language).held:
                    self._settle_later(party)
                self._watcher.line(self._loop.time() - end)
            case NoMatch(start=start):
                self._transcript.nothing(voice.whose(start))
            case RecognitionLost() | RecognitionRestored():
                over = isinstance(event, RecognitionRestored)
                self._tell(Trouble(self._transcript.ms(event.at), "recognition", over, voice.party))

    def _settle_later(self, party: str) -> None:
        if (timer := self._settling.get(party)) is not None:
            timer.cancel()
        self._settling[party] = self._loop.call_later(SETTLE_S, self._settle, party)

    def _settle(self, party: str) -> None:
        if party in self._transcript.unfinished:
            self._settle_later(party)
        else:
            self._transcript.settle(party, self._loop.time())

    def _say(self, utterance: Utterance, correction: bool) -> None:
        """An utterance as it is now."""
        self._tell(utterance)
        if not utterance.partial and self._tracks is not None and _secret(utterance):
            begin, end = (self._began + ms / 1000 for ms in (utterance.begin_ms, utterance.end_ms))
            self._tracks.silence(utterance.party, begin, end)
        if self._analysing is not None and utterance.text:
            line = self._line(utterance)
            if utterance.partial or correction:
                self._analysing.heard(line, partial=utterance.partial)
            else:
                self._analysing.said(line)

    def _line(self, utterance: Utterance) -> SpokenLine:
        role = next((one.role for one in self._everybody if one.key == utterance.party), Role.OTHER)
        return SpokenLine(utterance.utterance_id, utterance.party, role, utterance.text, utterance.language)

    def _lines(self) -> list[SpokenLine]:
        """All that was said, also to our bot before."""
        before = self._earlier.utterances if self._earlier is not None else ()
        said = sorted((*before, *self._transcript.utterances), key=lambda one: one.begin_ms)
        return [self._line(utterance) for utterance in said if utterance.text]

    @property
    def _everybody(self) -> tuple[Party, ...]:
        """Who takes part, and who has before."""
        return (*(self._earlier.parties if self._earlier is not None else ()), *self._parties)

    # --- what is told ------------------------------------------------------------------------------------------------

    def _tell(self, entry: Entry) -> None:
        self.feed.add(entry)
        self._builder.note(entry)
        key = getattr(entry, "party", "")
        self._watcher.told(entry, next((party for party in self._parties if party.key == key), None))

    def _tell_parties(self, at: float) -> None:
        self._tell(PartiesChanged(self._transcript.ms(at), self._everybody))

    def _pause_by_rule(self) -> None:
        self._listen(False, RULE)

    def _listen(self, listening: bool, why: str) -> None:
        was_on = self._listening.on
        (self._listening.start if listening else self._listening.stop)(why)
        if was_on and not self._listening.on:
            self._voices.interrupt()
            if self._tracks is not None:
                self._tracks.pause()

    async def _join(self, earlier: str) -> None:
        """Tell what our bot and the caller have said before."""
        half = await self._earlier_half(earlier)
        if half is None:
            return
        self._earlier = half
        self._tell_parties(self._loop.time())
        for utterance in half.utterances:
            self._tell(utterance)
        self._log.info("joined with the bot's call %s: %d utterances", earlier, len(half.utterances))

    async def _earlier_half(self, earlier: str) -> EarlierHalf | None:
        assert self._services.earlier is not None
        try:
            async with asyncio.timeout(EARLIER_S):
                record = await self._services.earlier(earlier)
                if record is not None:  # in a thread: a long call takes more than the event loop can spare
                    policy = self._services.rules.redaction
                    return await asyncio.to_thread(earlier_half, record, self.began_at, policy)
            self._log.warning("there is no record of the bot's call %s", earlier)
        except TimeoutError:
            self._log.warning("there is no record of the bot's call %s yet", earlier)
        except ValueError as error:
            self._log.warning("the bot's call %s: %s", earlier, error)
        return None


def _weakly(method: Callable[P, None]) -> Callable[P, None]:
    """``method`` of a call, as its parts may have it: they do not keep the call, so that it is gone when nobody watches
    it any more, and not with a collection of garbage, which keeps the packets of all other calls."""
    weak = WeakMethod(method)

    def tell(*args: P.args, **more: P.kwargs) -> None:
        if (method := weak()) is not None:
            method(*args, **more)

    return tell


def _secret(utterance: Utterance) -> bool:
    """Whether something is withheld of it for good."""
    return any(mark.category != HELD for mark in utterance.withheld)
