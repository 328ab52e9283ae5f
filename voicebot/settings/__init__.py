"""The settings: one TOML file, and ``VOICEBOT_*`` in the environment. A wrong setting stops the start, with a message
that says how to correct it.

:mod:`~voicebot.settings.document` is the whole file, :mod:`~voicebot.settings.loading` reads it, and the other modules
are its sections. Rules of this package:

* Every setting has its unit in its name, and the same name as in the package that uses it.
* A default is written once: in the dataclass of that package, if there is one (`default`), else here.
* ``voicebot.example.toml`` has every setting with its default.
"""

from voicebot.settings.dialogs import BotSettings
from voicebot.settings.document import Settings
from voicebot.settings.loading import for_children, load_settings
from voicebot.settings_file import SettingsError

__all__ = ["BotSettings", "Settings", "SettingsError", "for_children", "load_settings"]
