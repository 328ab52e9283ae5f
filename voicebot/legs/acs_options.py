"""What the front end for Azure Communication Services is told of the resource and of us."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

ACS: Final = "acs"
"""The name of this front end, and of the trunk of its calls."""
DEFAULT_LEAD_MS: Final = 100
"""With a way that delays messages by 15 to 30 ms on average, no gap was heard from 60 ms on."""
CONNECTIONS_OF_CALL: Final = 4
CONNECTIONS: Final = 64
"""Beside those of calls."""
METADATA_URL: Final = "https://acscallautomation.communication.azure.com/calling/.well-known/acsopenidconfiguration"
ISSUER: Final = "https://acscallautomation.communication.azure.com"

Mode = Literal["stream", "platform"]
Recording = Literal["own", "platform"]


@dataclass(frozen=True, slots=True)
class AcsOptions:
    """``endpoint``: of the resource. ``resource_id``: its immutable id. ``host``, ``port``: where to listen.
    ``public_url``: how the service reaches that. ``events_key``: of the path for Event Grid.

    ``numbers``: those that are ours, as in routes; none: all. ``number``: in whose name we call. ``limit``: the most
    calls at a time. ``metadata_url``, ``issuer``: of the service's tokens.

    ``mode``: ``stream``, the audio comes to us; ``platform``, the service speaks and listens itself, by the Azure AI
    services at ``speech_endpoint``.

    ``recording``: who makes the recordings in mode ``stream``: we do, or the service, as it does in mode ``platform``;
    ``recording_container``: the address of a blob container, in which it puts them; empty: it keeps them for a day.
    """

    endpoint: str
    resource_id: str
    public_url: str
    events_key: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 3981
    mode: Mode = "stream"
    speech_endpoint: str = ""
    recording: Recording = "own"
    recording_container: str = ""
    numbers: tuple[str, ...] = ()
    number: str = ""
    limit: int = 50
    lead_ms: int = DEFAULT_LEAD_MS
    metadata_url: str = METADATA_URL
    issuer: str = ISSUER

    @property
    def records(self) -> bool:
        """Whether the service makes the recordings."""
        return "platform" in (self.mode, self.recording)

    @property
    def connections(self) -> int:
        """The most that its listener takes."""
        return CONNECTIONS + self.limit * CONNECTIONS_OF_CALL
