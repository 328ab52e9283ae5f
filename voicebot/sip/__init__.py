"""Signalling: the user agent of this product (RFC 3261), over UDP, TCP and TLS.

Rules that hold here:

* Everything is pure (datagrams, commands and the time go in, datagrams and events come out) but the driver: `endpoint`
  has the timer and the sockets, `connections` those of streams, `handle` a call's futures, `resolver` the look-ups.
* Whatever comes from the network is bounded, counted, and never an exception. What must go back is kept as raw text.
* Nothing here knows about media: session descriptions are carried, and compared by the pure functions of `sdp`.
"""

from __future__ import annotations

from voicebot.sip.call_table import SipLimits
from voicebot.sip.datagrams import ListenAt
from voicebot.sip.endpoint import SipEndpoint
from voicebot.sip.handle import CallClosed, CallHandle, IncomingCall, OutgoingCall
from voicebot.sip.header import NameAddr, SipSyntaxError, SipUri
from voicebot.sip.line import Line
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.outputs import CallEnded, CallProgress, EndCause, ReferProgress, SipCounters
from voicebot.sip.probe import TrunkState
from voicebot.sip.registration import Account, Registration
from voicebot.sip.sdp import AudioAgreement, Media, SdpError, SessionDescription
from voicebot.sip.tls import TlsOptions
from voicebot.sip.transaction import Timers
from voicebot.sip.trunks import DEFAULT_RATES, TRUNK_FACTOR, Rate, Strangers, Trunk

__all__ = [
    "DEFAULT_RATES",
    "TRUNK_FACTOR",
    "Account",
    "AudioAgreement",
    "CallClosed",
    "CallEnded",
    "CallHandle",
    "CallProgress",
    "EndCause",
    "IncomingCall",
    "Line",
    "ListenAt",
    "Media",
    "NameAddr",
    "OutgoingCall",
    "Rate",
    "ReferProgress",
    "Registration",
    "SdpError",
    "SessionDescription",
    "SipCounters",
    "SipEndpoint",
    "SipLimits",
    "SipRequest",
    "SipResponse",
    "SipSyntaxError",
    "SipUri",
    "Strangers",
    "Timers",
    "TlsOptions",
    "Trunk",
    "TrunkState",
]
