"""Trials: what the dialogs would say to an activity, found out without any effect.

A trial runs the turn on what is stored of the conversation, and stores nothing. What the dialogs would have sent to the
call is collected. The trial ends at the first thing that the call, or anybody outside, would notice other than as
speech: of what is sent, that is checked here (:func:`_is_harmless`); what dialogs do themselves, they do only after
:func:`only_for_real`. Only dialogs that keep to this may be tried (``LoadedDialogs.trials``).

Trials give way to turns: few run at a time; that of a conversation ends when a request for it comes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.sdk import ActivityTypes, TurnContext, activity_from_json

logger = logging.getLogger(__name__)

MAX_MESSAGES = 4
"""With so many messages, a trial has told enough."""
MAX_WAITING = 16
"""Trials that may wait for their turn; further ones tell nothing."""
MOST_RUNNING = 4
"""Trials that run at a time. They compute one after another in any case; but a function may wait for something."""
TRIAL_LIMIT_S = 0.5
"""The longest that a trial may take, waiting included."""
_TRIAL = "voicebot.trial"


class TrialOver(BaseException):
    """A trial ends here. It is no Exception, because dialogs and SDKs handle those."""


def is_trial(context: TurnContext) -> bool:
    """Whether the turn is a trial."""
    return bool(context.turn_state.get(_TRIAL))


def only_for_real(context: TurnContext) -> None:
    """What follows has an effect outside: if the turn is a trial, it ends here."""
    if is_trial(context):
        raise TrialOver


class Trials:
    """The trials of ``bot``. A conversation has one at a time: the latest one that was asked for."""

    def __init__(self, bot: DialogBot) -> None:
        self._bot = bot
        self._places = asyncio.Semaphore(MOST_RUNNING)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begin(
        self, conversation: str, activity: Any, within_s: float, tell: Callable[[tuple[dict[str, Any], ...]], None]
    ) -> None:
        """Try ``activity``. ``tell`` gets what the dialogs would send, as far as that was found out; nothing of a trial
        that was ended by :meth:`end`."""
        self.end(conversation)
        if len(self._tasks) >= MAX_WAITING:
            tell(())
            return
        task = asyncio.create_task(self._run(activity, min(within_s, TRIAL_LIMIT_S), tell), name="a trial")
        self._tasks[conversation] = task
        task.add_done_callback(lambda ended: self._ended(conversation, ended))

    def end(self, conversation: str) -> None:
        """End the trial of ``conversation``, because a turn is to run, or the call is over."""
        task = self._tasks.pop(conversation, None)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        """End all."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, conversation: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(conversation) is task:
            del self._tasks[conversation]

    async def _run(self, activity: Any, within_s: float, tell: Callable[[tuple[dict[str, Any], ...]], None]) -> None:
        said: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(within_s), self._places:
                await asyncio.sleep(0)  # a turn that has come meanwhile goes first
                await _try(self._bot, activity, said)
        except asyncio.CancelledError:
            said.clear()
            raise
        except (TrialOver, TimeoutError):
            pass
        except Exception as error:  # the turn itself will fail as well, and tell more
            logger.debug("a trial failed: %s: %s", type(error).__name__, error)
        finally:
            tell(tuple(said))


async def _try(bot: DialogBot, activity: Any, said: list[dict[str, Any]]) -> None:
    """Run the turn; what is sent is added to ``said``. Raises :class:`TrialOver`, or what the dialogs raise."""

    async def collect(_turn: int, _conversation: str, sent: dict[str, Any]) -> None:
        if not _is_harmless(sent):
            raise TrialOver
        said.append(sent)
        if sum(one["type"] == ActivityTypes.message for one in said) >= MAX_MESSAGES:
            raise TrialOver

    async def tried(context: TurnContext) -> None:
        context.turn_state[_TRIAL] = True
        await bot.on_trial(context)

    # Its own adapter: that of the calls keeps where their activities go.
    await TelephonyAdapter().process(activity_from_json(activity), tried, 0, collect)


def _is_harmless(sent: dict[str, Any]) -> bool:
    """Whether the caller would notice nothing else of ``sent`` than speech."""
    return sent["type"] in (ActivityTypes.message, ActivityTypes.typing) or (
        sent["type"] == ActivityTypes.event and sent.get("name") == "config"
    )
