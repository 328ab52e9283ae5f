"""HTTP: health, metrics, an API to place and end calls (docs/operations.md), a phone in a page, pages for agents.

Rules of this package:

* `/operations`, `/healthz`, `/readyz`, `/metrics` and the files of the pages (`/`, `/live`, `/assist`) are open and
  tell nothing about single calls. `/v1` needs the token, and is closed if there is none; `/v1/assist`, `/v1/live` and
  `/v1/phone` have gates of their own.
* Nothing here knows how a call works: requests go to `calls`, and answers come from there.
* Answers of `/v1` are JSON. Errors are ``{"error": {"code", "message"}}``, and say what to do.
"""

from voicebot.web.api import CallsApi
from voicebot.web.assist_api import AssistApi
from voicebot.web.assist_gate import Gate
from voicebot.web.live_api import LiveApi
from voicebot.web.metrics import Figure, Metrics
from voicebot.web.operator import OperatorGate
from voicebot.web.page import Panel
from voicebot.web.phone_api import PhoneApi
from voicebot.web.server import ConsoleServer, ConsoleUnavailable

__all__ = [
    "AssistApi",
    "CallsApi",
    "ConsoleServer",
    "ConsoleUnavailable",
    "Figure",
    "Gate",
    "LiveApi",
    "Metrics",
    "OperatorGate",
    "Panel",
    "PhoneApi",
]
