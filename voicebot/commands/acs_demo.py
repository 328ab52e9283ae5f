"""The calls of ``voicebot demo --by acs`` and ``--by acs-platform``: by Azure Communication Services, of which the
tests have a double. In the latter, that speaks and listens itself, and what is said is text.

The double is not part of the package, so this needs the source tree, and the extra ``acs``.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from voicebot.audio import LINEAR_16K
from voicebot.caller import CallNotTried, CallOptions, CallReport, CallScript, TranscriptLine, follow
from voicebot.caller.voice import Voice
from voicebot.commands.own_service import OwnService, own_service

DOUBLES = Path(__file__).parents[2] / "tests" / "doubles"
EVENTS_KEY = "the-demo-knows-it"
NUMBER = "+4930999"
CALLED = f"{NUMBER} at Azure Communication Services (their double)"


class _Double(NamedTuple):
    """``acs``: the platform; ``phone``: with audio; ``caller``: with text; ``free_port``: finds one."""

    acs: Any
    phone: Any
    caller: Any
    free_port: Any


def _double() -> _Double:
    """Raises :class:`CallNotTried`."""
    if str(DOUBLES) not in sys.path:
        sys.path.append(str(DOUBLES))
    try:
        import acs
        from acs.phone import AcsPhone
        from acs.scripted import ScriptedCaller
        from free_port import free_port
    except ModuleNotFoundError as error:
        raise CallNotTried(
            f"a call by Azure Communication Services is made by the double of it in {DOUBLES}: run this in the "
            f"source tree, after `make install-dev` ({error.name} is not there)"
        ) from error
    return _Double(acs, AcsPhone, ScriptedCaller, free_port)


async def call_by_acs(
    log: Path, settings: Mapping[str, object], script: CallScript, on_line: Callable[[TranscriptLine], None]
) -> CallReport:
    """Run the service with ``settings``, its log in the file ``log``, and call it. Raises :class:`NotReady`, and
    :class:`CallNotTried`."""
    async with _service(log, settings) as (double, acs, grid, service):
        options = CallOptions(speech=service.speech, keep_audio=True)
        voice = Voice(service.speech)
        try:
            return await follow(
                CALLED,
                script,
                await voice.prepare(script, LINEAR_16K),
                lambda sink: double.phone.dial(acs, grid, sink),
                options,
                form=LINEAR_16K,
                codec=LINEAR_16K.name,
                on_line=on_line,
            )
        finally:
            await voice.close()


async def call_by_acs_platform(
    log: Path, settings: Mapping[str, object], script: CallScript, on_line: Callable[[TranscriptLine], None]
) -> CallReport:
    """The same where the platform speaks and listens. Raises :class:`NotReady`, and :class:`CallNotTried`."""
    ours = {"ACS__MODE": "platform", "ACS__SPEECH_ENDPOINT": "http://127.0.0.1:9"}
    async with _service(log, {**settings, **ours}) as (double, acs, grid, _):
        caller = await double.caller.dial(acs, grid, on_line)
        report: CallReport = await caller.follow(script, CALLED)
        return report


@asynccontextmanager
async def _service(log: Path, settings: Mapping[str, object]) -> AsyncIterator[tuple[_Double, Any, str, OwnService]]:
    """The double, its platform, where that delivers calls, and the service that takes them."""
    double = _double()
    async with double.acs.AcsService() as acs:
        port = double.free_port()
        url = f"http://127.0.0.1:{port}"
        ours = {
            "ACS__ENDPOINT": acs.url,
            "ACS__KEY": double.acs.ACCESS_KEY,
            "ACS__RESOURCE_ID": double.acs.RESOURCE,
            "ACS__PORT": port,
            "ACS__PUBLIC_URL": url,
            "ACS__EVENTS_KEY": EVENTS_KEY,
            "ACS__NUMBER": NUMBER,
            "ACS__METADATA_URL": acs.sending.metadata_url,
        }
        async with own_service(log, {**settings, **ours}) as service:
            yield double, acs, f"{url}/acs/events/{EVENTS_KEY}", service
