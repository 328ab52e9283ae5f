"""The console's pages about calls of bots, made from the settings: the phone, the calls that run, those that were."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial

from voicebot.bots import HostUnavailable
from voicebot.calls import Calls
from voicebot.fleet import Fleet
from voicebot.host_wire import PictureTold
from voicebot.own_trunks import PAGE_TRUNK
from voicebot.service.archive import ArchiveService
from voicebot.service.dialog_versions import DialogVersions
from voicebot.settings import Settings
from voicebot.sip import SipEndpoint
from voicebot.web import Access, FlowPicture, LiveApi, PhoneApi, RecordsApi


def phone_api(settings: Settings, endpoint: SipEndpoint, access: Access) -> PhoneApi | None:
    """Its calls come to ``endpoint``. None if there is none."""
    console = settings.console
    if not console.phone_calls:
        return None
    websocket = partial(endpoint.websocket, trunk=PAGE_TRUNK)
    return PhoneApi(websocket, access, calls=console.phone_calls)


def live_api(settings: Settings, calls: Calls, dialogs: DialogVersions, fleet: Fleet | None) -> LiveApi:
    """What is not kept of calls is not told of them either."""
    elsewhere = fleet.seen_elsewhere if fleet is not None else tuple
    return LiveApi(calls, words=settings.calls.records is not None, flows=_Flows(dialogs), elsewhere=elsewhere)


class _Flows:
    """Pictures of the dialogs, from the hosts of their versions."""

    def __init__(self, dialogs: DialogVersions) -> None:
        self._dialogs = dialogs

    async def of_call(self, call: str) -> FlowPicture:
        return await self._told(self._dialogs.picture(call))

    async def of_version(self, version: str) -> FlowPicture:
        return await self._told(self._dialogs.picture_of(version))

    async def _told(self, asked: Awaitable[PictureTold]) -> FlowPicture:
        try:
            told = await asked
        except HostUnavailable:
            return FlowPicture("", "the dialog host does not answer: it is being restarted")
        return FlowPicture(told.svg, told.why)


def records_api(settings: Settings, archive: ArchiveService | None, access: Access) -> RecordsApi | None:
    """None if calls that were are not searched."""
    return RecordsApi(archive.client, settings.calls.records, access) if archive is not None else None
