from __future__ import annotations

from pathlib import Path

import pytest
from let_in import let_in
from watched_call import WatchedCallDouble

from voicebot.assist.entries import Suggestion
from voicebot.listening.descriptors import allowance
from voicebot.listening.http import HTTP_BOUNDS
from voicebot.service.viewers import OTHERS, Viewers, viewer_bounds
from voicebot.settings import Settings
from voicebot.settings.webhooks import WebhookSettings


@pytest.mark.parametrize("limit", [64, 200, 1_024, 20_000])
def test_viewers_take_what_is_left_and_never_all(limit: int) -> None:
    allowed = allowance(limit, 50)
    bounds, usual = viewer_bounds(allowed), HTTP_BOUNDS.within(allowed.of_http)
    assert bounds.total == allowed.of_http + allowed.of_viewers >= usual.total or limit < 200
    assert usual.of_source <= bounds.of_source <= max(usual.of_source, bounds.total - OTHERS)
    assert bounds.total >= 1_000 or limit < 20_000


async def test_webhooks_are_told_of_each_call_and_the_figures_count(tmp_path: Path) -> None:
    (secret := tmp_path / "secret").write_text("x" * 32)
    hook = WebhookSettings(url="http://127.0.0.1:1/", secret_file=secret)
    viewers = Viewers(Settings(webhooks=(hook,)), let_in())
    call = WatchedCallDouble()
    viewers.roster.began(call)
    assert len(viewers._webhooks) == 1
    figures = {figure.name: figure.values for figure in viewers.figures()}
    assert figures["assist_streams"] == {"": 0}
    assert figures["assist_webhook_entries"] == {"delivered": 0, "dropped": 0, "repeated": 0}
    await viewers.close()
    assert not len(viewers._webhooks)


async def test_the_knowledge_is_searched_as_soon_as_there_is_any() -> None:
    viewers = Viewers(Settings(), let_in())
    assert viewers.api._search("refund") == ()
    article = Suggestion("k", "Refunds", "", "refunds.md")
    viewers.search = lambda words: [article]
    assert viewers.api._search("refund") == [article]
