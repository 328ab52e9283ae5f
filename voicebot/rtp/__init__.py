"""Media: sockets, the 20 ms clock shared by all calls, playout, reordering, keypad events, RTCP, SRTP.

Rules that hold here:

* One :class:`MediaClock` drives all calls by absolute deadlines. No call has a timer, a task or a thread of its own.
* G.711 is passed on unchanged and decoded only to conceal losses; the other codecs are 16 kHz samples above the wire.
  Silence comes from the format (a zero byte is not silence in G.711). The codecs are in `audio/codecs/`.
* The cores (`packet`, `rtcp`, `reorder`, `telephone_event`, `playout`, and `incoming` and `outgoing`, which hold them)
  are pure: bytes and the time go in, frames and events come out. `session` drives them; `path` has the sockets, keys
  and addresses.
* Input from the network is length-checked, bounded and counted. It never causes an exception, and is never logged
  packet by packet.
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
