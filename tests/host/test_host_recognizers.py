from __future__ import annotations

import decimal

import pytest

import voicebot.host.sdk  # noqa: F401  (confines them)


def test_everybody_else_keeps_the_precision_of_decimals() -> None:
    assert decimal.getcontext().prec == 28


@pytest.mark.parametrize(
    ("said", "value"), [("three point one four", "3.14"), ("one third", "0.333333333333333"), ("1,234.56", "1234.56")]
)
def test_numbers_are_recognised_with_the_precision_that_they_need(said: str, value: str) -> None:
    from recognizers_number import recognize_number

    assert [found.resolution["value"] for found in recognize_number(said, "en-us")] == [value]
    assert decimal.getcontext().prec == 28
