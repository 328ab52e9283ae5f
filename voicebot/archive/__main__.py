"""``python -m voicebot.archive``."""

from __future__ import annotations

import sys

from voicebot.archive.cli import main

if __name__ == "__main__":
    sys.exit(main())
