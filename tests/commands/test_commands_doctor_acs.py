"""What ``voicebot doctor`` finds out about Azure Communication Services."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest
from acs import ACCESS_KEY, RESOURCE, AcsService

from voicebot.commands.doctor_acs import acs_findings, keys, resource, resource_id, speech, way_in
from voicebot.settings import Settings

pytest.importorskip("azure.communication.callautomation", reason="the extra acs is not installed")

from voicebot.legs import acs_client


def settings(acs: AcsService, **others: Any) -> Settings:
    given = {
        "endpoint": acs.url,
        "key": ACCESS_KEY,
        "resource_id": RESOURCE,
        "public_url": acs.url,
        "events_key": "0123456789abcdef",
        "metadata_url": acs.sending.metadata_url,
    }
    return Settings.model_validate({"acs": given | others})


async def test_a_setup_that_is_complete_is_good() -> None:
    async with AcsService() as acs:
        wanted = settings(acs)
        found = [await resource(wanted), await keys(wanted), await way_in(wanted), resource_id(wanted)]
        assert all(one.good for one in found), found
        assert acs.requests and all(method == "GET" for method, _, _ in acs.requests), "nothing is changed"


async def test_a_wrong_key_and_a_wrong_endpoint_are_told_apart_from_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with AcsService() as acs:
        refused = await resource(settings(acs, key="bm8gb25lJ3M="))
        monkeypatch.setattr(acs_client, "REQUEST_S", 0.3)  # nobody answers, however long one waits
        nobody = await resource(settings(acs, endpoint="http://127.0.0.1:9"))
    assert not refused.good and "401" in refused.detail and "the key" in refused.mend
    assert not nobody.good and "not reached" in nobody.detail


async def test_what_azure_could_not_reach_is_a_warning() -> None:
    async with AcsService() as acs:
        found = await way_in(settings(acs, public_url="http://127.0.0.1:9"))
    assert (found.good, found.warning) == (False, True)
    assert "cannot be reached from here" in found.detail and "127.0.0.1:3981" in found.mend


async def test_where_azure_speaks_it_is_said_what_it_needs_for_that() -> None:
    async with AcsService() as acs:
        by_platform = {"mode": "platform", "speech_endpoint": acs.url}
        there = await speech(settings(acs, **by_platform))
        nobody = await speech(settings(acs, **by_platform | {"speech_endpoint": "http://127.0.0.1:9"}))
        every = await asyncio.to_thread(acs_findings, settings(acs, **by_platform))
    assert there.good and "Cognitive Services User" in there.detail
    assert (nobody.good, nobody.warning) == (False, True) and "acs.speech_endpoint" in nobody.mend
    assert [found.check for found in every if found.good][-1] == "ACS speech"


async def test_transfers_that_cannot_be_where_azure_speaks_are_a_warning() -> None:
    async with AcsService() as acs:
        wanted = settings(acs, mode="platform", speech_endpoint=acs.url)
        attended = wanted.model_copy(update={"bot": wanted.bot.model_copy(update={"transfer": "attended"})})
        every = await asyncio.to_thread(acs_findings, attended)
    assert [(found.check, found.warning) for found in every if not found.good] == [("ACS transfers", True)]


async def test_keys_that_are_not_published_are_told() -> None:
    async with AcsService() as acs:
        acs.sending.identity.down = True
        found = await keys(settings(acs))
    assert not found.good and "acs.metadata_url" in found.mend


async def test_the_path_of_the_resource_is_not_its_id() -> None:
    async with AcsService() as acs:
        found = resource_id(settings(acs, resource_id="/subscriptions/s/resourceGroups/g"))
    assert not found.good and "immutableResourceId" in found.mend


async def test_the_missing_extra_is_the_first_thing_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "azure.communication.callautomation", None)
    monkeypatch.delitem(sys.modules, "voicebot.legs.acs_client")
    async with AcsService() as acs:
        (found,) = acs_findings(settings(acs))
    assert not found.good and "pip install 'voicebot[acs]'" in found.detail
