"""Recognition, streaming synthesis, prompts, and our own voice activity detection.

Rules that hold here:

* There is one speech client, the Azure Speech SDK, and nothing here knows which service it talks to.
* Audio goes in and comes out in the leg's format, G.711 as it is; only voice activity and the guard against echo look
  at samples.
* The SDK's blocking calls run on `sdk_threads`; its callbacks hand over to the event loop and do nothing else.
* Every SDK object is released by who made it: signals disconnected, stopped, dropped.
"""

from voicebot.speech.apology import TEXTS as APOLOGY_TEXTS
from voicebot.speech.apology import ApologyKind, apology
from voicebot.speech.echo import EchoGuard
from voicebot.speech.endpoint import EndpointSource, SpeechEndpoint, SpeechUnavailable
from voicebot.speech.prompts import PromptCache, PromptStatistics
from voicebot.speech.recognizer import Recognizer
from voicebot.speech.synthesizer import Speech, SynthesisTimeouts, SynthesizerPool
from voicebot.speech.voice_activity import VoiceActivity

__all__ = [
    "APOLOGY_TEXTS",
    "ApologyKind",
    "EchoGuard",
    "EndpointSource",
    "PromptCache",
    "PromptStatistics",
    "Recognizer",
    "Speech",
    "SpeechEndpoint",
    "SpeechUnavailable",
    "SynthesisTimeouts",
    "SynthesizerPool",
    "VoiceActivity",
    "apology",
]
