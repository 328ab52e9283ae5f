"""A call between people, over doubles of the recording client, the recognisers and the analysis."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from waiting import until

from voicebot.address import Address
from voicebot.assist.analysis import AnalysisUnavailable, PauseAsked, SpokenLine
from voicebot.assist.call import AssistCall
from voicebot.assist.calls import AssistCalls
from voicebot.assist.entries import (
    ChecklistItem,
    Entry,
    KeyPhrases,
    Mood,
    Sentiment,
    Suggestion,
    Summary,
    Utterance,
)
from voicebot.assist.languages import CallLanguages, Languages
from voicebot.assist.redaction import RedactionPolicy
from voicebot.assist.roster import Roster
from voicebot.assist.services import AssistRules, AssistServices, EarlierCall
from voicebot.audio import FRAME_S, PCMU, AudioFormat
from voicebot.events import Event, Final, Hypothesis, NoMatch, RecognitionLost, RecognitionRestored
from voicebot.events.parties import Party, Role
from voicebot.legs.recorded import EndReason, RecordedInfo, RecordedSink, RecordedStream
from voicebot.rtp import MediaQuality
from voicebot.speech import SpeechUnavailable, apology

CALLER = Party("p1", Role.CALLER, "Ada Miller", Address.parse("+15550100"))
AGENT = Party("p2", Role.AGENT, "Sam", Address.parse("sip:7001@pbx.example"))
VOICE = apology("wait", PCMU)
"""Somebody who says a sentence."""


class RecordedCallDouble:
    """A call of :data:`CALLER` in stream 0 and :data:`AGENT` in stream 1. ``takes_pauses``: whether the client stops
    the audio at its source when it is asked to, which takes it ``thinks_s``."""

    def __init__(self, info: RecordedInfo | None = None) -> None:
        streams = (RecordedStream(0, PCMU, "1", "p1"), RecordedStream(1, PCMU, "2", "p2"))
        self.info = info or RecordedInfo("call-1@sbc", "sbc", (CALLER, AGENT), streams, session_id="s1")
        self.takes_pauses = True
        self.thinks_s = 0.1
        self.asked: list[str] = []
        self.sink: RecordedSink | None = None
        self.ended = False

    def connect(self, sink: RecordedSink) -> None:
        self.sink = sink

    async def pause(self) -> bool:
        self.asked.append("pause")
        await asyncio.sleep(self.thinks_s)
        return self.takes_pauses

    async def resume(self) -> bool:
        self.asked.append("resume")
        await asyncio.sleep(self.thinks_s)
        return self.takes_pauses

    async def hang_up(self) -> None:
        self.asked.append("hang up")
        self.end("agent")

    def quality(self) -> tuple[MediaQuality, ...]:
        return (MediaQuality(), MediaQuality())

    def end(self, reason: EndReason = "client") -> None:
        if not self.ended:
            self.ended = True
            assert self.sink is not None
            self.sink.ended(reason, asyncio.get_running_loop().time())

    def change(self, **facts: Any) -> None:
        """What is known of the call is different now."""
        self.info = replace(self.info, **facts)
        assert self.sink is not None
        self.sink.changed(self.info, asyncio.get_running_loop().time())


class Recogniser:
    """Reports what the test says."""

    def __init__(self, on_event: Callable[[Event], None], language: str, refuses: int) -> None:
        self.on_event = on_event
        self.language = language
        self.refuses = refuses
        self.written: list[tuple[bytes, float]] = []
        self.urgent: list[bool] = []
        """Of each frame that was written, whether somebody waits for it."""
        self.commits = 0
        self.started = False
        self.stopped = False
        self.last_words = ""
        """What it reports when it is asked to finish."""

    async def start(self) -> None:
        if self.refuses:
            self.refuses -= 1
            raise SpeechUnavailable("refused")
        self.started = True

    def write(self, payload: bytes, at: float, *, urgent: bool = True) -> None:
        self.written.append((payload, at))
        self.urgent.append(urgent)

    def result_due(self, start: float, end: float) -> None:
        pass

    def commit(self) -> bool:
        self.commits += 1
        if self.last_words:
            words, self.last_words = self.last_words, ""
            asyncio.get_running_loop().call_later(0.2, self.says, words)
        return True

    async def stop(self) -> None:
        self.stopped = True
        self.on_event = lambda _: None

    def seems(self, text: str, *, lasting_s: float = 1.0) -> None:
        now = asyncio.get_running_loop().time()
        self.on_event(Hypothesis(now, text, now - lasting_s, now))

    def says(self, text: str, *, lasting_s: float = 1.0) -> None:
        now = asyncio.get_running_loop().time()
        self.on_event(Final(now, text, now - lasting_s, now))

    def says_nothing(self) -> None:
        now = asyncio.get_running_loop().time()
        self.on_event(NoMatch(now, now - 1.0, now))

    def is_lost(self) -> None:
        self.on_event(RecognitionLost(asyncio.get_running_loop().time(), "gone"))

    def is_back(self) -> None:
        self.on_event(RecognitionRestored(asyncio.get_running_loop().time()))


class AnalystDouble:
    """Finds something in everything. ``rules``: what it makes of texts, at once. ``away``: which parts are. ``slow_s``:
    how long suggestions take."""

    def __init__(self, on_suggestion: Callable[[Suggestion], None]) -> None:
        self.on_suggestion = on_suggestion
        self.rules: dict[str, Suggestion | ChecklistItem | PauseAsked] = {}
        self.away: set[str] = set()
        self.slow_s = 0.0
        self.heard_lines: list[tuple[SpokenLine, bool]] = []
        self.analysed: list[SpokenLine] = []
        self.suggested: list[SpokenLine] = []
        self.summed_up: list[Sequence[SpokenLine]] = []
        self.begun: list[Sequence[Party]] = []
        self.closed = False

    def begin(self, parties: Sequence[Party]) -> Sequence[ChecklistItem]:
        self.begun.append(parties)
        return [ChecklistItem("identity", "Check who is calling")]

    def heard(self, line: SpokenLine, *, partial: bool) -> Sequence[Suggestion | ChecklistItem | PauseAsked]:
        self.heard_lines.append((line, partial))
        return [found for words, found in self.rules.items() if words in line.text]

    def tick(self, item_id: str) -> ChecklistItem | None:
        return ChecklistItem(item_id, "Check who is calling", "agent") if item_id == "identity" else None

    async def analyse(self, line: SpokenLine) -> Sequence[Mood | KeyPhrases]:
        if "analysis" in self.away:
            raise AnalysisUnavailable("throttled")
        self.analysed.append(line)
        return [Mood(line.utterance_id, Sentiment.NEUTRAL, 0.0, 0.0)]

    async def suggest(self, line: SpokenLine) -> Sequence[Suggestion]:
        await asyncio.sleep(self.slow_s)
        if "suggestions" in self.away:
            raise AnalysisUnavailable("no bot")
        self.suggested.append(line)
        return [Suggestion(f"s {line.utterance_id}", "Refunds", "Ask for the order.", "refunds.md", line.utterance_id)]

    async def summary(self, lines: Sequence[SpokenLine]) -> Summary:
        if "summary" in self.away:
            raise AnalysisUnavailable("no summary")
        self.summed_up.append(lines)
        return Summary(lines[0].text, (), ())

    async def close(self) -> None:
        self.closed = True


class AnalysisDouble:
    def __init__(self) -> None:
        self.analysts: list[AnalystDouble] = []

    async def start(self) -> None: ...

    def of_call(self, call_id: str, on_suggestion: Callable[[Suggestion], None]) -> AnalystDouble:
        self.analysts.append(AnalystDouble(on_suggestion))
        return self.analysts[-1]

    def search(self, words: str) -> Sequence[Suggestion]:
        return []

    async def close(self) -> None: ...


class AssistWorld:
    """``refuses``: how many times each recogniser's service refuses its connection."""

    def __init__(
        self,
        records: Path | None = None,
        *,
        info: RecordedInfo | None = None,
        recording: bool = False,
        analysis: bool = True,
        refuses: int = 0,
        redaction: RedactionPolicy | None = None,
        languages: Mapping[Role, str] | None = None,
        of_calls: Sequence[CallLanguages] = (),
        earlier: EarlierCall | None = None,
    ) -> None:
        self.client = RecordedCallDouble(info)
        self.recognisers: list[Recogniser] = []
        self.analysis = AnalysisDouble()

        def recognizer(audio: AudioFormat, on_event: Callable[[Event], None], language: str) -> Recogniser:
            self.recognisers.append(Recogniser(on_event, language, refuses))
            return self.recognisers[-1]

        rules = AssistRules(Languages(by_role=languages or {}, of_calls=of_calls), redaction or RedactionPolicy())
        self.calls = AssistCalls(
            AssistServices(
                recognizer,
                rules,
                self.analysis if analysis else None,
                records,
                recording,
                earlier=earlier,
            ),
            Roster(),
        )
        self.began = self.now
        self.call: AssistCall = self.calls.accept(self.client)

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def analyst(self) -> AnalystDouble:
        return self.analysis.analysts[0]

    async def hears(self, stream: int, seconds: float, *, silence: bool = False) -> Recogniser | None:
        """So much of a voice, or of silence, comes in ``stream``. Returns the latest recogniser."""
        for number in range(round(seconds / FRAME_S)):
            at = number * 160 % (len(VOICE) - 160)
            payload = PCMU.frame_of_silence if silence else VOICE[at : at + 160]
            await asyncio.sleep(FRAME_S)
            assert self.client.sink is not None
            self.client.sink.frame(stream, payload, self.now)
        return self.recognisers[-1] if self.recognisers else None

    async def both_speak(self) -> tuple[Recogniser, Recogniser]:
        """The recognisers of caller and agent, who have begun to speak."""
        caller, agent = await self.hears(0, 0.5), await self.hears(1, 0.5)
        assert caller is not None and agent is not None and caller is not agent
        return caller, agent

    def entries(self, *kinds: type[Entry]) -> list[Any]:
        """What was told, of these kinds, as the feed has it now."""
        found, number = [], 0
        while page := self.call.feed.since(number).entries:
            found += [numbered.entry for numbered in page]
            number = page[-1].number
        return [entry for entry in found if not kinds or isinstance(entry, kinds)]

    @property
    def lines(self) -> list[tuple[str, str]]:
        """Party and text of the final utterances."""
        return [(one.party, one.text) for one in self.entries(Utterance) if not one.partial]

    async def over(self, reason: EndReason = "client") -> dict[str, Any]:
        """The client ends the call. Returns the record."""
        self.client.end(reason)
        await until(lambda: not len(self.calls), 120.0)
        assert self.call.record is not None
        return self.call.record
