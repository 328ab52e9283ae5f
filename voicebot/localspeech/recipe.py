"""What is made of a model when the models are prepared: see :mod:`voicebot.localspeech.model_making`, which does it."""

from __future__ import annotations

from enum import Enum


class Recipe(Enum):
    """Every one also means that the model is optimised, and its weights kept in a file of their own."""

    AS_IT_IS = "as it is"
    ENCODER = "a graph of ours, whose products take rows of 16 bits"
    FLOAT_ENCODER = "the same with floats"
    QUICK_ENCODER = "the same with rows of 8 bits"
    MEMORY = "of the decoder, the part that makes the memory, in 8 bits"
    STEP = "of the decoder, the part that continues texts, in 8 bits"
