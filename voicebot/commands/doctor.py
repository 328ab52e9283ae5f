"""``voicebot doctor``: check that everything that calls need is there, and say what to do if not."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import typer
from rich.console import Console

from voicebot.access_tokens import TokenUnavailable
from voicebot.audio import PCMU
from voicebot.bots.bot_framework import BotFrameworkBot
from voicebot.bots.remote_bot import RemoteBot
from voicebot.commands.doctor_acs import acs_findings
from voicebot.commands.doctor_traces import collector
from voicebot.commands.finding import Finding
from voicebot.commands.serve import check_certificates, check_folders
from voicebot.events import Event
from voicebot.listening.cannot_listen import bind_error, cannot_listen
from voicebot.listening.descriptors import allowance, raise_limit
from voicebot.localspeech import capacity
from voicebot.localspeech.prepare import models_prepared
from voicebot.service.sip import listeners, why_no_listener, why_no_media
from voicebot.service.speech_watch import http_address
from voicebot.settings import Settings, SettingsError, load_settings
from voicebot.speech import Recognizer, SpeechUnavailable
from voicebot.speechsdk.in_process import InProcessSdk

CLOCK_SLACK_S = 60.0
"""Entra tokens and TLS fail if the clock is off by some minutes, so a minute is worth a warning."""
FREE_DISK_MB = 500
NICE = 10
"""The priority beside calls."""
BOT_TIMEOUT_S = 5.0


def run_doctor(config: Path | None, *, as_json: bool, beside_service: bool = False) -> int:
    """Run all checks. ``beside_service``: without those of its ports, and of how fast the machine is, and at a low
    priority. Status 1: one of them is not good, and no mere warning."""
    if beside_service:
        os.nice(NICE)
    findings = list(_findings(config, beside_service=beside_service))
    if as_json:
        typer.echo(json.dumps([asdict(f) for f in findings]))
    else:
        console = Console(highlight=False)
        for finding in findings:
            bad = "[yellow]warn[/]" if finding.warning else "[red]bad [/]"
            mark = "[green]good[/]" if finding.good else bad
            console.print(f"{mark}  [bold]{finding.check}[/]: {finding.detail}", soft_wrap=True)
            if finding.mend and not finding.good:
                console.print(f"      what to do: {finding.mend}", soft_wrap=True)
    return 0 if all(f.good or f.warning for f in findings) else 1


def _findings(config: Path | None, *, beside_service: bool) -> Iterator[Finding]:
    yield _packages()
    try:
        settings = load_settings(config)
        check_folders(settings)
        check_certificates(settings)
    except SettingsError as error:
        yield Finding("settings", False, str(error), "correct the setting; voicebot.example.toml describes each")
        return
    yield Finding("settings", True, "read and understood")
    yield _open_files(settings)
    if not beside_service:
        yield _sip_ports(settings)
        yield from _http_ports(settings)
        yield _rtp_ports(settings)
    yield _dialogs(settings)
    yield _disk(settings)
    if settings.bots:
        yield from asyncio.run(bots(settings))
    if settings.acs.endpoint:
        yield from acs_findings(settings)
    if settings.traces.endpoint:
        yield collector(settings)
    if settings.listens:
        yield _assist(settings)
        if settings.language.service == "azure":
            yield asyncio.run(_language_service(settings))
    if settings.speech.service == "local":
        yield (models := _models())
        if models.good and not beside_service:
            yield _speech_capacity(capacity.measure(), settings)
    else:
        yield from asyncio.run(_speech_service(settings))


def _packages() -> Finding:
    missing = []
    for name in ("azure.cognitiveservices.speech", "botbuilder.core", "onnxruntime", "uvloop"):
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as error:
            missing.append(f"{name} ({error})")
    if missing:
        return Finding("packages", False, "; ".join(missing), "run: make install")
    return Finding("packages", True, "all can be loaded")


def _sip_ports(settings: Settings) -> Finding:
    free = []
    for at in listeners(settings):
        where = f"{at.transport} {at.host}:{at.port}"
        kind = socket.SOCK_DGRAM if at.transport == "UDP" else socket.SOCK_STREAM
        if (error := bind_error(kind, at.host, at.port)) is not None:
            why = why_no_listener(settings, error)
            return Finding("SIP port", False, f"{where}: {why.reason}", why.mend)
        free.append(where)
    return Finding("SIP port", True, f"{', '.join(free)} {'is' if len(free) == 1 else 'are'} free")


def _http_ports(settings: Settings) -> Iterator[Finding]:
    """Whether each server of ours that is HTTP can listen. Port 0, which is any free one, is not looked at."""
    servers = [
        ("console port", settings.console.host, settings.console.port, "console.port"),
        ("port of /api/messages", "127.0.0.1", settings.bot.http_port, "bot.http_port"),
    ]
    if any(isinstance(bot, BotFrameworkBot) for bot in settings.bots):
        at = settings.connector
        servers.append(("connector port", at.host, at.port, "connector.port"))
    if settings.acs.endpoint:
        servers.append(("ACS port", settings.acs.host, settings.acs.port, "acs.port"))
    if settings.speech.service == "local":
        servers.append(("port of the speech service", "127.0.0.1", settings.speech.local_port, "speech.local_port"))
    if settings.listens and settings.language.service == "local":
        at_port = settings.language.local_port
        servers.append(("port of the language service", "127.0.0.1", at_port, "language.local_port"))
    seen: dict[int, str] = {}
    for check, host, port, setting in servers:
        if not port:
            continue
        where = f"{f'[{host}]' if ':' in host else host}:{port}"
        if port in seen:
            mend = f"change {setting}"
            yield Finding(check, False, f"{where}: the settings name it for the {seen[port]} as well", mend)
        elif (error := bind_error(socket.SOCK_STREAM, host, port)) is not None:
            section = setting.partition(".")[0]
            why = cannot_listen(error, host=f"{section}.host", port=setting, seen_as=f"{section}.public_url")
            yield Finding(check, False, f"{where}: {why.reason}", why.mend)
        else:
            yield Finding(check, True, f"{where} is free")
        seen.setdefault(port, check)


def _open_files(settings: Settings) -> Finding:
    allowed = allowance(raise_limit(), settings.sip.max_calls, settings.acs.connections)
    detail = f"{allowed.limit} allow {allowed.calls} calls and {allowed.connections} connections"
    good = allowed.calls >= settings.sip.max_calls
    mend = f"{settings.sip.max_calls} calls (sip.max_calls) need a higher limit: ulimit -Hn, LimitNOFILE= of systemd"
    return Finding("open files", good, detail, mend)


def _rtp_ports(settings: Settings) -> Finding:
    if (why := why_no_media(settings)) is not None:
        return Finding("RTP ports", False, f"{settings.sip.host}: {why.reason}", why.mend)
    ports = range(settings.rtp.port_low + settings.rtp.port_low % 2, settings.rtp.port_high, 2)
    free = sum(bind_error(socket.SOCK_DGRAM, settings.sip.host, port) is None for port in ports)
    each = 2 if settings.listens else 1  # of a call between people, both are heard
    good = free >= each * settings.sip.max_calls
    detail = f"{free} of {len(ports)} pairs are free, sip.max_calls is {settings.sip.max_calls}"
    if each > 1:
        detail += f", and a call between people needs {each}"
    return Finding("RTP ports", good, detail, "widen rtp.port_low..rtp.port_high, or lower sip.max_calls")


def _dialogs(settings: Settings) -> Finding:
    folder = settings.bot.dialogs
    if any((folder / main).is_file() for main in ("main.yaml", "main.py", "__init__.py")):
        return Finding("dialogs", True, f"{folder} has a main dialog")
    return Finding("dialogs", False, f"there is no {folder / 'main.yaml'}", "point bot.dialogs at a folder with one")


def _assist(settings: Settings) -> Finding:
    """Whether the rules and articles for calls between people can be used."""
    from voicebot.assist.analyst import InvalidFolder, read_folder  # only where there may be such calls

    check, folder = "assist", settings.assist.folder
    if folder is None:
        return Finding(check, True, "without rules and articles")
    try:
        book, knowledge = read_folder(folder)
    except InvalidFolder as error:
        return Finding(check, False, str(error), "correct the files, or set assist.folder")
    found = f"{len(book.rules)} rules, {len(book.items)} items of the checklist, {len(knowledge.articles)} articles"
    return Finding(check, True, f"{folder}: {found}")


async def _language_service(settings: Settings) -> Finding:
    """Whether Azure AI Language answers us."""
    from voicebot.assist.analysis import AnalysisUnavailable  # only where there may be such calls
    from voicebot.assist.analysis_client import LanguageClient

    client = LanguageClient(settings.language.remote)
    await client.start()
    try:
        await client.tone("hello", "en")
    except AnalysisUnavailable as error:
        return Finding("language service", False, str(error), "correct language.endpoint and its key")
    finally:
        await client.close()
    return Finding("language service", True, f"{urlsplit(settings.language.endpoint).netloc} answers")


def _disk(settings: Settings) -> Finding:
    free_mb = shutil.disk_usage(settings.calls.records).free >> 20
    detail = f"{free_mb} MB free for records"
    return Finding("disk", free_mb >= FREE_DISK_MB, detail, "make room, or move calls.records")


async def bots(settings: Settings) -> list[Finding]:
    """Whether the bots that run elsewhere can be reached, and whether there are tokens for them. None is sent an
    activity."""
    timeout = aiohttp.ClientTimeout(total=BOT_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as http:
        return [await _bot(bot, http) for bot in settings.bots]


async def _bot(bot: RemoteBot, http: aiohttp.ClientSession) -> Finding:
    check = f"bot {bot.name}"
    url = bot.address
    parts = urlsplit(url)
    address = parts._replace(scheme={"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)).geturl()
    try:
        async with http.get(address, allow_redirects=False) as response:
            status = response.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        why = str(error) or "no answer"
        return Finding(check, False, f"{url}: {why}", "check that it runs, its address, and firewalls")
    if status == HTTPStatus.NOT_FOUND and bot.kind_of_address:
        return Finding(check, False, f"{url}: HTTP 404", bot.kind_of_address)
    if (credentials := bot.credentials()) is not None:
        try:
            await credentials.token()
        except TokenUnavailable as error:
            return Finding(check, False, f"no token for it: {error}", "check app_id, its secret, tenant and authority")
        finally:
            await credentials.close()
        return Finding(check, True, f"{parts.netloc} answers, and there is a token for it")
    return Finding(check, True, f"{parts.netloc} answers")


def _models() -> Finding:
    if models_prepared():
        return Finding("speech models", True, "prepared")
    return Finding("speech models", False, "not prepared yet", "run: voicebot localspeech --prepare (10 s, once)")


def _speech_capacity(measured: capacity.Capacity, settings: Settings) -> Finding:
    lines, calls = settings.sip.max_calls, measured.calls
    detail = (
        f"about {calls} calls at once on {measured.cores} cores, by a short measurement: a second of speech takes "
        f"{measured.heard:.2f} s of a core to recognise and {measured.spoken:.2f} s to synthesise; "
        f"sip.max_calls is {lines}"
    )
    mend = f"with more calls, answers come late: set sip.max_calls = {max(1, calls)}, or use more cores or Azure Speech"
    return Finding("speech capacity", calls >= lines, detail, mend, warning=True)


async def _speech_service(settings: Settings) -> list[Finding]:
    findings = []
    try:
        endpoint = settings.speech.remote()
    except (ValueError, OSError) as error:
        return [Finding("speech service", False, str(error), "correct [speech] in the settings")]
    began = time.monotonic()

    def ignore(event: Event) -> None:
        del event

    recognizer = Recognizer(InProcessSdk(), endpoint, audio=PCMU, language=settings.speech.language, on_event=ignore)
    try:
        await recognizer.start()
        findings.append(Finding("speech service", True, f"connected in {(time.monotonic() - began) * 1000:.0f} ms"))
    except SpeechUnavailable as error:
        mend = "check region, endpoint or url, the key, and that this machine may reach the service (port 443)"
        findings.append(Finding("speech service", False, str(error), mend))
    finally:
        await recognizer.stop()
    findings.extend(await _clock(http_address(endpoint)))
    return findings


async def _clock(address: str) -> list[Finding]:
    """Compare our clock with the service's ``Date`` header. Empty if it does not send one."""
    try:
        timeout = aiohttp.ClientTimeout(total=5)
        async with aiohttp.ClientSession(timeout=timeout) as http, http.get(address) as response:
            header = response.headers.get("Date", "")
    except (aiohttp.ClientError, TimeoutError):
        return []
    if not header:
        return []
    from email.utils import parsedate_to_datetime

    off_s = abs(time.time() - parsedate_to_datetime(header).timestamp())
    return [Finding("clock", off_s < CLOCK_SLACK_S, f"{off_s:.0f} s from the service's clock", "set it (NTP)")]
