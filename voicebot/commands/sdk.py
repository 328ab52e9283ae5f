"""Which SDK the commands for authors run dialogs on: the one that the phone line runs them on, ``[bot] sdk``.

Of the settings nothing else is looked at: who writes dialogs need not have the secrets and addresses of the line.
"""

from __future__ import annotations

import os
import tomllib
from importlib.util import find_spec
from pathlib import Path

from voicebot.host.sdk_choice import PACKAGES, SDK_ENV
from voicebot.settings import DEFAULT_FILE


def follow_settings(config: Path | None) -> str:
    """Settle the SDK for this process, before anything that uses it is imported; returns why that cannot be, or ``""``.

    ``VOICEBOT_SDK`` goes first, then ``VOICEBOT_BOT__SDK``, then the file.
    """
    wanted = os.environ.get(SDK_ENV) or os.environ.get("VOICEBOT_BOT__SDK")
    if not wanted:
        file = config or DEFAULT_FILE
        if config is None and not file.exists():
            return ""
        try:
            bot = tomllib.loads(file.read_text()).get("bot")
        except OSError as error:
            return f"{file}: cannot be read: {error.strerror}"
        except (ValueError, RecursionError) as error:
            return f"{file}: not valid TOML: {error}"
        wanted = bot.get("sdk") if isinstance(bot, dict) else None
    if wanted is None:
        return ""
    if wanted not in PACKAGES:
        return f"bot.sdk: {wanted!r} is neither {' nor '.join(PACKAGES)}"
    if find_spec(PACKAGES[wanted]) is None:
        return f"bot.sdk: {wanted} needs an extra: pip install 'voicebot[{wanted}]'"
    os.environ[SDK_ENV] = wanted
    return ""
