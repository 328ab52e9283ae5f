"""What audio is made of: formats above the wire, the codecs of the wire by name, G.711 tables, resampling, WAV files.

No time, no socket, no state but a filter's: everything here is a function of samples.
"""

from voicebot.audio.conversion import convert
from voicebot.audio.formats import FORMATS, FRAME_S, LINEAR_16K, PCMA, PCMU, AudioFormat

__all__ = ["FORMATS", "FRAME_S", "LINEAR_16K", "PCMA", "PCMU", "AudioFormat", "convert"]
