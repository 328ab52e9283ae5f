"""Values as an author would write them, for pictures and messages: never in Python's spelling."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

from voicebot.authoring.exact import numeral


def as_written(value: Any) -> str:
    """``value`` in the words of a dialog file: ``true``, ``80``, ``type: single, price: 80; type: double, ...``."""
    match value:
        case str():
            return value
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return numeral(value)
        case date():
            return value.isoformat()
        case time():
            return value.isoformat("auto" if value.second else "minutes")
        case Mapping():
            return ", ".join(f"{name}: {as_written(part)}" for name, part in value.items())
        case list() | tuple():
            between = "; " if any(isinstance(item, list | tuple | Mapping) for item in value) else ", "
            return between.join(as_written(item) for item in value)
        case _:
            return ""
