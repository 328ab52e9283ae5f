"""The settings of [siprec]: whose recording sessions are taken, and who is an agent in them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from voicebot.legs.siprec import RecordingOptions
from voicebot.settings.values import Section, default

NumberPattern = Annotated[str, StringConstraints(pattern=r"^[^@*\s]*\*?$", min_length=1, max_length=128)]
"""A number or name, or its beginning with a ``*``."""
AgentPattern = Annotated[str, StringConstraints(pattern=r"^(@[A-Za-z0-9.-]+|[^@*\s]+\*?)$", max_length=255)]
"""The same, or ``@`` and a domain."""


class SiprecSettings(Section):
    """[siprec] calls between people that a recording client (an SBC, a PBX) forks to us, for agent assist. Trunks may
    be set up for it, too (``trunks.assist``). Where nothing is, such calls are calls like any other."""

    numbers: tuple[NumberPattern, ...] = Field(default(RecordingOptions, "numbers"))
    """Called numbers, or their beginnings with a ``*``, at which recording clients are taken as such, by any trunk."""
    agents: tuple[AgentPattern, ...] = Field(default(RecordingOptions, "agents"))
    """Who is an agent: ``7001``, ``+1555012*``, ``@desk.example.com``. Empty: who is called, or the second party."""
    pause_at_source: bool = default(RecordingOptions, "pause_at_source")
    """Ask the recording client to send nothing while listening is paused (a re-INVITE with ``inactive``). Without it,
    or if the client refuses, what it sends is dropped."""
