"""The kinds of answers that a question can have, one file each: its words in a dialog file, and what it understands.

A kind is a class over :class:`~voicebot.authoring.answers.answer.DialogAnswer` and a field of
:class:`~voicebot.authoring.steps.ask.AskStep`. Everything here is pure: words and keys in, a value out.
"""

__all__: list[str] = []
