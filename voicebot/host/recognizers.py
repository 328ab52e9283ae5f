"""Confine what the SDKs' recognisers do to decimal numbers.

``recognizers_number`` (under each SDK's prompts) sets the precision of decimals to 15 digits for the whole process, and
gives "3.140000000000000009992007222" for "three point one four" at any other. Here it gets its 15 digits while it
parses, and everybody else keeps the 28 that Python has, without which amounts and long numbers fail to be said.
"""

from __future__ import annotations

import decimal
import functools
from collections.abc import Callable
from typing import Any

DIGITS = 15


def confine_decimals() -> None:
    """Import the number recognisers, and keep their precision to themselves. Calling it again is harmless."""
    with decimal.localcontext():
        from recognizers_number.number import cjk_parsers, parsers  # type: ignore[import-untyped]
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
