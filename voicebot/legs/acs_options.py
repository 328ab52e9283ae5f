"""What the front end for Azure Communication Services is told of the resource and of us."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

ACS: Final = "acs"
"""The name of this front end, and of the trunk of its calls."""
DEFAULT_LEAD_MS: Final = 100
"""With a way that delays messages by 15 to 30 ms on average, no gap was heard from 60 ms on."""
METADATA_URL: Final = "https://acscallautomation.communication.azure.com/calling/.well-known/acsopenidconfiguration"
ISSUER: Final = "https://acscallautomation.communication.azure.com"


@dataclass(frozen=True, slots=True)
class AcsOptions:
    """``endpoint``: of the resource. ``resource_id``: its immutable id. ``host``, ``port``: where to listen.
    ``public_url``: how the service reaches that. ``events_key``: of the path for Event Grid.

    ``numbers``: those that are ours, as in routes; none: all. ``number``: in whose name we call. ``limit``: the most
    calls at a time. ``metadata_url``, ``issuer``: of the service's tokens.
    """

    endpoint: str
    resource_id: str
    public_url: str
    events_key: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 3981
    numbers: tuple[str, ...] = ()
    number: str = ""
    limit: int = 50
    lead_ms: int = DEFAULT_LEAD_MS
    metadata_url: str = METADATA_URL
    issuer: str = ISSUER
