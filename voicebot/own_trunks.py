"""The trunks that nobody sets: of callers who need none, and who may say that they are anybody."""

from __future__ import annotations

from typing import Final

LOOPBACK_TRUNK: Final = "local"
"""Of programs on this machine, where no trunk and no account is set."""
PAGE_TRUNK: Final = "page"
"""Of people at the console's page."""


def vouches(trunk: str) -> bool:
    """Whether a caller by ``trunk`` is who the call says."""
    return trunk not in ("", LOOPBACK_TRUNK, PAGE_TRUNK)
