"""What audio is made of: formats above the wire, the codecs of the wire, G.711 tables, resampling, WAV files, and a
detector of voices.

No time, no socket, no state but that of a stream's filter or coder: everything here is a function of samples.
"""

from voicebot.audio.conversion import convert
from voicebot.audio.formats import FORMATS, FRAME_S, LINEAR_8K, LINEAR_16K, PCMA, PCMU, AudioFormat, Samples

__all__ = ["FORMATS", "FRAME_S", "LINEAR_8K", "LINEAR_16K", "PCMA", "PCMU", "AudioFormat", "Samples", "convert"]
