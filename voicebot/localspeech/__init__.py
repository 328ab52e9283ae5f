"""The offline Speech service: the Azure Speech websocket protocol, answered by models on this machine.

It runs as a process of its own (``python -m voicebot.localspeech``), so that its models are in the memory of no other
process, and the Speech SDK is the only client that we need: with ``SpeechConfig(host="ws://127.0.0.1:PORT")`` it uses
this service instead of the real one.

Rules that hold here:

* It is used over the socket, or through the names below. It imports only rooms that know nothing of calls.
* The protocol core (framing, recognition, segmenter, ssml, normalise) is pure and counts time in samples of the stream;
  only server.py and the two drivers touch sockets and tasks; only models run in threads, in one bounded pool.
* The loop never waits for a model: finals go before hypotheses, and under load hypotheses are dropped, never finals.
"""

from __future__ import annotations

from voicebot.localspeech.prepare import ModelFiles, prepare_models
from voicebot.localspeech.scripted import Script
from voicebot.localspeech.server import LocalSpeech

__all__ = ["LocalSpeech", "ModelFiles", "Script", "prepare_models"]
