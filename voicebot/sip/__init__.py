"""Signalling: the user agent of this product (RFC 3261), over UDP, TCP and TLS.

What stands on what, from the ground up; no file imports one above it, not even for its types:

* values: `header`, `message`, `hop`, `line`, `sdp` (with `sdes`, `dtls_sdp`; `offer_answer` compares descriptions),
  `digest`, `outputs`;
* transactions: `transaction` is the four machines, `transaction_layer` keeps them, `client_request` is a request of
  ours over all its tries;
* one call: `call_state` is what its parts share, `wire` what they act by. The parts are `acceptance`, `reliable`,
  `renegotiation`, `refer` and `session_timer`; `call` holds them, `answering` and `calling` are its two kinds;
* the core: `user_agent` with its calls (`call_table`) and lines (`line_table`: `registration`, `probe`); `gate` is who
  may talk to it, and `trunks` the rules;
* the driver: `endpoint` has the timer, `transports` the sockets (`datagrams`, `connections`) and look-ups
  (`resolver`), `handle` a call's futures.

Rules that hold here:

* Everything but the driver is pure: datagrams, commands and the time go in, datagrams and events come out.
* Whatever comes from the network is bounded, counted, and never an exception. What must go back is kept as raw text.
* Nothing here knows about media: session descriptions are carried, and compared by pure functions.
"""

from __future__ import annotations

from voicebot.sip.call_table import SipLimits
from voicebot.sip.connections import CONNECTION_BOUNDS
from voicebot.sip.datagrams import ListenAt
from voicebot.sip.endpoint import Access, SipEndpoint
from voicebot.sip.handle import CallClosed, CallHandle, IncomingCall, OutgoingCall
from voicebot.sip.header import NameAddr, SipSyntaxError, SipUri
from voicebot.sip.line import Line
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.offer_answer import AudioAgreement
from voicebot.sip.outputs import CallEnded, CallProgress, EndCause, ReferProgress, SipCounters
from voicebot.sip.probe import TrunkState
from voicebot.sip.registration import Account, Registration
from voicebot.sip.sdp import Media, SdpError, SessionDescription
from voicebot.sip.tls import TlsOptions
from voicebot.sip.transaction import SipTimers
from voicebot.sip.trunks import DEFAULT_RATES, TRUNK_FACTOR, Rate, Strangers, Trunk
from voicebot.sip.user_agent import AgentOptions

__all__ = [
    "CONNECTION_BOUNDS",
    "DEFAULT_RATES",
    "TRUNK_FACTOR",
    "Access",
    "Account",
    "AgentOptions",
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
    "SipTimers",
    "SipUri",
    "Strangers",
    "TlsOptions",
    "Trunk",
    "TrunkState",
]
