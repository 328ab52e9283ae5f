"""HTTP for whoever runs the service: is it well, how is it doing, place a call, end one (docs/operations.md).

Rules that hold here:

* `/`, `/healthz`, `/readyz` and `/metrics` are open and tell nothing of anybody's call; `/v1` needs the token, and is
  shut without one.
* Nothing here knows how a call works: what is asked for goes to `calls`, what is told comes from there.
* Answers are JSON; errors are ``{"error": {"code", "message"}}``, and say the mend.
"""

from voicebot.console.api import CallsApi
from voicebot.console.metrics import Figure, Metrics
from voicebot.console.page import Panel
from voicebot.console.server import ConsoleServer, ConsoleUnavailable

__all__ = ["CallsApi", "ConsoleServer", "ConsoleUnavailable", "Figure", "Metrics", "Panel"]
