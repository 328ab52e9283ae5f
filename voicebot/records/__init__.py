"""What is kept of calls: the file of a record, the stereo recording, and a count of what the disk did not take.

What a record says is for the room to know whose call it is.
"""

from voicebot.records.losses import Losses
from voicebot.records.record_file import NOT_KEPT, as_text, write_record
from voicebot.records.recording import Recording, Track
from voicebot.records.unfinished import KILLED, UnfinishedRecords, finish, left_calls

__all__ = [
    "KILLED",
    "NOT_KEPT",
    "Losses",
    "Recording",
    "Track",
    "UnfinishedRecords",
    "as_text",
    "finish",
    "left_calls",
    "write_record",
]
