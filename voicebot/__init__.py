"""A phone voice bot: SIP and RTP towards the caller, Azure Speech (or our offline service), Bot Framework dialogs."""

import os

__version__ = "0.1.0"

# numpy's products of matrices run on the thread that asks for them: ours are so small that to wake others, and to wait
# for them, takes longer; each would also have a buffer. It is read when numpy is loaded, and by our other processes.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
