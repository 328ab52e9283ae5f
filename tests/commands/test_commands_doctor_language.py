"""What ``voicebot doctor`` finds out about Azure AI Language."""

from __future__ import annotations

from typing import Any

import pytest
from language_faults import KEY, FaultyLanguage

from voicebot.commands.doctor import _language_service
from voicebot.settings import Settings


@pytest.mark.parametrize(("key", "fault", "good"), [(KEY, None, True), ("wrong", None, False), (KEY, (500, {}), False)])
async def test_the_language_service_is_asked(key: str, fault: Any, good: bool) -> None:
    async with FaultyLanguage() as service:
        service.faults = [fault]
        given = {"service": "azure", "endpoint": service.url, "key": key}
        finding = await _language_service(Settings.model_validate({"language": given}))
    assert (finding.check, finding.good) == ("language service", good)
    assert good or "language.endpoint" in finding.mend
