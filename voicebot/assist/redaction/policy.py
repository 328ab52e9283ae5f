"""What is withheld. Settings know no more than this of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WithheldKind(StrEnum):
    """What may be withheld. A card number includes the security code on the card."""

    CARDS = "card-numbers"
    PHONES = "phone-numbers"
    EMAILS = "e-mails"
    NAMES = "names"
    ACCOUNTS = "account-numbers"


@dataclass(frozen=True, slots=True)
class RedactionPolicy:
    """``withhold``: of which kinds. ``country``: two letters, of telephone numbers without a country code; empty: only
    those with one are known."""

    withhold: frozenset[WithheldKind] = frozenset({WithheldKind.CARDS})
    country: str = ""
