"""``python -m voicebot.localspeech``."""

from __future__ import annotations

import sys

from voicebot.localspeech.cli import main

if __name__ == "__main__":
    sys.exit(main())
