"""A call between people that is listened to: its live transcript, and what helps the agent.

Rules of this room:

* What the parties say passes `redaction` before anything else sees it: no entry, log, record, stream or service gets
  more.
* A call's `entries` are its only history. Pages, programs, webhooks and the record read them; none of them is ever
  waited for.
* Analysis may be slow, throttled or away: the transcript goes on without it.
"""
