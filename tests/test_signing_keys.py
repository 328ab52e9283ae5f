"""The published keys that tokens are signed with."""

from __future__ import annotations

import pytest
from identity_double import IdentityDouble

from voicebot.signing_keys import fetch_keys


async def test_a_malformed_key_is_ignored_and_the_others_are_used(caplog: pytest.LogCaptureFixture) -> None:
    identity = IdentityDouble({})
    await identity.start()
    keys = await fetch_keys(f"{identity.url}/common/v2.0/.well-known/openid-configuration")
    await identity.close()
    assert list(keys) == [f"key{identity._kid}"]
    assert "the signing key 'malformed' is ignored" in caplog.text
