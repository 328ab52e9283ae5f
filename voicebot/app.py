"""The composition root: makes the rooms out of the settings, starts them in order and ends them in order.

Processes: this one carries the calls; it supervises the dialog host, and the offline speech service where
``speech.service = "local"``. Both are started side by side, and the SIP port is opened last: a call that comes in finds
everything ready.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voicebot.address import Address
from voicebot.audio import AudioFormat
from voicebot.bots import DialogHostClient, HostUnavailable
from voicebot.bots.connector import CallNotPlaced
from voicebot.calls import AudioFiles, CallRequest, Calls, CallServices, CannotCall, Outbound, TransferRules
from voicebot.calls.services import BeforeAnswer, Recognition
from voicebot.console import CallsApi, ConsoleServer, Figure, Metrics, Panel
from voicebot.legs import Leg
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.rtp import MediaClock, PortRange
from voicebot.service.dialog_versions import DialogVersions
from voicebot.service.figures import dialog_figures, sip_figures
from voicebot.service.overview import dialogs_panel, lines_panel, service_panel
from voicebot.service.sip import codecs_in_use, media_preferences, sip_endpoint, trunk_media, trunk_routes
from voicebot.service.supervisor import ChildProcess, NotReady
from voicebot.service.ways import Ways
from voicebot.settings import Settings
from voicebot.speech import (
    PromptCache,
    Recognizer,
    Speech,
    SpeechEndpoint,
    SpeechUnavailable,
    SynthesizerPool,
    VoiceActivity,
    apology,
)
from voicebot.speech.apology import warm as warm_apologies
from voicebot.tasks import BackgroundTasks

if TYPE_CHECKING:
    from voicebot.legs.pyvoip_front_end import PyVoipFrontEnd

logger = logging.getLogger(__name__)

WARM_AGAIN_S = 5.0
LAST_WARM_AGAIN_S = 300.0


class Application:
    """The service. ``async with Application(settings) as app`` is ready for calls inside the block."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._runtime = Path(tempfile.mkdtemp(prefix="voicebot-"))
        self._local_speech: SpeechEndpoint | None = None
        self._clock = MediaClock()
        self._tasks = BackgroundTasks(logger)
        self._warming: asyncio.Task[None] | None = None
        self._speech_process: ChildProcess | None = None
        self._started = False
        self.dialogs = DialogVersions(
            settings.bot,
            self._runtime,
            ["--locale", settings.speech.language, *self._log_options()],
            prepare=self._render_prompts,
            serves=self._warm_prompts,
        )
        self.ways = Ways(settings, self.dialogs.conversation)
        self.pool = SynthesizerPool(
            self._endpoint,
            size=settings.speech.synthesizers,
            formats=[codec.audio for codec in codecs_in_use(settings)],
            first_chunk_timeout_s=settings.speech.first_audio_timeout_s,
        )
        self.audio_files = AudioFiles()
        self.voice = PromptCache(
            self.pool, memory_bytes=settings.speech.prompt_cache_mb << 20, directory=_prompt_directory(settings)
        )
        self.metrics = Metrics(self._figures)
        self.calls = self.metrics.calls = Calls(self._services(), self.metrics.call_ended)
        self.front_end = SipFrontEnd(
            endpoint=sip_endpoint(settings),
            clock=self._clock,
            ports=PortRange(settings.rtp.port_low, settings.rtp.port_high, settings.sip.host),
            preferences=media_preferences(settings),
            trunks=trunk_media(settings),
            limit=settings.sip.max_calls,
            silence_timeout_s=settings.rtp.silence_timeout_s,
            on_leg=self._on_leg,
        )
        self.pyvoip: PyVoipFrontEnd | None = None
        self.outbound = Outbound(
            self.front_end.place,
            self.calls.accept,
            routes=trunk_routes(settings),
            allow=settings.calls.outbound_allow,
            usual_routes=settings.calls.outbound_trunks,
            fit=self.front_end.endpoint.way_out,
            ring_s=settings.calls.ring_timeout_s,
            bots=lambda: self.ways.names,
            own_domain=lambda: self.front_end.endpoint.advertised_host,
        )
        self.ways.connector.place = self._place_for_bot
        self.console = ConsoleServer(
            settings.console.host,
            settings.console.port,
            api=CallsApi(self.calls, self.outbound),
            metrics=self.metrics,
            unready=self._unready,
            panels=self._panels,
            secret=settings.console.secret,
        )

    async def __aenter__(self) -> Application:
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    @property
    def http_port(self) -> int | None:
        """Where the dialogs' ``/api/messages`` is; None when it is not served."""
        return self.dialogs.http_port

    @property
    def speech_url(self) -> str | None:
        """Where the embedded speech service listens; None with another service."""
        return self._local_speech.host if self._local_speech is not None else None

    async def drain(self) -> None:
        """Refuse new calls (503) and let running ones end, up to ``calls.drain_s``."""
        self.front_end.drain()
        if self.pyvoip is not None:
            self.pyvoip.drain()
        await self.calls.drain(self.settings.calls.drain_s)

    async def close(self) -> None:
        """End everything, whatever state it is in."""
        await self._tasks.close()
        await self.console.close()
        await self.front_end.close()
        if self.pyvoip is not None:
            await self.pyvoip.close()
        await self.calls.drain(0)
        await self.ways.close()
        await self.pool.close()
        await self._clock.close()
        speech = [self._speech_process.stop()] if self._speech_process is not None else []
        await asyncio.gather(self.dialogs.close(), *speech, return_exceptions=True)
        await asyncio.to_thread(shutil.rmtree, self._runtime, True)

    # --- the start ---------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        if self.settings.pyvoip.server and (missing := [m for m in ("pyVoIP", "audioop") if find_spec(m) is None]):
            raise NotReady(f"pyvoip.server: {missing[0]} is not installed: pip install 'voicebot[pyvoip]'")
        starting = [self.dialogs.start()]
        if self.settings.speech.service == "local":
            self._speech_process = self._speech_service()
            starting.append(self._speech_process.start())
        self._clock.start()
        await asyncio.gather(
            *starting,
            asyncio.to_thread(VoiceActivity.warm),
            asyncio.to_thread(warm_apologies),
        )
        await self.pool.start()
        await self.ways.start()
        self._warm_prompts(self.dialogs.client)
        try:
            await self.front_end.start()
        except OSError as error:
            where = f"UDP {self.settings.sip.host}:{self.settings.sip.port}"
            raise NotReady(f"sip.port: {where} cannot be opened: {os.strerror(error.errno or 0)}") from None
        if self.settings.pyvoip.server:
            self.pyvoip = await self._register_by_pyvoip()
        await self.console.start()
        self._started = True
        gc.collect()
        gc.freeze()  # what lives as long as the process: collecting it again and again would hold up the media clock

    async def _register_by_pyvoip(self) -> PyVoipFrontEnd:
        from voicebot.legs.pyvoip_front_end import PyVoipFrontEnd, RegistrationRefused

        wanted, rtp, ports = self.settings.pyvoip, self.settings.rtp, self.front_end.media.ports
        front_end = PyVoipFrontEnd(
            server=wanted.server,
            port=wanted.port,
            username=wanted.username,
            password=wanted.password(),
            host=wanted.host,
            sip_port=wanted.sip_port,
            clock=self._clock,
            ports=ports if ports.host == wanted.host else PortRange(rtp.port_low, rtp.port_high, wanted.host),
            limit=wanted.max_calls,
            silence_timeout_s=rtp.silence_timeout_s,
            on_leg=self._on_leg,
        )
        try:
            await front_end.start()
        except (RegistrationRefused, OSError) as refused:
            raise NotReady(f"pyvoip: {refused}: see server, username and password_file") from None
        return front_end

    def _speech_service(self) -> ChildProcess:
        argv = [sys.executable, "-m", "voicebot.localspeech", "--exit-with-parent"]
        argv += ["--host", "127.0.0.1", "--port", str(self.settings.speech.local_port)]
        argv += self._log_options()
        return ChildProcess("speech service", argv, on_ready=self._speech_ready)

    def _log_options(self) -> list[str]:
        log = self.settings.log
        return ["--log-level", log.level, *(["--log-json"] if log.json_lines else [])]

    def _speech_ready(self, ready: dict[str, Any]) -> None:
        self._local_speech = SpeechEndpoint(host=f"ws://127.0.0.1:{ready['port']}")

    # --- what calls are made of --------------------------------------------------------------------------------------

    def _services(self) -> CallServices:
        settings = self.settings
        return CallServices(
            recognition=self._recognition,
            conversation=self.ways.conversation,
            voice=self.voice,
            audio_files=self.audio_files,
            canned_audio=apology,
            policy=settings.turn_policy(),
            language=settings.speech.language,
            voice_name=settings.speech.voice,
            vad_start_ms=settings.turns.vad_start_ms,
            vad_echo_gate_dbfs=settings.turns.vad_echo_gate_dbfs,
            max_duration_s=settings.calls.max_duration_s,
            records=settings.calls.records,
            recording=settings.calls.recording,
            transfers=TransferRules(
                tuple(settings.calls.transfer_allow),
                settings.calls.transfer_domain,
                settings.calls.fallback_transfer,
                self._consult,
            ),
            place=self._place,
            before_answer=self._before_answer,
            log_words=settings.log.words,
        )

    def _before_answer(self, trunk: str) -> BeforeAnswer:
        own = {entry.name: entry.before_answer for entry in self.settings.trunks}
        own |= {entry.name: entry.before_answer for entry in self.settings.accounts}
        return own.get(trunk) or self.settings.calls.before_answer

    async def _consult(self, to: Address, trunk: str, headers: Mapping[str, str]) -> Leg:
        return await self.outbound.consult(to, trunk, headers)

    async def _place(self, request: CallRequest, observer: Callable[[str, int, str], None]) -> str:
        return (await self.outbound.place(request, observer)).info.call_id

    async def _place_for_bot(
        self, bot: str, to: Address, context: Mapping[str, Any], over: Callable[[str], None]
    ) -> str:
        """Call whom a bot wants to talk to (``POST /v3/conversations``)."""

        def observe(state: str, status: int, reason: str) -> None:
            if state != "answered":
                over(state)

        try:
            return await self._place(CallRequest(to=to, bot=bot, context=context), observe)
        except CannotCall as error:
            raise CallNotPlaced(error.why, str(error)) from None

    @property
    def _processes(self) -> list[ChildProcess]:
        """Those that calls depend on."""
        return [self.dialogs.host, *([self._speech_process] if self._speech_process is not None else [])]

    def _unready(self) -> list[str]:
        """What keeps this service from taking calls."""
        if not self._started:
            return ["the service is being started"]
        away = [f"{child.name} is away" for child in self._processes if not child.running]
        return [*away, "the service is being stopped"] if self.front_end.draining else away

    def _panels(self) -> list[Panel]:
        unready = self._unready()
        service = service_panel(unready, len(self.calls.running()), self.settings.sip.max_calls)
        if not self._started:
            return [service]
        dialogs = dialogs_panel(str(self.settings.bot.dialogs), self.dialogs.status)
        return [service, dialogs, lines_panel(self.front_end.endpoint)]

    def _figures(self) -> list[Figure]:
        refused = Figure("calls_refused", "Calls refused by us, by reason", dict(self.front_end.rejected), "reason")
        if not self._started:
            return [refused]
        restarts = {child.name.replace(" ", "-"): child.restarts for child in self._processes}
        return [
            refused,
            Figure("process_restarts", "Restarts of the processes that we supervise", restarts, "process"),
            *dialog_figures(self.dialogs.status),
            *sip_figures(self.front_end.endpoint),
        ]

    def _endpoint(self) -> SpeechEndpoint:
        """Asked for each connection: the local service comes back on another port, a mounted key is renewed."""
        if self.settings.speech.service != "local":
            return speech_endpoint(self.settings)
        if self._local_speech is None:
            raise SpeechUnavailable("the speech service is being started")
        return self._local_speech

    def _recognition(self, audio: AudioFormat, on_event: Any, language: str) -> Recognition:
        speech = self.settings.speech
        return Recognizer(
            self._endpoint,
            audio=audio,
            language=language,
            on_event=on_event,
            segmentation_silence_ms=speech.segmentation_silence_ms,
            connect_timeout_s=speech.connect_timeout_s,
        )

    def _on_leg(self, leg: Leg) -> None:
        self.calls.accept(leg)

    def _warm_prompts(self, client: DialogHostClient) -> None:
        """Have the prompts of the dialogs that serve now at hand, in the place of those before."""
        if self._warming is not None:
            self._warming.cancel()
        self._warming = self._tasks.spawn(self._keep_rendering(client), "warming the prompts")

    async def _render_prompts(self, client: DialogHostClient) -> tuple[int, int]:
        """Render the dialogs' fixed prompts before the first caller needs them; how many are ready, and of how many."""
        speech = self.settings.speech
        prompts = await client.prompts()
        formats = list(dict.fromkeys(codec.audio for codec in codecs_in_use(self.settings)))
        await self.audio_files.warm([p["audio"] for p in prompts if p["audio"]], formats)
        wanted = [
            Speech(text=p["text"], voice=speech.voice, language=p.get("locale") or speech.language, audio=audio)
            for audio in formats
            for p in prompts
        ]
        return await self.voice.warm(wanted), len(wanted)

    async def _keep_rendering(self, client: DialogHostClient) -> None:
        pause_s = WARM_AGAIN_S
        while True:
            with contextlib.suppress(HostUnavailable):  # it is being started anew
                ready, wanted = await self._render_prompts(client)
                if ready == wanted:
                    break
                logger.warning("%d of %d prompts are ready; the others are tried again", ready, wanted)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LAST_WARM_AGAIN_S)
        logger.info("%d prompts are ready", ready)


def _prompt_directory(settings: Settings) -> Path | None:
    """Each speech service has its own folder: the same voice name sounds otherwise at another service."""
    speech = settings.speech
    if speech.prompt_cache_dir is None:
        return None
    where = "".join(c if c.isalnum() else "-" for c in speech.url or speech.endpoint or speech.region)
    return speech.prompt_cache_dir / (speech.service if speech.service == "local" else f"{speech.service}-{where}")


def speech_endpoint(settings: Settings) -> SpeechEndpoint:
    """The Speech service outside this machine that the settings name."""
    speech = settings.speech
    token_file = speech.entra_token_file
    return SpeechEndpoint(
        host=speech.url or None,
        endpoint=speech.endpoint or None,
        region=(speech.region or None) if not speech.endpoint else None,
        key=settings.speech_key() or None,
        token=(lambda: token_file.read_text().strip()) if token_file else None,
        resource_id=speech.resource_id or None,
    )


async def serve(settings: Settings, stop: asyncio.Event, on_ready: Any = None) -> None:
    """Carry calls until ``stop`` is set, then drain. A second ``stop`` is not needed: the drain has its own limit."""
    async with Application(settings) as app:
        if on_ready is not None:
            on_ready(app)
        await stop.wait()
        logger.info("stopping: new calls are refused")
        with contextlib.suppress(asyncio.CancelledError):
            await app.drain()
