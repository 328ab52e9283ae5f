"""The settings of turns, calls and the log."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from voicebot.events import Pace
from voicebot.legs.sip_outgoing import OutgoingOptions
from voicebot.settings.values import AddressOrNone, DomainOrNone, Seconds, Section, default
from voicebot.turns import TurnPolicy


class TurnSettings(Section):
    """[turns] when a turn ends, and when the caller may interrupt. Explained at :class:`~voicebot.turns.TurnPolicy`."""

    pace: Pace = Pace.USUAL
    """Stands for values of the eight numbers that follow. Numbers that are set to others than the usual ones win."""
    end_silence_ms: int = Field(default(TurnPolicy, "end_silence_ms"), ge=50, le=5000)
    number_silence_ms: int = Field(default(TurnPolicy, "number_silence_ms"), ge=50, le=5000)
    complete_silence_ms: int = Field(default(TurnPolicy, "complete_silence_ms"), ge=50, le=5000)
    one_word_silence_ms: int = Field(default(TurnPolicy, "one_word_silence_ms"), ge=50, le=5000)
    finished_silence_ms: int = Field(default(TurnPolicy, "finished_silence_ms"), ge=50, le=5000)
    unsure_silence_ms: int = Field(default(TurnPolicy, "unsure_silence_ms"), ge=50, le=5000)
    unfinished_silence_ms: int = Field(default(TurnPolicy, "unfinished_silence_ms"), ge=50, le=5000)
    patience_ms: int = Field(default(TurnPolicy, "patience_ms"), ge=100, le=10000)
    race_grace_ms: int = Field(default(TurnPolicy, "race_grace_ms"), ge=0, le=5000)
    final_result_ms: int = Field(default(TurnPolicy, "final_result_ms"), ge=0, le=5000)
    prepare: bool = default(TurnPolicy, "prepare")
    no_input_s: Seconds = default(TurnPolicy, "no_input_s")
    barge_in: bool = default(TurnPolicy, "barge_in")
    barge_in_resume_ms: int = Field(default(TurnPolicy, "barge_in_resume_ms"), ge=100, le=10000)
    masking_s: Seconds = default(TurnPolicy, "masking_s")
    vad_start_ms: int = Field(64, ge=32, le=1000)
    """Shorter sounds are not taken for speech. 64 to 96 ignores most coughs and still hears a quick "no"."""
    vad_echo_gate_dbfs: float = Field(-42.0, ge=-90, le=0)
    """While the bot speaks, sounds below this level are ignored, until the caller's own level is known: see
    `voicebot/speech/caller_level.py`."""


class CallSettings(Section):
    """[calls] limits, transfers, outbound calls, records and recordings."""

    max_duration_s: Seconds = 3600.0
    fallback_transfer: AddressOrNone = None
    """Where callers are transferred when speech or bot have failed for good: a number or SIP URI. Empty: they hear an
    apology, and the call ends."""
    transfer_allow: tuple[str, ...] = ("+1???55501??",)
    """Patterns of the targets to which callers may be transferred (`voicebot/calls/targets.py`), besides
    ``fallback_transfer``. The default matches only numbers reserved for fiction, which the sample dialog uses."""
    transfer_domain: DomainOrNone = None
    """The SIP domain to which bare telephone numbers are transferred. Empty: that of the caller's trunk."""
    records: Path = Path("var/records")
    """The folder for the records of calls, one JSON file for each."""
    recording: bool = False
    """Record the audio of every call, as a stereo WAV file beside its record."""
    signalling: bool = False
    """Keep the SIP messages of each call in its record, without credentials, keys for media, and bodies other than
    session descriptions."""
    search: bool = True
    """Keep an index beside the records, by which calls that were are found: by number, time, outcome, bot, step and
    words. It has the words of the records, and is as private as they are."""
    drain_s: Seconds = 60.0
    """How long running calls may go on after SIGTERM."""
    before_answer: Literal["ring", "greeting"] = "ring"
    """``greeting``: callers hear the greeting before the call is answered (183, early media), for which networks do not
    charge. What callers say during it may not reach us. If the bot hangs up after it, the call was never answered."""
    outbound_allow: tuple[str, ...] = ()
    """Patterns of the numbers and addresses that may be called, as in ``transfer_allow``; none by default."""
    outbound_trunks: tuple[str, ...] = ()
    """The trunks and accounts for outbound calls that name none: of these, the first that is up and can take another
    call. Empty: the only one there is."""
    ring_timeout_s: Seconds = default(OutgoingOptions, "ring_timeout_s")
    """How long an outbound call may ring."""
    play_allow: tuple[str, ...] = ("*",)
    """The hosts from which bots and dialogs may play files by URL (patterns: `voicebot/web_access.py`). Hosts with
    private addresses must be named in full."""


class LogSettings(Section):
    """[log]"""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    json_lines: bool = False
    words: bool = False
    """Whether the log shows what callers say and which keys they press. The records in ``calls.records`` always do."""
