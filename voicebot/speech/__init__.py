"""Recognition, streaming synthesis, prompts, and our own voice activity detection.

Rules that hold here:

* There is one client of speech services, the Azure Speech SDK (:mod:`voicebot.speechsdk`), and nothing here knows
  which service it talks to, or in which process it runs.
* Audio goes in and comes out in the leg's format, G.711 as it is; only voice activity and the guard against echo look
  at samples.
* Every recogniser and synthesiser is released by who made it.
"""

from voicebot.speech.apology import TEXTS as APOLOGY_TEXTS
from voicebot.speech.apology import ApologyKind, apology
from voicebot.speech.echo import EchoGuard
from voicebot.speech.noise_gate import NoiseGate
from voicebot.speech.prompts import HeldPrompt, PromptCache, PromptStatistics
from voicebot.speech.recognizer import Recognizer
from voicebot.speech.rendering import Urgency
from voicebot.speech.shared_detector import DetectedFrames, SharedDetector
from voicebot.speech.synthesizer import Speech, SynthesisTimeouts, SynthesizerPool
from voicebot.speech.voice_activity import VoiceActivity
from voicebot.speech.voices import PromptVoice, Voices
from voicebot.speechsdk.endpoint import EndpointSource, SpeechEndpoint, SpeechUnavailable

__all__ = [
    "APOLOGY_TEXTS",
    "ApologyKind",
    "DetectedFrames",
    "EchoGuard",
    "EndpointSource",
    "HeldPrompt",
    "NoiseGate",
    "PromptCache",
    "PromptStatistics",
    "PromptVoice",
    "Recognizer",
    "SharedDetector",
    "Speech",
    "SpeechEndpoint",
    "SpeechUnavailable",
    "SynthesisTimeouts",
    "SynthesizerPool",
    "Urgency",
    "VoiceActivity",
    "Voices",
    "apology",
]
