"""The settings file as a TOML document, for the settings and for commands that need only one value of it.

It imports no other part of the application, because such commands should start fast.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Final

DEFAULT_FILE: Final = Path("voicebot.toml")
NO_FILE: Final = Path(os.devnull)
"""Named as the settings file, it stands for none: not even one in the present folder is read."""


class SettingsError(Exception):
    """Settings are wrong. The text says which, why, and what would be right, in one line for each."""


def read_settings_file(file: Path) -> dict[str, Any]:
    """The document in ``file``, unchecked. Raises :class:`SettingsError` if it cannot be read or is not TOML."""
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{file}: not valid TOML: {error}") from error
