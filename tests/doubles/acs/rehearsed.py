"""The caller of a transcript test, in a call whose platform speaks and listens
(:class:`voicebot.authoring.talk.TestedCall`)."""

from __future__ import annotations

import asyncio
import re

from waiting import until

from acs.call import AcsCall
from voicebot.authoring.textcall import Said
from voicebot.authoring.transcripts import DialogTest

ANSWER_S = 40.0
THINKS_S = 1.0
"""Who does something sooner may still mean what was asked before, or interrupt what is asked now: when its end is only
estimated, a machine that is busy makes it late."""
_AMOUNT = re.compile(r"(\d+) dollars and (\d+) cents")
"""Which a chat shows as $84.37."""
REFUSALS = {"failed": (503, 8540, "Unavailable"), "busy": (486, 8539, "Busy"), "no-answer": (480, 8541, "No answer")}


class RehearsedCall:
    """What the caller does is done when he is asked; what the bot says then is what he hears until he is asked again,
    is transferred, or the call is over."""

    def __init__(self, call: AcsCall, test: DialogTest) -> None:
        self.dialled: str | None = None
        self.recording = ""
        self.language = test.locale or ""
        self._call = call
        self._talk = call.talk
        self._talk.is_patient = True
        self._seen = self._transfers = 0
        if any(entry.transferred for entry in test.talk):
            call.may_be_transferred.clear()

    @property
    def hung_up(self) -> bool:
        return self._call.over.is_set()

    @property
    def transfer(self) -> str | None:
        wishes = self._call.transferred
        return str(wishes[-1]["targetParticipant"]["phoneNumber"]["value"]) if wishes else None

    async def dial(self) -> list[Said]:
        return await self._answer()

    async def say(self, text: str) -> list[Said]:
        await self._thinks()
        await self._talk.say(text)
        return await self._answer()

    async def say_early(self, text: str) -> list[Said]:
        raise AssertionError("who waits until he is asked is not early")

    async def press(self, keys: str) -> list[Said]:
        await self._thinks()
        await self._talk.press(keys)
        return await self._answer()

    async def silence(self) -> list[Said]:
        await self._talk.stay_silent()
        return await self._answer()

    async def noise(self) -> list[Said]:
        await self._thinks()
        await self._talk.noise()
        return await self._answer()

    async def transferred(self, state: str) -> list[Said]:
        self._call.refusal = REFUSALS.get(state)
        self._call.may_be_transferred.set()
        if state == "completed":
            await until(lambda: self.hung_up)
            return []
        return await self._answer()

    async def dial_became(self, outcome: str) -> list[Said]:
        raise AssertionError("no calls are placed here")

    async def _thinks(self) -> None:
        await self._talk.listened_to()
        await asyncio.sleep(THINKS_S)

    async def _answer(self) -> list[Said]:
        def answered() -> bool:
            spoken = len(self._talk.said) > self._seen and self._talk.asks
            return spoken or self.hung_up or len(self._call.transferred) > self._transfers

        try:
            await until(answered, ANSWER_S)
        except TimeoutError as error:
            raise AssertionError(f"no answer, after {self._talk.texts}") from error
        texts = [text for text in self._talk.texts[self._seen :] if text]
        self._seen, self._transfers = len(self._talk.said), len(self._call.transferred)
        return [Said(_AMOUNT.sub(_in_figures, text), text) for text in texts]


def _in_figures(amount: re.Match[str]) -> str:
    return f"${amount[1]}.{int(amount[2]):02}"
