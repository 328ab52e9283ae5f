"""What the platform says to the caller, and how it listens, where the application leaves that to it: ``play``,
``recognize`` and ``cancelAllMediaOperations`` of one call, and what the person at the other end does.

Texts take as long as they would be spoken, divided by ``speed``; so does a silence. A sound without words, and the
quiet that ends what somebody says, last as long as in truth. One operation runs at a time; the next one waits, unless
it interrupts.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
import wave
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
from waiting import until

if TYPE_CHECKING:
    from acs.call import AcsCall

TONES = dict(zip(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "asterisk", "pound",
                  "a", "b", "c", "d"], "0123456789*#ABCD", strict=True))  # fmt: skip
NAMES = {key: name for name, key in TONES.items()}
CHARACTERS_PER_SECOND = 15.0
END_SILENCE_MS = 500
MOST_SILENCE_S = {"dtmf": 300, "choices": 20, "speech": 20, "speechOrDtmf": 20}
NOISE_S = 1.0
WAIT_S = 60.0
CANCELLED = (400, 8508, "Action failed, the operation was cancelled.")


class Refused(Exception):
    """A request that the platform does not accept."""


@dataclass
class Spoken:
    """What the caller has heard. ``text``: its words; a file has ``samples`` instead. ``complete``: to its end."""

    began: float
    text: str
    voice: str = ""
    samples: bytes = b""
    complete: bool = False


@dataclass
class _Question:
    """A recognition that runs. ``options``: as they were asked for."""

    kind: str
    options: dict[str, Any]
    result: asyncio.Future[tuple[str, dict[str, Any]]]
    asks: bool = False
    """Its prompts are over."""
    keys: list[str] = field(default_factory=list)

    @property
    def speech(self) -> bool:
        return self.kind != "dtmf"

    @property
    def interruptible(self) -> bool:
        return bool(self.options.get("interruptPrompt"))

    @property
    def hears(self) -> bool:
        return self.asks or self.interruptible


class AcsTalk:
    """Of one call. ``said``: what the caller has heard, in order; ``questions``: the requests to recognise."""

    def __init__(self, call: AcsCall, speech_endpoint: str) -> None:
        self.said: list[Spoken] = []
        self.on_said: Callable[[Spoken], None] = lambda _: None
        """Called when the caller begins to hear something."""
        self.questions: list[dict[str, Any]] = []
        self.cancelled = 0
        self.is_patient = False
        """Silence is only noticed when the caller wants it: :meth:`stay_silent`."""
        self._call = call
        self._speech_endpoint = speech_endpoint
        self._running: asyncio.Task[None] | None = None
        self._question: _Question | None = None
        self._turn = asyncio.Lock()
        self._silent = asyncio.Event()

    @property
    def texts(self) -> list[str]:
        """The words of all that the caller has heard."""
        return [spoken.text for spoken in self.said]

    @property
    def asks(self) -> bool:
        """Whether the caller is listened to, and nothing is said."""
        return self._question is not None and self._question.asks

    # --- requests

    def play(self, wish: dict[str, Any]) -> None:
        if not wish.get("playSources"):
            raise Refused("playSources")
        self._begin(wish, lambda: self._play(wish))

    def recognize(self, wish: dict[str, Any]) -> None:
        kind, options = wish.get("recognizeInputType"), wish.get("recognizeOptions") or {}
        if kind not in MOST_SILENCE_S or not options.get("targetParticipant", {}).get("rawId"):
            raise Refused("recognizeInputType, targetParticipant")
        if not 0 <= options.get("initialSilenceTimeoutInSeconds", 5) <= MOST_SILENCE_S[kind]:
            raise Refused("initialSilenceTimeoutInSeconds")
        if kind == "choices" and not all(each["phrases"] and each["label"] for each in options.get("choices") or [{}]):
            raise Refused("choices")
        if "mtf" in kind and not options.get("dtmfOptions", {}).get("maxTonesToCollect"):
            raise Refused("maxTonesToCollect")
        self.questions.append(wish)
        self._begin(wish, lambda: self._recognize(kind, wish))

    def cancel(self) -> None:
        self.cancelled += 1
        if self._running is not None:
            self._running.cancel()

    def _begin(self, wish: dict[str, Any], work: Callable[[], Awaitable[None]]) -> None:
        if wish.get("interruptCallMediaOperation") and self._running is not None:
            self._running.cancel()
        self._running = self._call.later(self._in_turn(wish, work))

    async def _in_turn(self, wish: dict[str, Any], work: Callable[[], Awaitable[None]]) -> None:
        kind = "Recognize" if "recognizeInputType" in wish else "Play"
        try:
            async with self._turn:
                await asyncio.sleep(0.005)
                await work()
        except asyncio.CancelledError:
            if not self._call.over.is_set():
                self._call.later(self._tell(f"{kind}Canceled", wish, CANCELLED))
            raise

    # --- operations

    async def _play(self, wish: dict[str, Any]) -> None:
        faults = self._call.sending.faults
        if faults.forgets_operations:
            return
        await self._tell("PlayStarted", wish, (200, 0, ""))
        failed = await self._say(wish["playSources"])
        if failed is None:
            await self._tell("PlayCompleted", wish, (200, 0, "Action completed successfully."))
        else:
            await self._tell("PlayFailed", wish, failed[1], failedPlaySourceIndex=failed[0])

    async def _recognize(self, kind: str, wish: dict[str, Any]) -> None:
        faults = self._call.sending.faults
        if faults.forgets_operations:
            return
        if faults.cannot_recognise or (kind != "dtmf" and not self._speech_endpoint):
            await self._tell("RecognizeFailed", wish, (500, 8564, "Action failed, Azure AI services is unavailable."))
            return
        question = _Question(kind, wish["recognizeOptions"], asyncio.get_running_loop().create_future())
        self._question = question
        try:
            sources = wish.get("playPrompts") or [source for source in [wish.get("playPrompt")] if source]
            failed = await self._say(sources, question)
            if failed is not None:
                result = (failed[1][0], 8511, "Action failed, encountered failure while trying to play the prompt.")
                await self._tell("RecognizeFailed", wish, result, failedPlaySourceIndex=failed[0])
                return
            question.asks = True
            silence_s = question.options.get("initialSilenceTimeoutInSeconds", 5) / self._call.speed
            began = asyncio.get_running_loop().time()
            while not question.result.done():
                busy = question.keys or self._caller_speaks or (self.is_patient and not self._silent.is_set())
                if not busy and asyncio.get_running_loop().time() - began >= silence_s:
                    _settle(question, "RecognizeFailed", 400, 8510, "Action failed, initial silence timeout reached.")
                await asyncio.wait([question.result], timeout=0.02)
        finally:
            self._question = None
            self._silent.clear()
        event, data = question.result.result()
        await self._call.tell(event, operationContext=wish.get("operationContext"), **data)

    _caller_speaks = False

    async def _say(
        self, sources: list[dict[str, Any]], question: _Question | None = None
    ) -> tuple[int, tuple[int, int, str]] | None:
        """Say all, or as much as the caller lets. Returns which failed, and how."""
        for index, source in enumerate(sources):
            spoken, lasts_s, failure = await self._spoken(source)
            if failure is not None:
                return index, failure
            self.said.append(spoken)
            self.on_said(spoken)
            end = spoken.began + lasts_s / self._call.speed
            while (left := end - asyncio.get_running_loop().time()) > 0:
                if question is not None and (self._caller_speaks or question.keys) and question.interruptible:
                    return None
                await asyncio.sleep(min(0.02, left))
            spoken.complete = True
        return None

    async def _spoken(self, source: dict[str, Any]) -> tuple[Spoken, float, tuple[int, int, str] | None]:
        now = asyncio.get_running_loop().time()
        if source["kind"] == "file":
            try:
                samples = await self._fetch(source["file"]["uri"])
            except (aiohttp.ClientError, wave.Error, EOFError, ValueError) as error:
                return Spoken(now, ""), 0.0, (400, 8536, f"Action failed, file downloaded failed: {error}")
            return Spoken(now, "", samples=samples), len(samples) / 32_000, None
        if not self._speech_endpoint or self._call.sending.faults.cannot_speak:
            return Spoken(now, ""), 0.0, (400, 8565, "Action failed, bad request to Azure AI services.")
        if source["kind"] == "ssml":
            text, voice = re.sub(r"<[^<>]*>", " ", source["ssml"]["ssmlText"]), ""
        else:
            text, voice = source["text"]["text"], source["text"].get("voiceName") or ""
        words = " ".join(text.split())
        return Spoken(now, words, voice), len(words) / CHARACTERS_PER_SECOND, None

    async def _fetch(self, url: str) -> bytes:
        async with self._call.sending.http.get(url, raise_for_status=True) as response:
            content = await response.read()
        with wave.open(io.BytesIO(content)) as file:
            if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, 16_000):
                raise ValueError("not mono, 16 bit, 16 kHz")
            return file.readframes(file.getnframes())

    async def _tell(self, kind: str, wish: dict[str, Any], result: tuple[int, int, str], **data: Any) -> None:
        about = dict(zip(("code", "subCode", "message"), result, strict=True))
        await self._call.tell(kind, operationContext=wish.get("operationContext"), resultInformation=about, **data)

    # --- the caller

    async def listened_to(self, *, over: bool = False) -> None:
        """Wait until the caller would be understood. ``over``: also over a prompt that may be interrupted."""

        def ready() -> bool:
            question = self._question
            return question is not None and not question.result.done() and (question.hears if over else question.asks)

        await until(lambda: ready() or self._call.over.is_set(), WAIT_S)

    async def say(self, text: str, *, over: bool = False, confidence: float = 0.9) -> None:
        """Say something: when the bot has asked, or at once, ``over`` a prompt."""
        await self.listened_to(over=over)
        self._caller_speaks = True
        try:
            await asyncio.sleep(len(text) / CHARACTERS_PER_SECOND / self._call.speed)
        finally:
            self._caller_speaks = False
        question = self._question
        if question is None or not question.speech:
            return
        quiet_ms = (question.options.get("speechOptions") or {}).get("endSilenceTimeoutInMs", END_SILENCE_MS)
        self._caller_speaks = True  # as far as the platform knows
        await asyncio.sleep(quiet_ms / 1000)
        self._caller_speaks = False
        if question.kind == "choices":
            _choose(question, text, confidence)
        else:
            said = {"speech": text, "confidence": confidence}
            _settle(question, "RecognizeCompleted", 200, 8545 if question.kind == "choices" else 0, "",
                    recognitionType="speech", speechResult=said)  # fmt: skip

    async def stay_silent(self) -> None:
        """Say nothing, until that is noticed."""
        await self.listened_to()
        self._silent.set()

    async def noise(self) -> None:
        """A sound without words."""
        await self.listened_to()
        self._caller_speaks = True
        await asyncio.sleep(NOISE_S + END_SILENCE_MS / 1000)
        self._caller_speaks = False
        if (question := self._question) is not None and question.speech:
            code = 8547 if question.kind == "choices" else 8563
            _settle(question, "RecognizeFailed", 400, code, "Action failed, speech could not be recognized.")

    async def press(self, keys: str, *, over: bool = False) -> None:
        """Press keys, one after the other."""
        await self.listened_to(over=over)
        for key in keys:
            with contextlib.suppress(TimeoutError):
                await until(lambda: self._question is not None and not self._question.result.done(), 5)
            if self._question is not None:
                self._key(self._question, key)
            await asyncio.sleep(0.02)
        question = self._question
        if question is not None and question.keys and not question.result.done():
            gap_s = question.options["dtmfOptions"].get("interToneTimeoutInSeconds", 2)
            await asyncio.sleep(gap_s / self._call.speed)
            if question.keys and not question.result.done():
                _keyed(question, "RecognizeFailed", 400, 8532, "Action failed, inter-digit silence timeout reached.")

    def _key(self, question: _Question, key: str) -> None:
        if question.kind == "choices":
            label = next((each["label"] for each in question.options["choices"] if each.get("tone") == NAMES[key]), "")
            if label:
                question.keys.append(key)
                chosen = {"label": label, "recognizedPhrase": None, "confidence": None}
                _settle(question, "RecognizeCompleted", 200, 8533, "Action completed, DTMF option matched.",
                        recognitionType="choices", choiceResult=chosen)  # fmt: skip
            return
        rules = question.options.get("dtmfOptions")
        if rules is None or question.result.done():
            return
        if NAMES[key] in (rules.get("stopTones") or []):
            _keyed(question, "RecognizeCompleted", 200, 8514, "Action completed as stop tone was detected.")
            return
        question.keys.append(key)
        if len(question.keys) >= rules["maxTonesToCollect"]:
            _keyed(question, "RecognizeCompleted", 200, 8531, "Action completed, max digits received.")


def _choose(question: _Question, text: str, confidence: float) -> None:
    """The longest phrase that is among the words."""
    said = " " + " ".join(re.findall(r"[\w$']+", text.lower())) + " "
    phrases = [
        (len(phrase), phrase, each["label"])
        for each in question.options["choices"]
        for phrase in each["phrases"]
        if f" {phrase.lower()} " in said
    ]
    if not phrases:
        _settle(
            question, "RecognizeFailed", 400, 8547, "Action failed, recognized phrase does not match a valid option."
        )
        return
    _, phrase, label = max(phrases)
    _settle(question, "RecognizeCompleted", 200, 8545, "Action completed, speech option matched.",
            recognitionType="choices",
            choiceResult={"label": label, "recognizedPhrase": phrase, "confidence": confidence})  # fmt: skip


def _keyed(question: _Question, event: str, code: int, sub_code: int, message: str) -> None:
    tones = [NAMES[key] for key in question.keys]
    _settle(question, event, code, sub_code, message, recognitionType="dtmf", dtmfResult={"tones": tones})


def _settle(question: _Question, event: str, code: int, sub_code: int, message: str, **data: Any) -> None:
    if not question.result.done():
        result = {"code": code, "subCode": sub_code, "message": message}
        question.result.set_result((event, {"resultInformation": result, **data}))
