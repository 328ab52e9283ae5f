"""``voicebot serve``: answer calls until told to stop."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
from pathlib import Path

import typer
import uvloop

from voicebot.app import Application
from voicebot.app import serve as serve_calls
from voicebot.bots.channel import ChannelUnavailable
from voicebot.log import configure_logging
from voicebot.private_files import keep_private, make_folder
from voicebot.service import call_process
from voicebot.service.acs import require_acs
from voicebot.service.supervisor import NotReady
from voicebot.settings import Settings, SettingsError, load_settings
from voicebot.web import ConsoleUnavailable


def run_serve(config: Path | None, *, check_only: bool, as_json: bool) -> int:
    """Serve until SIGINT or SIGTERM. ``check_only``: only check the settings."""
    try:
        settings = load_settings(config)
        check_folders(settings)
        check_certificates(settings)
        if settings.acs.endpoint:
            require_acs()
    except (SettingsError, NotReady) as error:
        typer.echo(str(error), err=True)
        return 2
    if check_only:
        typer.echo(json.dumps(settings.model_dump(mode="json")) if as_json else "settings are good")
        return 0
    call_process.prepare()
    keep_private()
    configure_logging(settings.log.level, settings.log.json_lines)
    try:
        return uvloop.run(_serve(settings, config, as_json))
    except (NotReady, ChannelUnavailable, ConsoleUnavailable, OSError) as error:
        typer.echo(str(error), err=True)
        return 2


def check_folders(settings: Settings) -> None:
    """Raise :class:`SettingsError` if the dialogs' folder does not exist or that of the records cannot be made."""
    if not settings.bot.dialogs.is_dir():
        raise SettingsError(f"bot.dialogs: there is no folder {settings.bot.dialogs}")
    try:
        make_folder(settings.calls.records)
    except OSError as error:
        raise SettingsError(f"calls.records: {settings.calls.records} cannot be made: {error.strerror}") from error


def check_certificates(settings: Settings) -> None:
    """Raise :class:`SettingsError` if a certificate of the settings cannot be used, before anybody connects."""
    for section, with_key in (("tls", settings.tls), ("console", settings.console)):
        if with_key.certificate is None:
            continue
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(with_key.certificate, with_key.key, password="")
        except ssl.SSLError as error:
            files = " and ".join(str(file) for file in (with_key.certificate, with_key.key) if file is not None)
            raise SettingsError(
                f"{section}.certificate: {files}: {error.reason or error}: there must be a certificate and its key, "
                "in PEM and without a password"
            ) from error
        except OSError as error:
            raise SettingsError(f"{section}.certificate: it or its key cannot be read: {error.strerror}") from error


async def _serve(settings: Settings, config: Path | None, as_json: bool) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    def on_ready(app: Application) -> None:
        uri = app.front_end.endpoint.listeners[0].uri("bot")
        if as_json:
            facts = {"ready": True, "sip": uri, "speech": app.speech.url, "http_port": app.dialogs.http_port}
            facts["console_port"] = app.console.port
            typer.echo(json.dumps(facts))
            return
        ready = typer.style("ready", fg="green", bold=True)
        call = f"call {_bold(uri)} with any softphone (no registration, PCMU or PCMA)"
        if settings.console.phone_calls:
            typer.echo(f"{ready}: talk to it: {_bold(app.console.url)}")
            typer.echo(f"       or {call}")
        else:
            typer.echo(f"{ready}: {call}")
        typer.echo(f"       or from another terminal: {_bold(f'.venv/bin/voicebot call {uri}')}")
        if app.dialogs.http_port is not None:
            typer.echo(f"       the same dialogs as text: http://127.0.0.1:{app.dialogs.http_port}/api/messages")
        typer.echo(f"       health and metrics: {app.console.url}metrics")
        typer.echo("       Ctrl-C ends it")

    await serve_calls(settings, stop, on_ready, config)
    return 0


def _bold(text: str) -> str:
    return typer.style(text, bold=True)  # rich would be loaded for this alone: 2 MB in the process of the calls
