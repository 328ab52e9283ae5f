"""The command ``python -m voicebot.localspeech``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from voicebot import supervised
from voicebot.garbage import settle
from voicebot.localspeech.pool import InferencePool
from voicebot.localspeech.prepare import ModelsMissing, default_cache_dir, prepare_models
from voicebot.localspeech.scripted import InvalidScript, Script
from voicebot.localspeech.server import LocalSpeech, script_from
from voicebot.log import configure_logging
from voicebot.parent import end_with_parent
from voicebot.private_files import keep_private
from voicebot.processors import usable_cores

_log = logging.getLogger(__name__)

KEY_ENV = "LOCALSPEECH_KEY"
SWITCH_S = 0.0005
"""After so long a thread that holds the interpreter's lock gives it to one that waits for it. A decoder asks for it
between any two of its steps of some 6 ms, and would wait for the usual 5 ms each time."""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(prog="python -m voicebot.localspeech", description="Run the offline speech service.")
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    made.add_argument("--port", type=int, default=0, help="port to listen on (default: 0, any free port)")
    made.add_argument(
        "--cache-dir", type=Path, default=None, help=f"folder of prepared models (default: {default_cache_dir()})"
    )
    made.add_argument("--prepare", action="store_true", help="prepare the models and exit")
    made.add_argument("--scripted", type=Path, metavar="FILE", help="use no models; answer as this JSON script says")
    made.add_argument(
        "--key-env",
        default=KEY_ENV,
        metavar="NAME",
        help="environment variable with a key: answer 401 to clients without it (default: %(default)s)",
    )
    made.add_argument(
        "--max-sessions",
        type=int,
        default=200,
        help="most connections for recognition, and for synthesis; further ones get 429 (default: %(default)s)",
    )
    made.add_argument("--threads", type=int, default=0, help="inference threads (default: one per core, at most 8)")
    supervised.add_options(made)
    return made


def main(argv: list[str] | None = None) -> int:
    """Run the service until SIGTERM or SIGINT. Returns the exit status: 0, 1 (cannot start), 2 (wrong use)."""
    arguments = parser().parse_args(argv)
    if arguments.exit_with_parent:
        end_with_parent()
    configure_logging(arguments.log_level, arguments.log_json)
    try:
        if arguments.prepare:
            prepare_models(arguments.cache_dir, _log_progress)
            return 0
        keep_private()
        script = script_from(arguments.scripted.read_text(encoding="utf-8")) if arguments.scripted else None
        asyncio.run(_run(arguments, script))
    except (OSError, InvalidScript, ModelsMissing) as error:
        _log.error("%s", error)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _log_progress(what: str, share: float) -> None:
    _log.info("%3.0f %% %s", share * 100, what)


async def _run(arguments: argparse.Namespace, script: Script | None) -> None:
    stop = supervised.told_to_stop()
    sys.setswitchinterval(SWITCH_S)
    pool = InferencePool(arguments.threads or min(8, usable_cores()), cores=usable_cores())
    service = LocalSpeech(
        host=arguments.host,
        port=arguments.port,
        script=script,
        require_key=os.environ.pop(arguments.key_env, ""),
        max_sessions=arguments.max_sessions,
    )
    try:
        async with service:
            if script is None and not await _load(service, pool, arguments.cache_dir, stop):
                return
            settle()
            supervised.say_ready(host=service.host, port=service.port)
            _log.info("listening on ws://%s:%d", service.host, service.port)
            await stop.wait()
    finally:
        pool.close()


async def _load(service: LocalSpeech, pool: InferencePool, cache_dir: Path | None, stop: asyncio.Event) -> bool:
    """Load the models while the service answers 503. Returns False if it was told to stop meanwhile."""
    from voicebot.localspeech.offline import load

    def job() -> None:
        service.recognition, service.synthesis = load(prepare_models(cache_dir, _log_progress), pool)

    loading = asyncio.ensure_future(asyncio.to_thread(job))
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((loading, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not loading.done():
        _log.info("stopped while the models were being loaded")
        os._exit(0)  # a thread that loads a model cannot be interrupted, and nothing here needs an orderly end
    loading.result()
    return True
