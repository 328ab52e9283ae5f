"""The recordings that the platform makes: requests to begin, pause, resume and end them."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from acs.call import AcsCall

STATES = {"pause": "paused", "resume": "active"}


@dataclass
class AcsRecording:
    """``wish``: the request that began it. ``states``: in which it has been; the last one is that of now."""

    call: AcsCall
    wish: dict[str, Any]
    states: list[str] = field(default_factory=lambda: ["active"])

    @property
    def over(self) -> bool:
        """It was stopped, or has ended with its call, unless the application has only left that."""
        return self.states[-1] == "stopped" or (self.call.over.is_set() and not self.call.goes_on)


class Recordings:
    """Of all ``calls``."""

    def __init__(self, calls: Mapping[str, AcsCall]) -> None:
        self.made: dict[str, AcsRecording] = {}
        self._calls = calls

    def answer(self, method: str, path: str, wish: dict[str, Any]) -> web.Response | None:
        """To a request; None: there is no such call or recording."""
        if path == "recordings":
            return self._started(wish)
        match = re.fullmatch(r"recordings/([^/:]+)(?::(pause|resume))?", path)
        recording = self.made.get(match[1]) if match else None
        if match is None or recording is None or recording.over:
            return None
        recording.states.append("stopped" if method == "DELETE" else STATES[match[2]])
        return web.Response(status=204 if method == "DELETE" else 202)

    def _started(self, wish: dict[str, Any]) -> web.Response | None:
        call = self._calls.get(wish["callConnectionId"])
        if call is None or call.over.is_set() or not call.connected:
            return None
        id_ = uuid.uuid4().hex
        self.made[id_] = AcsRecording(call, wish)
        kind = "azureCommunicationServices"
        return web.json_response({"recordingId": id_, "recordingState": "active", "recordingKind": kind})
