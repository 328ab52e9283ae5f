"""The dialog host: a process of its own that runs the author's dialogs on the Bot Framework SDK.

``python -m voicebot.host --dialogs dialogs/ --socket PATH`` serves them to the call process as JSON lines over a Unix
socket, and to every other channel at ``POST /api/messages``. Rules that hold here:

* The SDK is imported from :mod:`voicebot.host.sdk` only, which is botbuilder or the Microsoft 365 Agents SDK.
* Each conversation has a lock: its activities run one by one, in the order in which they came.
* What a dialog sends leaves at once, not at the end of its turn; state is stored when the turn has succeeded.
* A dialog that fails loses its turn and nothing else; the log names its file and line.
* Nothing here knows of audio, SIP or the timing of a call, except for the deadlines of turns.
"""

__all__: list[str] = []
