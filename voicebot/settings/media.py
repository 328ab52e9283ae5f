"""The settings of calls' audio that hold for all, or for one trunk or account in the place of those for all."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from voicebot.audio.codecs import MAX_PTIME_MS, MIN_PTIME_MS, all_named
from voicebot.sip.offer_answer import Srtp


def _canonical(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(codec.name for codec in all_named(names))


CodecNames = Annotated[tuple[str, ...], AfterValidator(_canonical)]
"""Codecs in the order of preference, by name in any case."""
CodecChoice = Literal["theirs", "ours"]
"""Whose order decides which codec of an offer is taken."""
PtimeMs = Annotated[int, Field(ge=MIN_PTIME_MS, le=MAX_PTIME_MS, multiple_of=10)]


class OwnMediaSettings(BaseModel):
    """What a trunk or account may have its own way; unset: as for all ([sip] and [rtp])."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    codecs: CodecNames | None = None
    codec_choice: CodecChoice | None = None
    ptime_ms: PtimeMs | None = None
    srtp: Srtp | None = None
    inband_dtmf: bool | None = None
