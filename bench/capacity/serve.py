"""``voicebot serve`` of the checkout that is on the path, with another speech client: ``serve.py CLIENT TEXTS ...``.

It is run as a file, so that nothing but that checkout is imported: this bench may be a newer one.
"""

from __future__ import annotations

import sys
from typing import Any

from voicebot.cli import main
from voicebot.service.speech_client import SpeechClient


def stand_in(client: str, texts: str) -> None:
    """Have the process at ``client`` started where ``-m voicebot.speechsdk`` would be."""
    make = SpeechClient.__init__

    def made(self: SpeechClient, *args: Any, **more: Any) -> None:
        make(self, *args, **more)
        interpreter, _, _, *rest = self.process.argv
        self.process.argv = [interpreter, client, "--texts", texts, *rest]

    SpeechClient.__init__ = made  # type: ignore[method-assign]


if __name__ == "__main__":
    stand_in(*sys.argv[1:3])
    sys.argv[1:3] = []
    main()
