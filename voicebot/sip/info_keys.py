"""Keypad keys in INFO: the two body types in use, ``application/dtmf-relay`` and ``application/dtmf``."""

from __future__ import annotations

import re

from voicebot.sip.message import SipRequest

TYPES = ("application/dtmf-relay", "application/dtmf")
_KEY_RE = re.compile(r"(?:\A|\n)[ \t]*+(?:Signal[ \t]*+=[ \t]*+)?([0-9*#A-Da-d]|1[0-5])[ \t]*+(?:\r?\n|\Z)")
_KEY_NUMBERS = {"10": "*", "11": "#", "12": "A", "13": "B", "14": "C", "15": "D"}


def key_in(request: SipRequest) -> str:
    """The key, or an empty string if the body names none."""
    match = _KEY_RE.search(request.body[:200].decode("ascii", "replace"))
    return _KEY_NUMBERS.get(match[1], match[1].upper()) if match is not None else ""
