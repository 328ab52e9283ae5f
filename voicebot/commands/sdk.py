"""The SDK on which the commands for authors run dialogs: the same as in the service, ``[bot] sdk``.

The other settings are not read, because authors may not have the secrets that these need.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from voicebot.host.sdk_choice import PACKAGES, SDK_ENV
from voicebot.settings_file import DEFAULT_FILE, SettingsError, read_settings_file


def follow_settings(config: Path | None) -> str:
    """Choose the SDK for this process, before it is imported. Returns an error, or ``""``.

    ``VOICEBOT_SDK`` precedes ``VOICEBOT_BOT__SDK``, and that precedes the file.
    """
    wanted = os.environ.get(SDK_ENV) or os.environ.get("VOICEBOT_BOT__SDK")
    if not wanted:
        file = config or DEFAULT_FILE
        if config is None and not file.exists():
            return ""
        try:
            bot = read_settings_file(file).get("bot")
        except SettingsError as error:
            return str(error)
        wanted = bot.get("sdk") if isinstance(bot, dict) else None
    if wanted is None:
        return ""
    if wanted not in PACKAGES:
        return f"bot.sdk: {wanted!r} is neither {' nor '.join(PACKAGES)}"
    if find_spec(PACKAGES[wanted]) is None:
        return f"bot.sdk: {wanted} needs an extra: pip install 'voicebot[{wanted}]'"
    os.environ[SDK_ENV] = wanted
    return ""
