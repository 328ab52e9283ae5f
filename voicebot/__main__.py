"""``python -m voicebot`` is the ``voicebot`` command, for processes that start one another."""

from voicebot.cli import main

main()
