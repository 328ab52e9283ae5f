"""Signalling: a SIP user agent (RFC 3261) over UDP, TCP, TLS and websockets (RFC 7118).

The files in layers, from the ground up; no file imports one of a layer above it, not even for its types:

* values: `header`, `message`, `hop`, `symmetric`, `line`, `sdp` (with `sdes`, `dtls_sdp`; `offer_answer` compares
  descriptions), `body` (with `multipart`), `siprec`, `digest`, `outputs`, `bindings` (of a registrar);
* transactions: `transaction` has the four state machines, `transaction_layer` keeps the transactions, `client_request`
  is one request of ours over all attempts to send it;
* one call: `call_state` is the state that its parts share, `kept` what of it another process needs to go on, `wire`
  what they use to act. The parts are `acceptance`,
  `reliable`, `renegotiation`, `refer` and `session_timer`; `call` holds them, `answering` and `calling` are the two
  kinds of call, and `restoring` one that was another process's;
* the core: `user_agent` (`agent_options`, `agent_answers`) with its calls (`call_table`) and lines (`line_table`:
  `registration`, `probe`); `gate` is the interface by which it asks who may talk to it, `trunks` has the rules;
* the driver: `endpoint` has the timer, `transports` the sockets (`datagrams`, `connections`, `websocket`) and the name
  look-ups (`resolver`), `media_names` those for session descriptions, `handle` the futures of a call, `ladder` what was
  exchanged in each.

Rules that hold here:

* Everything but the driver is pure: datagrams, commands and the time go in, datagrams and events come out.
* Input from the network is bounded and counted, and never causes an exception. Header values that must be sent back
  are kept as raw text.
* Nothing here handles media: session descriptions are passed on, and compared by pure functions.
"""

from __future__ import annotations

from voicebot.listening import Rate
from voicebot.sip.agent_options import AgentOptions
from voicebot.sip.call_table import SipLimits
from voicebot.sip.connections import CONNECTION_BOUNDS
from voicebot.sip.datagrams import ListenAt
from voicebot.sip.endpoint import Access, SipEndpoint
from voicebot.sip.handle import CallClosed, CallHandle, IncomingCall, OutgoingCall
from voicebot.sip.header import NameAddr, SipSyntaxError, SipUri
from voicebot.sip.kept import NotKept
from voicebot.sip.ladder import Ladder, LadderMessage, Ladders
from voicebot.sip.line import Line
from voicebot.sip.message import SipRequest, SipResponse
from voicebot.sip.offer_answer import AudioAgreement
from voicebot.sip.outputs import CallEnded, CallProgress, EndCause, ReferProgress, SipCounters
from voicebot.sip.probe import TrunkState
from voicebot.sip.registration import Account, Registration
from voicebot.sip.sdp import Media, SdpError, SessionDescription
from voicebot.sip.tls import TlsOptions
from voicebot.sip.transaction import SipTimers
from voicebot.sip.transports import CannotBind
from voicebot.sip.trunks import DEFAULT_RATES, TRUNK_FACTOR, Strangers, Trunk

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
    "CannotBind",
    "EndCause",
    "IncomingCall",
    "Ladder",
    "LadderMessage",
    "Ladders",
    "Line",
    "ListenAt",
    "Media",
    "NameAddr",
    "NotKept",
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
