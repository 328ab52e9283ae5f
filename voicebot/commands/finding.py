"""What a check of ``voicebot doctor`` has found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. ``mend``: what to do if it is not good. ``warning``: calls are possible all the same."""

    check: str
    good: bool
    detail: str
    mend: str = ""
    warning: bool = False
