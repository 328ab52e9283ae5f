"""The product as peers meet it: one ``voicebot serve`` for all their calls, and what these leave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from free_port import kept_ports
from served import Service

RECORD_S = 30.0
NUMBER = "830166"
"""What its speech service makes of every voice, where that is the scripted one."""


class Product:
    """A running service. ``uri`` is called, ``speech_url`` is its speech service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.uri, self.port, self.speech_url = service.uri, service.port, service.speech_url
        self.console = f"http://127.0.0.1:{service.ready['console_port']}"

    def wrong_in_log(self) -> str:
        """Everything in the log that must not be there: errors and tracebacks."""
        lines = self._service.log().splitlines()
        return "\n".join(line for line in lines if "ERROR" in line or "Traceback" in line or "CRITICAL" in line)

    def records_now(self) -> list[dict[str, Any]]:
        """The records written so far, in the order of the calls."""
        found = [json.loads(file.read_text()) for file in self._service.records.glob("*.json")]
        return sorted(found, key=lambda record: str(record["started"]))

    async def record(self, call_id: str) -> dict[str, Any]:
        """The record of a call that has ended. Raises TimeoutError when it is not written in time."""
        async with asyncio.timeout(RECORD_S):
            while True:
                for record in self.records_now():
                    if record["call_id"] == call_id:
                        return record
                await asyncio.sleep(0.05)


@contextmanager
def running(folder: Path, **settings: Any) -> Iterator[Product]:
    """Start the service as a user would; it ends with status 0, and without an error in its log whatever came."""
    codecs = '["PCMU", "PCMA", "G722"]'
    with kept_ports(200) as (low, high):
        own = {"sip__codecs": codecs, "calls__drain_s": 1, "rtp__port_low": low, "rtp__port_high": high}
        service = Service(folder, own | settings)
        try:
            yield (product := Product(service))
        finally:
            status = service.end()
    assert status == 0, service.log()
    assert product.wrong_in_log() == ""
