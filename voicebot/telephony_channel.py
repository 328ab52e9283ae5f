"""The phone as a Bot Framework channel: names and rules that call process, dialog host and dialogs share. Pure.

Names are those of Microsoft's Telephony channel, and AudioCodes' where that channel has none.
"""

from __future__ import annotations

from typing import Final

from voicebot.json_body import number_within

PHONE_CHANNEL: Final = "telephony"
"""The ``channelId`` of activities that come from calls."""
ANONYMOUS: Final = "anonymous"
"""The id of a caller who withholds the number."""
RESUME_EVENT: Final = "voicebot.resume"
"""The event that tells dialogs to ask their open question again."""
NO_INPUT: Final = "noUserInput"
"""The event for a caller who says nothing."""
NO_MATCH: Final = "unrecognizedSpeech"
"""The event for speech in which no words were recognised."""
ALTERNATIVES: Final = "alternatives"
"""In a message's ``channelData``: what may have been said instead, a list of ``text`` and ``confidence`` (0 to 1, or
null), the likeliest first."""
PROMPT_HEARD: Final = "promptHeard"
"""In a message's ``channelData``: how much of the bot's last message the caller had heard when beginning to speak (0 to
1), where that was not all of it."""
FALLBACK_TRANSFER: Final = "fallbackTransfer"
"""In the ``channelData`` of the start: whether a transfer without a target goes where the settings say."""
HAND_OFFS: Final = ("handoff.initiate", "transfer", "handover")
"""The events with which a bot asks for a transfer: Microsoft's, and AudioCodes' two."""
HANG_UP: Final = "hangup"
"""The event with which a bot ends the call (AudioCodes); an ``endOfConversation`` does the same."""
RECORDING_COMMAND: Final = "channel/vnd.microsoft.telephony.recording."
"""What the name of a recording command begins with; ``start``, ``pause``, ``resume`` or ``stop`` follows."""
DEFAULT_DELAY_S: Final = 1.0
MAX_DELAY_S: Final = 10.0


def delay_s(value: object) -> float:
    """How long a ``delay`` activity holds back what follows it, in seconds. ``value``: its value, in milliseconds.

    1 s if that is no number, as in the Bot Framework SDKs; never less than 0, never more than :data:`MAX_DELAY_S`.
    """
    milliseconds = number_within(value, 0, MAX_DELAY_S * 1000)
    return DEFAULT_DELAY_S if milliseconds is None else milliseconds / 1000
