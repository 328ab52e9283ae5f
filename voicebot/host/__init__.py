"""The dialog host: a process of its own that runs the author's dialogs on the Bot Framework SDK.

``python -m voicebot.host --dialogs dialogs/ --socket PATH`` serves them to the call process as JSON lines over a Unix
socket, and to every other channel at ``POST /api/messages``. Rules that hold here:

* Everybody takes the SDK from :mod:`voicebot.host.sdk`, which is botbuilder or the Microsoft 365 Agents SDK.
* One lock a conversation: its activities run one after the other, in the order in which they came.
* What a dialog sends leaves at once, not at the end of its turn; state is stored when the turn has ended well.
* A dialog that fails costs its turn and nothing else; the log names its file and line.
* Nothing of the call is here: no audio, no SIP, no time but deadlines.
"""

__all__: list[str] = []
