"""What callers hear."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from voicebot.authoring.model.words import BargeIn, Duration, GapText, PlainText, ShortPart, listed


class Prompt(ShortPart):
    """What callers hear. Usually written as just a text; the long form can also say how it sounds."""

    HEADING = "Prompts"
    SHORT = "text"

    text: GapText = Field(description="The words. {name} says a value; {name|digits} says it digit by digit.")
    ssml: GapText | None = Field(
        None, description="SSML that is spoken instead of the text. A chat still shows the text."
    )
    audio: GapText | None = Field(
        None,
        description="An audio file that is played instead: a WAV file beside this one (`sounds/hello.wav`), or an "
        "address (https), whose gaps are percent-encoded. A chat shows the text; callers hear it if the file cannot be "
        "played.",
        pattern=r"^(https?://\S+|[^\s/:{}|\\][^:{}|\\]{0,200}\.[Ww][Aa][Vv])$",
    )
    voice: PlainText | None = Field(None, description="The voice for this prompt only.")
    barge_in: BargeIn | None = Field(
        None, description="Whether callers may interrupt it: true, false, only by `speech`, or only by `keys`."
    )


Prompts = Annotated[list[Prompt], BeforeValidator(listed), Field(max_length=10)]
"""One prompt, or several: the first for the first failed try, the next for the next one, the last from then on."""


class Wait(ShortPart):
    """Said while something takes time."""

    HEADING = "`wait`"
    SHORT = "say"

    say: Prompt = Field(description="What is said.")
    after: Duration = Field(0.0, description="Said only if it takes longer than this.")
