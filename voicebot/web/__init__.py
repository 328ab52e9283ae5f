"""HTTP: health, metrics, an API to place and end calls (docs/operations.md), a phone in a page, calls
that run and that were, pages for agents.

Rules of this package:

* Who may send which request is one table, `permissions.py`, and `access.py` asks for it before any handler. `/healthz`,
  `/readyz`, `/metrics` and the files of the pages are open and tell nothing about single calls; `/v1` needs a role.
* Nothing here knows how a call works: requests go to `calls`, and answers come from there.
* Answers of `/v1` are JSON. Errors are ``{"error": {"code", "message"}}``, and say what to do.
"""

from voicebot.web.access import Access, Token
from voicebot.web.api import CallsApi
from voicebot.web.assist_api import AssistApi
from voicebot.web.assist_gate import Gate
from voicebot.web.audit import AuditLog
from voicebot.web.live_api import FlowPicture, LiveApi
from voicebot.web.metrics import Figure, Metrics
from voicebot.web.operations_api import OperationsApi
from voicebot.web.panel import Panel
from voicebot.web.phone_api import PhoneApi
from voicebot.web.records_api import RecordsApi
from voicebot.web.roles import Role
from voicebot.web.server import ConsoleServer, ConsoleUnavailable

__all__ = [
    "Access",
    "AssistApi",
    "AuditLog",
    "CallsApi",
    "ConsoleServer",
    "ConsoleUnavailable",
    "Figure",
    "FlowPicture",
    "Gate",
    "LiveApi",
    "Metrics",
    "OperationsApi",
    "Panel",
    "PhoneApi",
    "RecordsApi",
    "Role",
    "Token",
]
