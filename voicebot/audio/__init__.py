"""Audio: the formats between leg and recogniser, codecs, G.711 tables, resampling, concealment, WAV files, Silero's
voice activity detector, the end-of-turn model smart-turn.

Everything here computes samples from samples. The only state is that of a stream's filter, coder or detector.
"""

from voicebot.audio.conversion import convert
from voicebot.audio.formats import FORMATS, FRAME_S, LINEAR_8K, LINEAR_16K, PCMA, PCMU, AudioFormat, Samples

__all__ = ["FORMATS", "FRAME_S", "LINEAR_8K", "LINEAR_16K", "PCMA", "PCMU", "AudioFormat", "Samples", "convert"]
