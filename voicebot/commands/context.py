"""The option ``--context``: what a bot is told about an outbound call."""

from __future__ import annotations

from collections.abc import Sequence


def pairs(given: Sequence[str]) -> dict[str, str]:
    """``["order=7"]`` as ``{"order": "7"}``. Raises ValueError."""
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not (name and equals):
            raise ValueError(f"--context {one}: write it like order=4711")
        found[name] = value
    return found
