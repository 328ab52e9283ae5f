"""The service's folder for what does not outlive it: copies of dialogs, sockets. Whoever was killed leaves one behind,
which the next service removes."""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
from pathlib import Path

from voicebot.owned_folder import OwnedFolder, left_folders

logger = logging.getLogger(__name__)

PREFIX = "voicebot-run-"


def runtime_folder() -> OwnedFolder:
    """A new one, of this process."""
    return OwnedFolder(Path(tempfile.gettempdir()), PREFIX)


def sweep() -> int:
    """Remove the folders of services of this user that are gone; returns how many. Never raises."""
    swept = 0
    for folder in left_folders(Path(tempfile.gettempdir()), PREFIX):
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)
            swept += 1
    if swept:
        logger.info("%d folders of services that were killed are removed from %s", swept, tempfile.gettempdir())
    return swept
