"""The steps of a dialog, one file each: its fields in a dialog file, what it tells of itself, and its runner.

A step is a class over :class:`~voicebot.authoring.steps.step.DialogStep` and an entry of ``STEP_KINDS``
(:mod:`voicebot.authoring.steps.kinds`). Loader, checks, picture and tests of dialogs ask it, and
:mod:`voicebot.authoring.flow` runs it.
"""

from voicebot.authoring.steps.kinds import STEP_KINDS, DialogFile, step_word
from voicebot.authoring.steps.step import DialogStep

__all__ = ["STEP_KINDS", "DialogFile", "DialogStep", "step_word"]
