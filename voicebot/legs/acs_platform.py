"""What a leg needs of Azure Communication Services: :class:`Platform`. The official client behind it:
``acs_client.py``.

It stands between them so that a leg can be used, and tested, without the client.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from voicebot.legs.operations import Prompt, Recognition

NOT_FOUND: Final = 404
MAX_SIP_HEADERS: Final = 5
"""On a transfer, beside ``User-To-User``."""
MAX_SIP_VALUE: Final = 256
MAX_KEYS: Final = 18
"""Of one request."""

_UUI: Final = "User-To-User"
_ADDRESS: Final = re.compile(r"\b(?:https?|wss?)://\S+")

RejectReason = Literal["none", "busy", "forbidden"]
Prompts = Sequence[tuple[Prompt, str]]
"""Each with the address of its file; empty if it is text."""


class PlatformRefused(Exception):
    """A request was refused, or got no answer. ``status``: of HTTP, 0 if none came; ``code``: the service's own."""

    def __init__(self, message: str, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class CallbackUrls:
    """Where events and media of a call are sent. Both have the call's secret in them: they are never logged.

    ``media``: empty if no media are to be sent, because the service speaks and listens itself."""

    events: str = field(repr=False)
    media: str = field(repr=False)

    def file(self, name: str) -> str:
        """Where the audio file ``name`` of the call is fetched."""
        return f"{self.events}/files/{name}.wav"


def without_addresses(text: str) -> str:
    """``text`` of the service's, which may repeat the addresses that it was given, and so the secrets in them."""
    return _ADDRESS.sub("(address)", text)


class Platform(Protocol):
    """The requests of calls. Each has a deadline, and raises :class:`PlatformRefused`.

    ``connection``: the service's id of a call. ``operation``: the context that the event has which tells the outcome.
    """

    async def answer(self, context: str, urls: CallbackUrls) -> str:
        """Answer the call with this context. Returns its connection."""

    async def reject(self, context: str, reason: RejectReason) -> None: ...

    async def create(self, number: str, sender: str, urls: CallbackUrls) -> str:
        """Call ``number`` in the name of the number ``sender``. Returns the connection, while it rings."""

    async def hang_up(self, connection: str) -> None:
        """End the call for everybody. One that has ended already is no error."""

    async def transfer(
        self, connection: str, number: str, operation: str, *, caller: str, headers: Mapping[str, str]
    ) -> None:
        """Hand the ``caller`` (a number, or empty if that is not known) over to ``number``."""

    async def move(self, connection: str, participant: str, from_call: str, operation: str) -> None:
        """Move the participant with this raw id from the call ``from_call`` into this one."""

    async def leave(self, connection: str) -> None:
        """Leave the call, in which the others go on."""

    async def stream(self, connection: str, operation: str) -> None:
        """Have the media connection opened again."""

    async def play(self, connection: str, prompts: Prompts, operation: str) -> None:
        """Play ``prompts`` in place of what is played or listened for now."""

    async def recognize(
        self, connection: str, prompts: Prompts, question: Recognition, operation: str, speaker: str
    ) -> None:
        """Play ``prompts``, and listen to the participant with the raw id ``speaker``, in place of what is played or
        listened for now."""

    async def cancel(self, connection: str) -> None:
        """End what is played or listened for."""

    async def send_keys(self, connection: str, keys: str, number: str) -> None:
        """Send at most :data:`MAX_KEYS` keypad keys to ``number``."""

    async def start_recording(self, connection: str) -> str:
        """Record the call. Returns the id of the recording, which ends with the call."""

    async def pause_recording(self, recording: str) -> None: ...

    async def resume_recording(self, recording: str) -> None: ...

    async def stop_recording(self, recording: str) -> None: ...

    async def close(self) -> None: ...


def sip_headers(headers: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Those of ``headers`` that can travel with a transfer, and the names of those that cannot."""
    fit: dict[str, str] = {}
    left_out: list[str] = []
    for name, value in headers.items():
        is_uui = name.lower() == "user-to-user"
        others = len(fit) - (_UUI in fit)
        if len(value) <= MAX_SIP_VALUE and (is_uui or others < MAX_SIP_HEADERS):
            fit[_UUI if is_uui else name] = value
        else:
            left_out.append(name)
    return fit, left_out
