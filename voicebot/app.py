"""The composition root: builds the parts from the settings, starts them in order, and ends them in reverse order.

This process carries the calls. It supervises the dialog host, the speech client, and the offline speech service if
``speech.service`` is ``"local"``. They start side by side. The SIP port is opened after them, so that the first call
finds everything ready.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from voicebot.address import Address
from voicebot.calls import AudioFiles, CallRequest, Calls, Outbound, PromptAudio
from voicebot.legs import Leg
from voicebot.legs.recorded import RecordedCall
from voicebot.legs.sip_front_end import SipFrontEnd
from voicebot.legs.sip_media import MediaOptions
from voicebot.listening.descriptors import allowance, raise_limit
from voicebot.listening.http import HTTP_BOUNDS
from voicebot.log import log_options
from voicebot.private_files import sweep_drafts
from voicebot.records import UnfinishedRecords, finish, left_calls
from voicebot.rtp import MediaClock, PortRange
from voicebot.service import call_process
from voicebot.service.access import access, audit_figure
from voicebot.service.acs import AcsService, require_acs
from voicebot.service.archive import ArchiveService
from voicebot.service.call_services import call_services
from voicebot.service.channels import Channels
from voicebot.service.dialing import Dialing
from voicebot.service.dialog_versions import DialogVersions
from voicebot.service.doctor import Doctor
from voicebot.service.fleet import last_word, make_fleet
from voicebot.service.governor import Governor
from voicebot.service.health import Health
from voicebot.service.load import LoadWatch
from voicebot.service.pages import live_api, phone_api, records_api
from voicebot.service.placing import BotCalls
from voicebot.service.pyvoip import FrontEnd, register_by_pyvoip, require_pyvoip
from voicebot.service.runtime_folder import runtime_folder, sweep
from voicebot.service.sip import (
    cannot_take_calls,
    media_preferences,
    recordings,
    require_media_address,
    sip_endpoint,
    trunk_media,
)
from voicebot.service.speech import SpeechService, audio_formats, prompt_cache, prompt_directory, voices
from voicebot.service.takeover import Takeover
from voicebot.service.traces import make_traces
from voicebot.service.viewers import Viewers, viewer_bounds
from voicebot.service.warming import PromptWarming
from voicebot.settings import Settings, for_children
from voicebot.sip import CONNECTION_BOUNDS, CannotBind
from voicebot.speech import EchoGuard, PromptVoice, VoiceActivity, apology
from voicebot.speech.apology import warm as warm_apologies
from voicebot.web import CallsApi, ConsoleServer, Metrics, OperationsApi

if TYPE_CHECKING:
    from voicebot.service.assist import Assistance

logger = logging.getLogger(__name__)


class Application:
    """The service. ``async with Application(settings) as app`` is ready for calls inside the block. ``stop`` is called
    when somebody at the console wants it drained and ended. ``config``: the file that the settings are from, for who
    wants them checked there."""

    def __init__(self, settings: Settings, stop: Callable[[], None] = lambda: None, config: Path | None = None) -> None:
        if settings.acs.endpoint:
            require_acs()
        self.settings = settings
        self._runtime = runtime_folder()
        self._unfinished = UnfinishedRecords(settings.calls.records)
        self._clock = MediaClock()
        self._allowed = allowance(raise_limit(), settings.sip.max_calls, settings.acs.connections)
        http = HTTP_BOUNDS.within(self._allowed.of_http)

        self.speech = SpeechService(settings, self._runtime.path)
        self._synthesizers = self.speech.synthesizers()
        self._prompts = prompt_cache(settings, self._synthesizers)
        files = AudioFiles(settings.calls.play_allow)
        voice = PromptVoice(settings.speech.voice, settings.speech.language, voices(settings))
        self._warming = PromptWarming(self._prompts, files, voice, audio_formats(settings))

        self.dialogs = DialogVersions(
            settings.bot,
            self._runtime.path,
            ["--locale", settings.speech.language, *log_options(settings.log.level, settings.log.json_lines)],
            environment=for_children(settings),
            prepare=self._warming.render,
            serves=self._warming.keep,
        )
        self._channels = Channels(settings, self.dialogs.conversation, http)
        self._traces = make_traces(settings)

        self.calls = Calls(
            call_services(
                settings,
                self.speech,
                self._channels,
                PromptAudio(self._prompts, apology, files.audio),
                self._consult,
                self._place,
                self._unfinished,
                self._silenced,
                self._traces,
                lambda: self.front_end.endpoint.ladders,
            )
        )
        self.fleet = make_fleet(
            settings,
            port=lambda: self.front_end.endpoint.port,
            draining=lambda: self.front_end.draining,
            dialogs=lambda: self.dialogs.status.digest,
            calls=lambda: [call.summary() for call in self.calls.running()],
            end_call=self.calls.end,
            keeper=Takeover(self.calls, lambda: self.front_end, self._allowed.calls),
            register=self._share_accounts,
        )
        self._last_word = last_word(settings, self.fleet)
        limit = max(1, self._allowed.calls)
        governor = Governor(limit, settings.sip.least_calls)
        refuses = settings.sip.refuse_when_busy
        self.acs: AcsService | None = None
        if settings.acs.endpoint:
            admits = (lambda: governor.admits(self._active() + 1)) if refuses else (lambda: True)
            self.acs = AcsService(settings, self._clock, self._on_leg, admits, self.fleet)
        self._load = LoadWatch(
            governor,
            self._clock,
            self._active,
            lambda: self.speech.unsent,
            lambda: self.speech.final_wait_s,
            refuses=refuses,
        )
        self.front_end = SipFrontEnd(
            sip_endpoint(settings, CONNECTION_BOUNDS.within(self._allowed.of_sip)),
            self._on_leg,
            MediaOptions(
                self._clock,
                PortRange(settings.rtp.port_low, settings.rtp.port_high, settings.sip.host),
                host=settings.sip.host_for_media,
                preferences=media_preferences(settings),
                silence_timeout_s=settings.rtp.silence_timeout_s,
            ),
            trunks=trunk_media(settings),
            on_recorded=self._on_recorded if settings.listens else None,
            recordings=recordings(settings),
            limit=limit,
            admits=governor.admits if refuses else lambda _: True,
            share=self.fleet.claim if self.fleet is not None else None,
        )
        self._front_ends: list[FrontEnd] = [self.front_end]
        if self.acs is not None:
            self._front_ends.append(self.acs.front_end)
        dialing = Dialing(self.front_end, self.acs.front_end if self.acs is not None else None)
        self.outbound = Outbound(
            dialing.place,
            self.calls.accept,
            lines=dialing.lines,
            allow=settings.calls.outbound_allow,
            usual_lines=settings.calls.outbound_trunks,
            fit=dialing.fit,
            ring_timeout_s=settings.calls.ring_timeout_s,
            bots=lambda: self._channels.names,
        )
        self._bot_calls = BotCalls(self.outbound)
        self._channels.connector.place = self._bot_calls.converse

        let_in = access(settings)
        self.viewers = Viewers(settings, let_in)
        self.assistance = self._assist() if settings.listens else None
        self.archive = ArchiveService(settings, self._runtime.path) if settings.calls.search else None
        further = [part for part in (self.assistance, self.acs, self.archive, self._traces) if part is not None]
        self.health = Health(
            settings, self.calls, self.front_end, self.dialogs, self.speech, governor, further, self.fleet
        )
        metrics = Metrics(
            self.calls.running,
            lambda: [*self.health.figures(), *self.viewers.figures(), audit_figure(let_in.audit)],
        )
        pauses = call_process.Pauses(lambda: len(self.calls) + self.front_end.active)
        for part in (metrics, pauses, self.health.last_hour, self.archive, self._traces):
            if part is not None:
                self.calls.on_record(part.call_ended)
        if self.assistance is not None:
            self.assistance.calls.on_line = metrics.line_told
        self.console = ConsoleServer(
            settings.console.host,
            settings.console.port,
            api=CallsApi(self.calls, self.outbound, self.fleet),
            metrics=metrics,
            unready=self.health.unready,
            notes=self.health.notes,
            operations=OperationsApi(
                self.health.panels, self.health.troubles.latest, stop, Doctor(config).findings, let_in.audit
            ),
            access=let_in,
            public_url=settings.console.public_url,
            assist=self.viewers.api if settings.listens else None,
            phone=phone_api(settings, self.front_end.endpoint, let_in),
            live=live_api(settings, self.calls, self.dialogs, self.fleet),
            records=records_api(settings, self.archive, let_in),
            certificate=settings.console.certificate,
            key=settings.console.key,
            bounds=viewer_bounds(self._allowed) if settings.listens else http,
        )

    async def __aenter__(self) -> Application:
        self.health.troubles.watch()
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def drain(self) -> None:
        """Refuse new calls (503) and let running ones end, up to ``calls.drain_s``."""
        for front_end in self._front_ends:
            front_end.drain()
        drain_s = self.settings.calls.drain_s
        assistance = self.assistance
        await asyncio.gather(
            self.calls.drain(drain_s), *([assistance.calls.drain(drain_s)] if assistance is not None else [])
        )

    async def close(self) -> None:
        """End everything, in whatever state it is; what was started last ends first."""
        ends: tuple[Callable[[], Awaitable[object]], ...] = (
            self._warming.close,
            self._load.close,
            *(front_end.close for front_end in self._front_ends),
            self.console.close,  # after calls from its page have been ended, by its connections
            partial(self.calls.drain, 0),
            *([self.fleet.close] if self.fleet is not None else []),
            *([self._last_word.close] if self._last_word is not None else []),
            *([self.assistance.close] if self.assistance is not None else []),
            self.viewers.close,
            *([self.archive.stop] if self.archive is not None else []),
            self._channels.close,
            self._unfinished.close,
            self._prompts.close,
            self._synthesizers.close,
            self._clock.close,
            *([self._traces.close] if self._traces is not None else []),
            self._end_processes,
            partial(asyncio.to_thread, self._runtime.remove),
            partial(asyncio.to_thread, self.health.troubles.unwatch),
        )
        for end in ends:
            try:
                await end()
            except Exception:
                logger.exception("a part of the service failed to end")  # the others are ended all the same

    async def _start(self) -> None:
        if self._allowed.calls < self.settings.sip.max_calls:
            logger.warning("the limit of open files (%d) allows only %d calls at a time, not %d: raise it (ulimit -Hn, "
                           "LimitNOFILE=)", self._allowed.limit, self._allowed.calls,
                           self.settings.sip.max_calls)  # fmt: skip
        if self.settings.pyvoip.server:
            require_pyvoip()
        if self._traces is not None:
            self._traces.start()
        self._clock.start()
        await asyncio.gather(
            asyncio.to_thread(self._sweep),
            self._keep_unfinished(),
            self.dialogs.start(),
            self.speech.start(),
            *([self.assistance.start()] if self.assistance is not None else []),
            *([self._last_word.start()] if self._last_word is not None else []),
            asyncio.to_thread(VoiceActivity.warm, audio_formats(self.settings)),
            asyncio.to_thread(EchoGuard.warm),
            asyncio.to_thread(warm_apologies),
            asyncio.to_thread(sweep),
        )
        await self._synthesizers.start()
        await self._channels.start()
        self._warming.keep(self.dialogs.client)
        try:
            await self.front_end.start()
        except CannotBind as error:
            raise cannot_take_calls(self.settings, error) from error
        require_media_address(self.settings)
        if self.settings.pyvoip.server:
            ports = self.front_end.media.ports
            self._front_ends.append(await register_by_pyvoip(self.settings, self._clock, ports, self._on_leg))
        if self.acs is not None:
            await self.acs.start()
        if self.fleet is not None:
            self._clock.silenced = self.fleet.silenced
            self.front_end.endpoint.silenced = self._silenced
            await self.fleet.start()
        await self._finish_records()
        await self.console.start()
        if self.archive is not None:
            self.archive.start()
        self._load.start()
        self.health.started = True
        call_process.settle()

    async def _keep_unfinished(self) -> None:
        try:
            await self._unfinished.open()
        except OSError as error:
            logger.warning("records of running calls are not kept: %s", error)

    def _sweep(self) -> None:
        """Remove the unfinished files of a service that was killed."""
        for folder in (self.settings.calls.records, prompt_directory(self.settings)):
            if folder is not None and (swept := sweep_drafts(folder)):
                logger.info("%s: %d unfinished files removed", folder, swept)

    async def _finish_records(self) -> None:
        """Write the records of calls that ended when their service was killed. Some may go on."""
        records = self.settings.calls.records
        left = await asyncio.to_thread(left_calls, records)
        going_on = await self.fleet.going_on(left) if self.fleet is not None else []
        try:
            finished = await asyncio.to_thread(lambda: list(finish(records, going_on)))
        except OSError as error:
            logger.warning("records of calls of a killed service are not written: %s", error)
            return
        for record in finished:
            self.calls.tell(record)
        if finished:
            logger.warning("%s: %d calls ended as their service was killed", records, len(finished))

    def _silenced(self) -> bool:
        """Whether another process may have our calls."""
        return self._clock.silenced(self._clock.now())

    def _active(self) -> int:
        """The number of calls of all front ends."""
        return sum(front_end.active for front_end in self._front_ends)

    async def _end_processes(self) -> None:
        await asyncio.gather(self.dialogs.close(), self.speech.stop(), return_exceptions=True)

    # --- calls need what places calls, which needs calls: these methods are looked up when both exist ----------------

    def _on_leg(self, leg: Leg) -> None:
        self.calls.accept(leg)

    def _share_accounts(self, ours: Collection[str], others: Collection[str] | None) -> None:
        self.front_end.endpoint.share(ours, others)

    def _on_recorded(self, recorded: RecordedCall) -> None:
        assert self.assistance is not None
        self.assistance.accept(recorded)

    def _assist(self) -> Assistance:
        from voicebot.service.assist import Assistance  # only where it is wanted: its client takes a moment to load

        assistance = Assistance(
            self.settings, self.speech, self.calls, self.viewers.roster, self._channels.conversation
        )
        self.viewers.search = assistance.analysis.search
        return assistance

    async def _consult(self, to: Address, trunk: str, headers: Mapping[str, str]) -> Leg:
        return await self.outbound.consult(to, trunk, headers)

    async def _place(self, request: CallRequest, observer: Callable[[str, int, str], None]) -> str:
        return await self._bot_calls.place(request, observer)


async def serve(
    settings: Settings,
    stop: asyncio.Event,
    on_ready: Callable[[Application], None] = lambda _: None,
    config: Path | None = None,
) -> None:
    """Carry calls until ``stop`` is set, then drain for at most ``calls.drain_s``."""
    async with Application(settings, stop.set, config) as app:
        on_ready(app)
        await stop.wait()
        logger.info("stopping: new calls are refused")
        with contextlib.suppress(asyncio.CancelledError):
            await app.drain()
