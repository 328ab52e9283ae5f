"""The call of ``voicebot demo --by acs``: by Azure Communication Services, of which the tests have a double.

The double is not part of the package, so this needs the source tree, and the extra ``acs``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from voicebot.audio import LINEAR_16K
from voicebot.caller import CallNotTried, CallOptions, CallReport, CallScript, TranscriptLine, follow
from voicebot.caller.voice import Voice
from voicebot.commands.own_service import own_service

DOUBLES = Path(__file__).parents[2] / "tests" / "doubles"
EVENTS_KEY = "the-demo-knows-it"
NUMBER = "+4930999"


def _double() -> tuple[Any, Any, Any]:
    """The platform, the telephone, and what finds a free port. Raises :class:`CallNotTried`."""
    if str(DOUBLES) not in sys.path:
        sys.path.append(str(DOUBLES))
    try:
        import acs
        from acs.phone import AcsPhone
        from free_port import free_port
    except ModuleNotFoundError as error:
        raise CallNotTried(
            f"a call by Azure Communication Services is made by the double of it in {DOUBLES}: run this in the "
            f"source tree, after `make install-dev` ({error.name} is not there)"
        ) from error
    return acs, AcsPhone, free_port


async def call_by_acs(
    log: Path, settings: Mapping[str, object], script: CallScript, on_line: Callable[[TranscriptLine], None]
) -> CallReport:
    """Run the service with ``settings``, its log in the file ``log``, and call it. Raises :class:`NotReady`, and
    :class:`CallNotTried`."""
    double, phone, free_port = _double()
    async with double.AcsService() as acs:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        ours = {
            "ACS__ENDPOINT": acs.url,
            "ACS__KEY": double.ACCESS_KEY,
            "ACS__RESOURCE_ID": double.RESOURCE,
            "ACS__PORT": port,
            "ACS__PUBLIC_URL": url,
            "ACS__EVENTS_KEY": EVENTS_KEY,
            "ACS__NUMBER": NUMBER,
            "ACS__METADATA_URL": acs.sending.metadata_url,
        }
        async with own_service(log, {**settings, **ours}) as service:
            options = CallOptions(speech=service.speech, keep_audio=True)
            voice = Voice(service.speech)
            try:
                return await follow(
                    f"{NUMBER} at Azure Communication Services (their double)",
                    script,
                    await voice.prepare(script, LINEAR_16K),
                    lambda sink: phone.dial(acs, f"{url}/acs/events/{EVENTS_KEY}", sink),
                    options,
                    form=LINEAR_16K,
                    codec=LINEAR_16K.name,
                    on_line=on_line,
                )
            finally:
                await voice.close()
