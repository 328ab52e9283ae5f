"""Voice activity of one stream whose windows are scored at once."""

from __future__ import annotations

from voicebot.audio.silero import WINDOW_S
from voicebot.speech import VoiceActivity
from voicebot.speech.voice_activity import VoiceEvent


def heard_alone(activity: VoiceActivity, payload: bytes, at: float) -> list[VoiceEvent]:
    """What follows from ``payload``, of any length, whose last sample was spoken at ``at``."""
    audio, events = activity.audio, list[VoiceEvent]()
    most = round(audio.byte_rate * WINDOW_S)
    for begin in range(0, len(payload), most):
        piece = payload[begin : begin + most]
        found = activity.hear(piece, at - (len(payload) - begin - len(piece)) / audio.byte_rate)
        events += activity.scored(activity.stream.score()) if found is None else found
    return events
