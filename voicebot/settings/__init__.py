"""Typed settings: one TOML file and ``VOICEBOT_*`` from the environment; wrong ones stop the start and name the mend.

:mod:`~voicebot.settings.document` is the whole file, :mod:`~voicebot.settings.loading` reads it, and the others are its
sections. Nothing here acts. Rules that hold here:

* Every setting carries its unit in its name, and has the same name in the room that wants it.
* A default is written once: in the room's dataclass, where there is one (`default`), or else here.
* ``voicebot.example.toml`` shows every setting with its default.
"""

from voicebot.settings.dialogs import BotSettings
from voicebot.settings.document import Settings
from voicebot.settings.loading import DEFAULT_FILE, SettingsError, for_children, load_settings

__all__ = ["DEFAULT_FILE", "BotSettings", "Settings", "SettingsError", "for_children", "load_settings"]
