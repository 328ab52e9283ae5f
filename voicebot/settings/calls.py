"""The settings of calls, of what is told about them, and of who may place them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from voicebot.legs.sip_outgoing import OutgoingOptions
from voicebot.settings.values import AddressOrNone, DomainOrNone, Seconds, Section, default
from voicebot.turns import TurnPolicy


class TurnSettings(Section):
    """[turns] the patience of the conversation: what each means, and how much it is, says
    :class:`~voicebot.turns.TurnPolicy`."""

    end_silence_ms: int = Field(default(TurnPolicy, "end_silence_ms"), ge=50, le=5000)
    race_grace_ms: int = Field(default(TurnPolicy, "race_grace_ms"), ge=0, le=5000)
    number_silence_ms: int = Field(default(TurnPolicy, "number_silence_ms"), ge=50, le=5000)
    patience_ms: int = Field(default(TurnPolicy, "patience_ms"), ge=100, le=10000)
    no_input_s: Seconds = default(TurnPolicy, "no_input_s")
    barge_in: bool = default(TurnPolicy, "barge_in")
    barge_in_resume_ms: int = Field(default(TurnPolicy, "barge_in_resume_ms"), ge=100, le=10000)
    masking_s: Seconds = default(TurnPolicy, "masking_s")
    vad_start_ms: int = Field(64, ge=32, le=1000)
    """How long a voice must last to be one: 64 to 96 is a fair trade between a cough and a quick "no"."""
    vad_echo_gate_dbfs: float = Field(-40.0, ge=-90, le=0)
    """While the bot speaks, sounds below this level are taken for its echo."""


class CallSettings(Section):
    """[calls] limits and what is kept."""

    max_duration_s: Seconds = 3600.0
    fallback_transfer: AddressOrNone = None
    """Where callers go when speech or bot fail for good: a number or SIP URI. Empty: an apology and a hang-up."""
    transfer_allow: tuple[str, ...] = ("+1???55501??",)
    """Patterns of the numbers and addresses that callers may be handed to (`voicebot/calls/targets.py`), beside
    ``fallback_transfer``. The default holds only numbers that nobody has: those of films, and of the sample dialog."""
    transfer_domain: DomainOrNone = None
    """The SIP domain to which bare telephone numbers are transferred; empty: the caller's own trunk."""
    records: Path = Path("var/records")
    """One JSON document a call."""
    recording: bool = False
    """Keep the audio of every call as stereo WAV beside its record."""
    drain_s: Seconds = 60.0
    """After SIGTERM, how long running calls may go on."""
    before_answer: Literal["ring", "greeting"] = "ring"
    """``greeting``: callers hear the greeting before we answer (183, early media), which networks do not charge. What
    they say to it may not reach us, and a bot that hangs up after it has not answered the call."""
    outbound_allow: tuple[str, ...] = ()
    """Patterns of the numbers and addresses that may be called, as in ``transfer_allow``; none by default."""
    outbound_trunks: tuple[str, ...] = ()
    """The trunks and accounts that calls go by when the wish to call names none: the first one that is up and has room
    for a call. Empty: the only one there is."""
    ring_timeout_s: Seconds = default(OutgoingOptions, "ring_timeout_s")
    """How long a call of ours may go unanswered."""
    play_allow: tuple[str, ...] = ("*",)
    """The hosts from which files may be played that bots and dialogs name by URL (patterns:
    `voicebot/web_access.py`). Only hosts that are named in full may have private addresses."""


class LogSettings(Section):
    """[log]"""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    json_lines: bool = False
    words: bool = False
    """Whether the log may hold what callers say and which keys they press. (The records in ``calls.records`` do.)"""
