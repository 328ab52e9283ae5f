"""``python -m voicebot`` is the ``voicebot`` command; our own processes start each other this way."""

from voicebot.cli import main

main()
