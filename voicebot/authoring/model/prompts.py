"""What callers hear."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from voicebot.authoring.model.words import BargeIn, Duration, GapText, PlainText, ShortPart, listed


class Prompt(ShortPart):
    """What callers hear. Mostly just a text; written out it can say how the text sounds."""

    HEADING = "Prompts"
    SHORT = "text"

    text: GapText = Field(description="The words. {name} says a value, {name|digits} says it in a certain way.")
    ssml: GapText | None = Field(
        None, description="SSML to be spoken instead of the text (the text is still what a chat shows)."
    )
    audio: GapText | None = Field(
        None,
        description="An audio file that is played instead: a WAV file beside this one (`sounds/hello.wav`), or an "
        "address (https). The text is what a chat shows, and is spoken when the file cannot be had.",
        pattern=r"^(https?://\S+|[^\s/:{}|\\][^:{}|\\]{0,200}\.[Ww][Aa][Vv])$",
    )
    voice: PlainText | None = Field(None, description="Name of the voice for this prompt alone.")
    barge_in: BargeIn | None = Field(
        None, description="Whether callers may talk over it: true, false, or only by `speech` or only by `keys`."
    )


Prompts = Annotated[list[Prompt], BeforeValidator(listed), Field(max_length=10)]
"""One prompt, or several: the first for the first failed try, the next for the next one, the last from then on."""


class Wait(ShortPart):
    """Said while something takes its time."""

    HEADING = "`wait`"
    SHORT = "say"

    say: Prompt = Field(description="What is said.")
    after: Duration = Field(0.0, description="Only when it takes longer than this.")
