from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from speech_double import SpeechDouble


@pytest.fixture
async def service() -> AsyncIterator[SpeechDouble]:
    double = SpeechDouble()
    await double.start()
    yield double
    await double.stop()
