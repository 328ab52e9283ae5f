"""The figures of the README, as commands: ``python -m bench`` prints them all, each module prints its own.

What a caller would notice is measured on the wire, in the receiving end of real calls (`voicebot.caller`), which runs
in this process; the service runs beside it, in processes of its own, as a user would start it.
"""

import voicebot  # noqa: F401  # before numpy, of which it decides the number of threads
