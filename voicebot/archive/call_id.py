"""The ids of calls, by which their files are named."""

from __future__ import annotations

import re
from typing import Final

_ID: Final = re.compile(r"[0-9a-f]{8,64}")


def is_call_id(text: str) -> bool:
    """Whether ``text`` can be the id of a call: only then it may become the name of a file."""
    return _ID.fullmatch(text) is not None
