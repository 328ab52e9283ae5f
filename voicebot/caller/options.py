"""How the built-in caller calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from voicebot.address import Address
from voicebot.audio.codecs import CODECS, Codec
from voicebot.speech import EndpointSource

CALLER: Final = Address("caller")


@dataclass(frozen=True, slots=True)
class CallOptions:
    """How calls are placed.

    ``host``: the local address; ``""``: loopback for calls to loopback, else any. ``port``: for SIP; 0: any.
    ``speech``: the caller's own speech service, for ``say`` and ``expect``. ``transcribe``: let it transcribe what the
    bot says (``expect`` needs that). ``keep_audio``: put the audio of both sides into the report. ``max_call_s``: the
    call is hung up after that. ``response_timeout_s``: how long to wait for the first response. ``ca_file``: the
    authorities to trust over TLS; None: the system's. ``transfer_status``: the SIP status with which the target of a
    transfer answers; it is not really called.
    """

    speech: EndpointSource | None = None
    transcribe: bool = True
    host: str = ""
    port: int = 0
    rtp_ports: tuple[int, int] = (42_000, 49_998)
    codec: Codec = CODECS["PCMU"]
    sender: Address = CALLER
    display_name: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    ring_timeout_s: float = 30.0
    response_timeout_s: float = 5.0
    ca_file: Path | None = None
    max_call_s: float = 600.0
    keep_audio: bool = False
    transfer_status: int = 200
