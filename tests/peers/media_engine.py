"""Whether rtpengine is there, which deploy/try/rtpengine.py runs."""

from __future__ import annotations

import shutil

from rtpengine import PACKAGE

RTPENGINE = shutil.which("rtpengine")
NO_RTPENGINE = f"rtpengine is not installed: apt-get install {PACKAGE}"
