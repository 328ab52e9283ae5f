"""Keeps the SDKs' number recognisers from changing the decimal precision of the whole process.

``recognizers_number``, which the prompts of both SDKs use, sets the precision of decimals to 15 digits for the process,
and gives "3.140000000000000009992007222" for "three point one four" with any other. Here it has 15 digits while it
parses. Everything else keeps Python's 28, without which amounts and long numbers cannot be spoken.
"""

from __future__ import annotations

import decimal
import functools
from collections.abc import Callable
from typing import Any

DIGITS = 15


def confine_decimals() -> None:
    """Import the number recognisers and confine their precision to their parsers. Harmless when called again."""
    with decimal.localcontext():
        from recognizers_number.number import cjk_parsers, parsers
    decimal.getcontext().prec = decimal.DefaultContext.prec  # it may have been imported before us
    for kind in (parsers.BaseNumberParser, cjk_parsers.CJKNumberParser):
        if "parse" in vars(kind) and not hasattr(kind.parse, "__wrapped__"):
            kind.parse = _with_digits(kind.parse)


def _with_digits(parse: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(parse)
    def confined(*arguments: Any, **options: Any) -> Any:
        with decimal.localcontext() as context:
            context.prec = DIGITS
            return parse(*arguments, **options)

    return confined
