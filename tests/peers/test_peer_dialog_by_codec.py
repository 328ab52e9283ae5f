"""The sample dialog to its end, by speech and keys and over a prompt, on lines other than the usual mu-law."""

from __future__ import annotations

import asyncio

import pytest
from product import Product

from voicebot.address import Address
from voicebot.audio.codecs import CODECS
from voicebot.caller import CallOptions, parse_script, place_call
from voicebot.speech import SpeechEndpoint

SCRIPT = """
deadline_s: 20
steps:
  - listen:
  - say: "Billing, please."
  - keys: "123456"
  - say: "Yes, that's right."
    wait: false
  - barge_in: {after_s: 5, say: "No thank you, that is all."}
  - expect_end: hangup
"""

pytestmark = pytest.mark.peer


async def the_whole_dialog(product: Product, codec: str) -> None:
    options = CallOptions(codec=CODECS[codec], speech=SpeechEndpoint(host=product.speech_url), transcribe=False)
    report = await place_call(Address.parse(product.uri), parse_script(SCRIPT), options)
    assert report.ok, report.reason
    record = await product.record(report.call_id)
    assert record["codec"] == report.codec == codec
    assert record["failures"] == [] and record["interruptions"] >= 1
    answers = " ".join(turn["bot"]["text"] for turn in record["turns"])
    for sentence in (
        "six digit account number",
        "I have 123456.",
        "Your balance is $84.37",
        "Goodbye.",
    ):
        assert sentence in answers


async def test_the_sample_dialog_reaches_its_end_by_other_codecs_at_the_same_time(product: Product) -> None:
    async with asyncio.TaskGroup() as calls:
        for codec in ("PCMA", "G722"):
            calls.create_task(the_whole_dialog(product, codec))
