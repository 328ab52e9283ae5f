"""The demo's whole conversation (speech, keys, a barge-in) on an A-law line."""

from __future__ import annotations

import pytest
from product import ROOT, Product

from voicebot.caller import CallOptions, load_script, place_call
from voicebot.speech import SpeechEndpoint

pytestmark = pytest.mark.peer


async def test_the_sample_dialog_reaches_its_end_in_a_law(product: Product) -> None:
    script = load_script(ROOT / "voicebot" / "commands" / "demo.yaml")
    options = CallOptions(law="PCMA", speech=SpeechEndpoint(host=product.speech_url))
    report = await place_call(product.uri, script, options)
    assert report.ok, report.reason
    record = await product.record(report.call_id)
    assert record["codec"] == report.law == "PCMA"
    assert record["failures"] == [] and record["interruptions"] >= 1
    assert "Goodbye." in record["turns"][-1]["bot"]["text"]
