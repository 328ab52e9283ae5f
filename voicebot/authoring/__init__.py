"""Dialogs as their authors write them: YAML files, read, checked and compiled to Bot Framework dialogs.

Rules that hold here:

* A file's faults are collected with line, column and mend (:mod:`voicebot.authoring.problems`); reading never raises.
* Nothing of a file is ever run as Python: expressions are a small language of their own, bounded in time and size.
* What a call keeps is plain JSON, so that it goes on where it was when the dialog host was killed.
* A dialog never raises for what a caller says or presses, and never goes round in circles.
"""

__all__: list[str] = []
