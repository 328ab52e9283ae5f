"""What a child process owes its parent: to end when it ends, for whatever reason, and to say where it hangs.

A thread looks twice a second whether the parent still exists, so it works also if our event loop is blocked or the
parent was killed. (Linux's PDEATHSIG would end us as soon as the *thread* that started us ends.)

A parent that is about to kill a child that hangs asks first, by :data:`WHERE`, and the child writes where its threads
are to standard error: a dialog that blocks is found by its file and line. No values are written, so no caller's words.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
import time

PARENT_CHECK_S = 0.5
LAST_GRACE_S = 5.0
WHERE = signal.SIGUSR1
"""Asks a child where its threads are. It is answered below the interpreter, so also while no Python code can run."""


def end_with_parent() -> None:
    """From now on, send SIGTERM to ourselves when the parent is gone, and exit at once if that takes over 5 s; and
    answer :data:`WHERE`."""
    faulthandler.register(WHERE)
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_S)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(LAST_GRACE_S)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
