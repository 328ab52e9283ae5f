"""Typed settings: one TOML file and ``VOICEBOT_*`` from the environment; wrong ones stop the start and name the mend.

:mod:`~voicebot.settings.document` is the whole file, and the others are its sections. Nothing here acts.
"""

from voicebot.settings.document import DEFAULT_FILE, BotSettings, Settings, SettingsError, load_settings

__all__ = ["DEFAULT_FILE", "BotSettings", "Settings", "SettingsError", "load_settings"]
