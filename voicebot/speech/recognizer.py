"""Continuous recognition for one call, whatever happens to the connection.

If the connection breaks, the SDK reconnects by itself within some 260 ms, and sends the audio since the last phrase
again. But it gives up after about a second (``canceled``), cannot follow a service to another address, applies a
changed phrase list only at the next connection, and may end with its process, the speech client. In those cases the
session is replaced by a new one:

    what                               noticed by                                  then
    connection lost, SDK reconnects    DISCONNECTED, not CONNECTED within grace    lost; replace
    SDK has given up, or has ended     CANCELED                                    lost; replace
    service does not answer            `result_due`, no signal of any kind         lost; replace
    other phrases wanted               `set_phrases`                               connect a new one, then switch

*Replace*: connect to the current endpoint (with back-off and jitter, as long as the call lasts), push the audio since
the last phrase (`replay`), and continue. *Switch* waits for a moment without an unfinished phrase; the old
session keeps the floor until then, and only the last second is pushed again, so that a word being begun is not lost.
Events of a session that is not the current one are dropped; so is a final that ends before the last one did.

Recognition that is lost for the third time in half a minute is reported as restored only after a session has lasted for
ten seconds. The call waits for a limited time from each loss; if every short return were reported, that time would
begin anew, and a caller whose service comes and goes would never reach the fallback.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from tenacity import RetryCallState, retry_if_exception, stop_never, wait_random_exponential

from voicebot.audio import AudioFormat
from voicebot.events import Event, RecognitionLost, RecognitionRestored
from voicebot.retrying import Attempts
from voicebot.speech.recognition_results import RecognitionResults
from voicebot.speech.recognition_session import RecognitionSession
from voicebot.speech.replay import Replay
from voicebot.speechsdk.drivers import RecognitionOptions, RecognitionReport, RecognitionSignal, SpeechSdk
from voicebot.speechsdk.endpoint import EndpointSource, SpeechUnavailable, resolve
from voicebot.speechsdk.threads import first_line
from voicebot.tasks import BackgroundTasks

log = logging.getLogger(__name__)

GRACE_S: Final = 0.8
MUTE_AFTER_S: Final = 4.0
_SWITCH_REPLAY_S: Final = 1.0
_SWITCH_PATIENCE_S: Final = 5.0
_MUTE_SPEECH_S: Final = 0.8
_MUTE_AGAIN_S: Final = 30.0
_BACK_OFF_MAX_S: Final = 3.0
_TOKEN_REFRESH_S: Final = 240.0
_TOKEN_RETRY_S: Final = 20.0
_RELEASE_TIMEOUT_S: Final = 4.0
_RELAPSE_S: Final = 30.0
_LASTS_S: Final = 10.0
_MAX_PHRASES: Final = 500
_RESULT_WITHIN_S: Final = 0.5
"""How long after the quiet that ends a phrase the service may still want to hear it."""

SEGMENTATION_SILENCE_MS: Final = 350
"""Quiet after which the service ends a phrase."""
CONNECT_TIMEOUT_S: Final = 3.0


class Recognizer:
    """The recogniser of one call.

    ``on_event`` is called on the event loop with Hypothesis, Final, NoMatch, RecognitionLost and RecognitionRestored.
    ``endpoint`` may be a function, which is called for every connection attempt.
    """

    def __init__(
        self,
        sdk: SpeechSdk,
        endpoint: EndpointSource,
        *,
        audio: AudioFormat,
        language: str = "en-US",
        phrases: Sequence[str] = (),
        on_event: Callable[[Event], None],
        segmentation_silence_ms: int = SEGMENTATION_SILENCE_MS,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
    ) -> None:
        if not 100 <= segmentation_silence_ms <= 5000:
            raise ValueError("segmentation_silence_ms must be 100 to 5000")
        self._sdk = sdk
        self._endpoint = endpoint
        self._options = RecognitionOptions(audio, language, _tidy(phrases), segmentation_silence_ms)
        self._on_event = on_event
        self._connect_timeout_s = connect_timeout_s
        self._replay = Replay(audio)
        self._session: RecognitionSession | None = None
        self._connecting: dict[RecognitionSession, asyncio.Future[None]] = {}
        self._outage: str | None = None
        self._restored_at: deque[float] = deque(maxlen=2)
        self._relapsed = False
        self._proof: asyncio.TimerHandle | None = None  # runs while a session has to show that it lasts
        self._results = RecognitionResults()
        self._urgent_until = float("-inf")
        self._last_signal = float("-inf")
        self._last_mute = float("-inf")
        self._stopped = False
        self._tasks = BackgroundTasks(log)
        self._repair: asyncio.Task[None] | None = None
        self._switch: asyncio.Task[None] | None = None
        self._timers: set[asyncio.TimerHandle] = set()

    @property
    def connected(self) -> bool:
        """Whether the current session is connected."""
        return self._session is not None and self._session.connected

    async def start(self) -> None:
        """Connect; returns once the service has accepted the connection.

        Raises :class:`SpeechUnavailable` when it refuses (at once on 401), or after ``connect_timeout_s``. Frames
        written before are kept (:class:`~voicebot.speech.replay.Replay`) and sent first.
        """
        self._loop = asyncio.get_running_loop()
        session = await self._connect(self._options)
        if self._stopped:
            session.release()
            raise SpeechUnavailable("stopped while connecting")
        self._take(session, self._replay.since(float("-inf")))
        self._follow_options()
        if resolve(self._endpoint).token is not None:
            self._tasks.spawn(self._refresh_tokens(), "renewing the recogniser's token")

    def write(self, payload: bytes, at: float, *, urgent: bool = True) -> None:
        """Add a frame of the caller's audio that came at ``at``. Never blocks. Without a connection the frame is kept.

        ``urgent``: somebody speaks, or may have begun to. What follows is urgent too, until the quiet has ended the
        phrase and its result has come; nobody waits for the rest.
        """
        if self._stopped:
            return
        self._replay.append(payload, at)
        if urgent:
            self._urgent_until = at + self._options.segmentation_silence_ms / 1000 + _RESULT_WITHIN_S
        session = self._session
        if session is None:
            return
        try:
            session.write(payload, at, urgent=at <= self._urgent_until or not self._results.quiet.is_set())
        except RuntimeError as error:
            self._lose(session, f"audio stream: {first_line(error)}")

    def commit(self) -> bool:
        """Ask the service for its final result now, because we know that the caller has finished.

        Only a hint (SDK 1.53 ``audio.commit``): a service that does not support it uses its own segmentation.
        """
        return self._session is not None and self._session.commit()

    def result_due(self, start: float, end: float) -> None:
        """Voice activity detection found speech from ``start`` to ``end``: check that the service reports anything."""
        if end - start >= _MUTE_SPEECH_S and self._session is not None:
            self._later(MUTE_AFTER_S, lambda: self._check_mute(start))

    def set_phrases(self, phrases: Sequence[str]) -> None:
        """Expect these phrases from now on.

        The service reads the list only when a connection starts, so a second session is connected with the new list
        while this one continues, and takes over in a quiet moment (some 100 ms later, normally while the bot is still
        speaking). If it cannot be connected, the old list stays in use.
        """
        self._options = replace(self._options, phrases=_tidy(phrases))
        self._follow_options()

    async def stop(self) -> None:
        """End recognition and release everything; returns after at most a few seconds, whatever the service does."""
        self._stopped = True
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._tasks.cancel()
        sessions = [*self._connecting]
        if self._session is not None:
            sessions.append(self._session)
        self._session = None
        releases = [session.release() for session in sessions]
        await self._tasks.close(_RELEASE_TIMEOUT_S)
        if releases:
            _, late = await asyncio.wait(releases, timeout=_RELEASE_TIMEOUT_S)
            if late:
                log.warning("a recogniser is still stopping after %.0f s; left to its thread", _RELEASE_TIMEOUT_S)
        self._on_event = _nobody

    # --- sessions ---

    async def _connect(self, options: RecognitionOptions) -> RecognitionSession:
        """A connected session, or :class:`SpeechUnavailable`."""
        loop = asyncio.get_running_loop()
        session = RecognitionSession(self._sdk, options, self._on_report)
        ready: asyncio.Future[None] = loop.create_future()
        self._connecting[session] = ready
        connected = False
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                await session.open(resolve(self._endpoint))
                await ready
            connected = True
            return session
        except TimeoutError as error:
            raise SpeechUnavailable(
                f"no connection to the Speech service within {self._connect_timeout_s:g} s"
            ) from error
        except SpeechUnavailable:
            raise
        except Exception as error:  # the SDK refuses what it was given, or there is no token, or no endpoint
            raise SpeechUnavailable(first_line(error)) from error
        finally:
            del self._connecting[session]
            if not connected:
                session.release()

    def _take(self, session: RecognitionSession, past: list[tuple[bytes, float]]) -> None:
        """Make ``session`` the current one, and send it the audio so far."""
        old, self._session = self._session, session
        session.write_past(past)
        self._results.abandon_phrase()
        if not session.connected:  # it went while it was waiting for its turn
            self._later(GRACE_S, lambda: self._check_connection(session))
        if old is not None:
            old.release()

    def _lose(self, session: RecognitionSession, reason: str) -> None:
        """Give ``session`` up and start looking for another one."""
        if session is not self._session or self._stopped:
            return
        self._session = None
        session.release()
        self._results.abandon_phrase()
        if self._switch is not None:
            self._switch.cancel()
        if self._proof is not None:
            self._proof.cancel()
        if self._outage is None:
            self._outage = reason
            latest = self._restored_at
            self._relapsed = len(latest) == latest.maxlen and self._loop.time() - latest[0] < _RELAPSE_S
            log.warning("recognition lost: %s", reason)
            self._on_event(RecognitionLost(self._loop.time(), reason))
        if self._repair is None:
            self._repair = self._tasks.spawn(self._repair_session(), "restoring recognition")

    async def _repair_session(self) -> None:
        began = self._loop.time()
        try:
            async for attempt in Attempts(
                wait=wait_random_exponential(multiplier=0.2, max=_BACK_OFF_MAX_S),
                retry=retry_if_exception(lambda error: isinstance(error, SpeechUnavailable)),
                stop=stop_never,
                before_sleep=_log_attempt,
            ):
                with attempt:
                    session = await self._connect(self._options)
        finally:
            self._repair = None
        self._take(session, self._replay.since(self._results.last_end))
        log.info("recognition restored after %.1f s", self._loop.time() - began)
        if self._relapsed:
            self._proof = self._later(_LASTS_S, self._restored)
        else:
            self._restored()
        self._follow_options()

    def _restored(self) -> None:
        self._outage = None
        self._restored_at.append(self._loop.time())
        self._on_event(RecognitionRestored(self._loop.time()))

    def _follow_options(self) -> None:
        """Switch to other phrases, if those of the working session are no longer wanted: they may also have changed
        while it was being connected."""
        if self._stopped or self._session is None or self._repair is not None or self._switch is not None:
            return
        if self._session.options != self._options:
            self._switch = self._tasks.spawn(self._switch_session(), "switching the recogniser's phrases")

    async def _switch_session(self) -> None:
        """Replace the working session, without a gap, by one with the phrases that are wanted now."""
        quiet = self._results.quiet
        try:
            while self._session is not None and self._session.options != self._options:
                session = await self._connect(self._options)
                try:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(_SWITCH_PATIENCE_S):
                            await quiet.wait()
                except asyncio.CancelledError:
                    session.release()
                    raise
                if self._session is None or session.failed:
                    session.release()
                    return
                since = self._replay.latest - _SWITCH_REPLAY_S if quiet.is_set() else float("-inf")
                self._take(session, self._replay.since(max(since, self._results.last_end)))
        except SpeechUnavailable as error:
            log.warning("the phrase list could not be changed: %s", error.reason)
        finally:
            self._switch = None

    async def _refresh_tokens(self) -> None:
        pause_s = _TOKEN_REFRESH_S
        while True:
            await asyncio.sleep(pause_s)
            pause_s = _TOKEN_RETRY_S
            session = self._session
            if session is not None:
                try:
                    await session.refresh_token(resolve(self._endpoint))
                    pause_s = _TOKEN_REFRESH_S
                except Exception as error:  # the token provider is not ours; the old token may still do
                    log.warning("no fresh token for the Speech service: %s", first_line(error))

    # --- what sessions report ---

    def _on_report(self, session: RecognitionSession, report: RecognitionReport) -> None:
        if self._stopped:
            return
        now = self._loop.time()
        match report.signal:
            case RecognitionSignal.CONNECTED:
                session.connected = True
                self._settle(session, None)
            case RecognitionSignal.DISCONNECTED:
                session.connected = False
                if session is self._session:
                    log.info("recognition connection interrupted; the SDK reconnects")
                    self._later(GRACE_S, lambda: self._check_connection(session))
            case RecognitionSignal.CANCELED:
                session.connected, session.failed = False, True
                self._settle(session, SpeechUnavailable(report.detail, permanent=report.permanent))
                self._lose(session, report.detail)
            case _ if session is self._session:
                self._last_signal = now
                self._on_result(session, report, now)

    def _settle(self, session: RecognitionSession, error: SpeechUnavailable | None) -> None:
        ready = self._connecting.get(session)
        if ready is not None and not ready.done():
            if error is None:
                ready.set_result(None)
            else:
                ready.set_exception(error)

    def _on_result(self, session: RecognitionSession, report: RecognitionReport, now: float) -> None:
        start, end = session.clock.span(report.offset, report.duration)
        event = self._results.event(report, start, end, now)
        self._replay.forget_until(self._results.last_end)
        if event is not None:
            self._on_event(event)

    def _check_connection(self, session: RecognitionSession) -> None:
        if not session.connected:
            self._lose(session, "the connection to the Speech service was lost")

    def _check_mute(self, start: float) -> None:
        session, now = self._session, self._loop.time()
        if session is not None and self._last_signal < start and now - self._last_mute >= _MUTE_AGAIN_S:
            self._last_mute = now  # the sound may have been noise, so do not do this again and again
            self._lose(session, "the Speech service does not react to speech")

    # --- housekeeping ---

    def _later(self, delay: float, function: Callable[[], None]) -> asyncio.TimerHandle:
        def run() -> None:
            self._timers.discard(timer)
            function()

        timer = self._loop.call_later(delay, run)
        self._timers.add(timer)
        return timer


def _tidy(phrases: Sequence[str]) -> tuple[str, ...]:
    """Without blanks and duplicates; at most ``_MAX_PHRASES`` (the service's limit), the rest is dropped."""
    return tuple(dict.fromkeys(text for phrase in phrases if (text := " ".join(phrase.split()))))[:_MAX_PHRASES]


def _log_attempt(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    wait = state.next_action.sleep if state.next_action else 0.0
    log.info("recognition attempt %d failed (%s); next in %.1f s", state.attempt_number, error, wait)


def _nobody(event: Event) -> None:
    """Nobody listens after ``stop``."""
