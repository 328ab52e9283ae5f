"""A process that ends with the one that started it, however that one ended.

The parent is asked for twice a second, from a thread: neither a blocked event loop nor a parent that was killed gets in
the way. (PDEATHSIG would strike already when the *thread* that started us ends.)
"""

from __future__ import annotations

import os
import signal
import threading
import time

PARENT_CHECK_S = 0.5
LAST_GRACE_S = 5.0


def end_with_parent() -> None:
    """From now on: SIGTERM to ourselves when the parent is gone, and the hard way if that is not enough."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_S)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(LAST_GRACE_S)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
