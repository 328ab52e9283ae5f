"""Media: sockets, the one 20 ms clock of all calls, playout, reordering, keypad events, RTCP.

Rules that hold here:

* One :class:`MediaClock` drives all calls by absolute deadlines. No call has a timer, a task or a thread of its own.
* G.711 stays as it is and is decoded only to conceal a loss; other codecs are 16 kHz samples above the wire. Silence is
  the format's, never a zero byte of G.711. The codecs are `audio/codecs/`.
* The cores (`packet`, `rtcp`, `reorder`, `telephone_event`, `playout`, and `incoming` and `outgoing`, which hold them)
  are pure: bytes and the time go in, frames and events come out. `session` drives them; `path` has the sockets, keys
  and addresses.
* What comes from the network is length-checked, bounded and counted; it never raises and is never logged per packet.
"""

from __future__ import annotations

from voicebot.rtp.clock import MediaClock
from voicebot.rtp.playout import Clip, Playout
from voicebot.rtp.ports import PortRange, PortsExhausted
from voicebot.rtp.quality import MediaQuality
from voicebot.rtp.session import RtpSession
from voicebot.rtp.sink import MediaSink
from voicebot.rtp.srtp import MediaKey

__all__ = [
    "Clip",
    "MediaClock",
    "MediaKey",
    "MediaQuality",
    "MediaSink",
    "Playout",
    "PortRange",
    "PortsExhausted",
    "RtpSession",
]
