"""The service that the telephones of the field call: its settings, and the trunks and bot that the cases use."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from served import ROOT, Service, SpeechDouble

PLAIN_DIALOGS = ROOT / "tests" / "endtoend" / "dialogs_plain"
"""A bot that repeats what it hears, keys too; 8 has it hand on, 9 hang up."""
LOOPBACK = "127.0.0.1"
WIDE, OUT = "127.0.0.12", "127.0.0.16"
"""Where the trunk with wideband codecs calls from, and the one that is called."""
TOKEN = "only for these tests"
SETTINGS = """
[sip]
listen = ["udp:{LOOPBACK}:0", "tcp:{LOOPBACK}:{tcp}"]
codecs = ["PCMU", "PCMA"]

[[trunks]]
name = "local"
addresses = ["{LOOPBACK}"]

[[trunks]]
name = "wide"
addresses = ["{WIDE}"]
codecs = ["opus", "G722", "PCMU", "PCMA"]

[[trunks]]
name = "out"
addresses = ["{OUT}"]
outbound = "sip:{OUT}:{out}"
options_s = 0

[calls]
recording = true
outbound_allow = ["+1555*"]

[console]
token_file = "{token}"

[connector]
port = 0

[routes]
default = "dialogs"
numbers = {{"+15550123" = "probe"}}

[[bots]]
name = "probe"
kind = "bot-framework"
url = "http://{LOOPBACK}:{bot}/api/messages"
expect_replies = true
"""


@dataclass(frozen=True)
class Field:
    """``tcp``: the service's port for connections. ``out``: the port at which the trunk ``out`` waits for calls.
    ``bot``: the port of the bot that has +15550123."""

    service: Service
    speech: SpeechDouble
    tcp: int
    out: int
    bot: int

    def order(self, to: str = "+15550177") -> dict[str, Any]:
        """Have the service call ``to`` by the trunk ``out``."""
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self.service.ready['console_port']}/v1/calls",
            json.dumps({"to": to, "trunk": "out"}).encode(),
            {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            return dict(json.load(response))


def started(folder: Path, speech: SpeechDouble, settings: str, **overrides: Any) -> Service:
    """A service with these settings (TOML), and ``overrides`` by ``section__name``."""
    folder.mkdir()
    (folder / "voicebot.toml").write_text(settings)
    always = {"bot__dialogs": PLAIN_DIALOGS, "speech__service": "url", "speech__url": speech.url}
    return Service(folder, always | overrides)
