"""What botbuilder makes in each turn, made with less: in a turn of our dialogs, a third of its time went into it.

The classes behave as those of the SDK, of which dialogs and middleware see nothing else; both leave out the circles of
references (in each thing that is sent, in each dialog context), so that what a turn leaves goes at once, and not when
the collector stops the process.
"""

from __future__ import annotations

from copy import copy, deepcopy
from functools import partial
from typing import Any

from botbuilder.core import TurnContext
from botbuilder.dialogs import DialogContext, DialogSet, DialogState
from botbuilder.dialogs.memory import DialogStateManager
from botbuilder.schema import (
    Activity,
    ActivityTypes,
    ChannelAccount,
    ConversationAccount,
    ConversationReference,
    DeliveryModes,
    ResourceResponse,
)
from botframework.connector import Channels


class CallContext(TurnContext):
    """A turn of a call. The SDK writes the caller's locale into all that is sent. What a dialog says in another
    language keeps its own here, from which the voice is chosen."""

    async def send_activities(self, activities: list[Activity]) -> list[ResourceResponse]:
        """As that of the SDK: each activity is copied, addressed, shown to all handlers, and sent."""
        received = self.activity
        if received.delivery_mode == DeliveryModes.expect_replies:
            replies: list[ResourceResponse] = await super().send_activities(activities)
            return replies
        reference = _reference(received)
        output = [self._addressed(activity, reference) for activity in activities]
        speaks = any(activity.type != ActivityTypes.trace for activity in output)
        await self._show([*self._on_send_activities], 0, output)
        responses: list[ResourceResponse] = await self.adapter.send_activities(self, output)
        if speaks:
            self.responded = True
        return responses

    def _addressed(self, activity: Activity, reference: ConversationReference) -> Activity:
        locale = activity.locale
        sent = TurnContext.apply_conversation_reference(deepcopy(activity), reference)
        sent.locale = locale or sent.locale
        sent.type = getattr(sent, "type", None) or ActivityTypes.message
        sent.input_hint = sent.input_hint or "acceptingInput"
        sent.id = None
        return sent

    async def _show(self, handlers: list[Any], number: int, output: list[Activity]) -> None:
        """As the SDK does: what is sent does not depend on whether a handler calls the next one."""
        if number < len(handlers):
            await handlers[number](self, output, partial(self._show, handlers, number + 1, output))


def _reference(activity: Activity) -> ConversationReference:
    """``TurnContext.get_conversation_reference``, whose copies go through what pickles them: most of its cost."""
    nameless = activity.type == ActivityTypes.conversation_update or activity.channel_id in _WITHOUT_IDS
    return ConversationReference(
        activity_id=None if nameless else activity.id,
        user=_twin(activity.from_property),
        bot=_twin(activity.recipient),
        conversation=_twin(activity.conversation),
        channel_id=activity.channel_id,
        locale=activity.locale,
        service_url=activity.service_url,
    )


_WITHOUT_IDS = (Channels.direct_line, Channels.webchat)
_ACCOUNTS = (ChannelAccount, ConversationAccount)


def _twin(account: Any) -> Any:
    """A shallow copy."""
    if type(account) not in _ACCOUNTS:
        return copy(account)
    twin = object.__new__(type(account))
    twin.__dict__.update(account.__dict__)
    return twin


class LeanDialogContext(DialogContext):
    """A dialog context whose ``state``, the memory scopes of adaptive dialogs, is made for those who ask for it.

    It does without the constructor of the SDK, which makes them in any case, and so depends on the attributes that
    botbuilder 4.17 has (``tests/host/test_host_sdk_botbuilder_turn.py`` compares them).
    """

    def __init__(self, dialog_set: DialogSet, turn_context: TurnContext, state: DialogState) -> None:
        self._turn_context = turn_context
        self._dialogs = dialog_set
        self._stack = state.dialog_stack
        self.services: dict[str, Any] = {}
        self.parent = None
        self._state: DialogStateManager | None = None

    @property
    def state(self) -> DialogStateManager:
        if self._state is None:
            self._state = DialogStateManager(self)
        return self._state

    @state.setter
    def state(self, value: DialogStateManager) -> None:
        self._state = value


LeanDialogContext.__name__ = DialogContext.__name__  # under which the SDK notes the stack in errors
