"""Passes activities to the author's root dialog: those of a conversation one by one, storing its state after each.

=============================================  =====================================================================
activity                                       what happens
=============================================  =====================================================================
conversationUpdate, someone joined             the root dialog begins, unless it is running
message                                        the active dialog continues; the root begins when none is active
event, invoke, command, commandResult          the active dialog continues (waterfalls and prompts let it pass)
event ``voicebot.resume``                      the active dialog asks again; the root begins when none is active
endOfConversation                              all dialogs are cancelled, the conversation's state is deleted
any other                                      nothing
=============================================  =====================================================================

When the root dialog of a phone call ends, the call ends: an ``endOfConversation`` is sent, unless the dialog has sent
one or has asked for a transfer. A turn that fails does not change the stored state.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from voicebot.host.codec import StateUnreadable
from voicebot.host.sdk import (
    Activity,
    ActivityTypes,
    Dialog,
    DialogContext,
    DialogEvents,
    DialogSet,
    DialogState,
    DialogTurnStatus,
    LeanDialogContext,
    TurnContext,
)
from voicebot.host.state import StateProperty, TurnStates, conversation_key
from voicebot.host.storage import Storage
from voicebot.telephony_channel import HAND_OFFS, HANG_UP, PHONE_CHANNEL, RESUME_EVENT

_CONTINUES = (ActivityTypes.event, ActivityTypes.invoke, "command", "commandResult", ActivityTypes.handoff)
_OVER = (DialogTurnStatus.Complete, DialogTurnStatus.Cancelled)


class Locks:
    """A lock for each key that is in use. Waiters get it in the order in which they came."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    def __len__(self) -> int:
        return len(self._locks)

    @asynccontextmanager
    async def hold(self, key: str) -> AsyncIterator[None]:
        lock, users = self._locks.get(key) or (asyncio.Lock(), 0)
        self._locks[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[key]
            if users > 1:
                self._locks[key] = (lock, users - 1)
            else:
                del self._locks[key]


class DialogBot:
    """The author's dialogs as one Bot Framework bot, for every adapter."""

    def __init__(self, root: Dialog, storage: Storage) -> None:
        self._states = TurnStates(storage)
        self.locks = Locks()
        self._root_id: str = root.id
        self._stack = StateProperty("DialogState")
        self._dialogs = DialogSet(self._stack)
        self._dialogs.add(root)

    async def on_turn(self, context: TurnContext) -> None:
        """Handle one activity. Raises whatever the dialogs raise."""
        async with self.locks.hold(conversation_key(context)):
            self._states.begin(context, anew=context.activity.name == RESUME_EVENT)
            try:
                await self._turn(context)
            except Exception as error:
                if _hopeless(error):
                    await self._states.give_up(context)
                raise

    async def on_trial(self, context: TurnContext) -> None:
        """Give the dialogs an activity on trial (:mod:`voicebot.host.trial`): nothing is stored, nor waited for. Raises
        whatever the dialogs raise."""
        self._states.begin(context)
        dialogs = await self._begin(context)
        if dialogs.stack:
            await self._dispatch(context.activity, dialogs)

    async def _begin(self, context: TurnContext) -> DialogContext:
        return LeanDialogContext(self._dialogs, context, await self._stack.get(context, DialogState))

    async def _turn(self, context: TurnContext) -> None:
        sent = _watch(context)
        dialogs = await self._begin(context)
        if context.activity.type == ActivityTypes.end_of_conversation:
            await dialogs.cancel_all_dialogs()
            await self._states.forget(context)
            return
        status = await self._run(context, dialogs)
        if status in _OVER and context.activity.channel_id == PHONE_CHANNEL and not sent & {"over", "transferred"}:
            await context.send_activity(Activity(type=ActivityTypes.end_of_conversation, code="completedSuccessfully"))
            sent.add("over")
        if "over" in sent:
            await self._states.forget(context)
        else:
            await self._states.save(context)

    async def _run(self, context: TurnContext, dialogs: DialogContext) -> Any:
        """Give the activity to the dialogs. A dialog may handle the error of another one (``DialogEvents.error``)."""
        while True:
            try:
                return await self._dispatch(context.activity, dialogs)
            except Exception as error:
                if not await dialogs.emit_event(DialogEvents.error, error, bubble=True, from_leaf=True):
                    raise

    async def _dispatch(self, activity: Activity, dialogs: DialogContext) -> Any:
        begins = False
        if activity.type == ActivityTypes.message:
            begins = True
        elif activity.type == ActivityTypes.conversation_update:
            if dialogs.stack or not _somebody_joined(activity):
                return None
            begins = True
        elif activity.type == ActivityTypes.event and activity.name == RESUME_EVENT:
            if dialogs.stack:
                await dialogs.reprompt_dialog()
                return None
            begins = True
        elif activity.type not in _CONTINUES:
            return None
        result = await dialogs.continue_dialog()
        if result.status == DialogTurnStatus.Empty and begins:
            result = await dialogs.begin_dialog(self._root_id)
        return result.status


def _somebody_joined(activity: Activity) -> bool:
    bot = activity.recipient.id if activity.recipient else None
    return any(member.id != bot for member in activity.members_added or [])


def _hopeless(error: Exception) -> bool:
    """Whether the stored state can never be continued: it is damaged, or names dialogs that no longer exist."""
    return isinstance(error, StateUnreadable) or "wasn't found" in str(error)


def _watch(context: TurnContext) -> set[str]:
    """A set that gets ``over`` when the turn sends a hang-up, and ``transferred`` when it asks for a transfer."""
    sent: set[str] = set()

    async def note(_: TurnContext, activities: list[Activity], go_on: Any) -> Any:
        for activity in activities:
            if activity.type == ActivityTypes.end_of_conversation:
                sent.add("over")
            elif activity.type in (ActivityTypes.event, ActivityTypes.handoff):
                if activity.name in HAND_OFFS:
                    sent.add("transferred")
                elif activity.name == HANG_UP:
                    sent.add("over")
        return await go_on()

    context.on_send_activities(note)
    return sent
