"""Makes a process end when its parent ends, for whatever reason.

A thread looks twice a second whether the parent still exists, so it works also if our event loop is blocked or the
parent was killed. (Linux's PDEATHSIG would end us as soon as the *thread* that started us ends.)
"""

from __future__ import annotations

import os
import signal
import threading
import time

PARENT_CHECK_S = 0.5
LAST_GRACE_S = 5.0


def end_with_parent() -> None:
    """From now on, send SIGTERM to ourselves when the parent is gone, and exit at once if that takes over 5 s."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_S)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(LAST_GRACE_S)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
