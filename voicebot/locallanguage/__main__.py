"""``python -m voicebot.locallanguage``."""

from __future__ import annotations

import sys

from voicebot.locallanguage.cli import main

if __name__ == "__main__":
    sys.exit(main())
