"""What is withheld, and the order in which it is looked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from voicebot.assist.redaction import phones, words
from voicebot.assist.redaction.accounts import account_numbers
from voicebot.assist.redaction.cards import card_numbers, security_codes
from voicebot.assist.redaction.emails import email_addresses
from voicebot.assist.redaction.names import names
from voicebot.assist.redaction.phones import phone_numbers
from voicebot.assist.redaction.reading import Speech
from voicebot.assist.redaction.span import Span


class Kind(StrEnum):
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

    withhold: frozenset[Kind] = frozenset({Kind.CARDS})
    country: str = ""

    def spans(self, speech: Speech, known_names: frozenset[str]) -> Iterator[Span]:
        """What is to be withheld of ``speech``; spans may overlap."""
        if Kind.CARDS in self.withhold:
            yield from card_numbers(speech)
            yield from security_codes(speech)
        if Kind.ACCOUNTS in self.withhold:
            yield from account_numbers(speech)
        if Kind.PHONES in self.withhold:
            yield from phone_numbers(speech, self.country)
        if Kind.EMAILS in self.withhold:
            yield from email_addresses(speech)
        if Kind.NAMES in self.withhold:
            yield from names(speech, known_names)


def warm(policy: RedactionPolicy) -> None:
    """Read the words and tables that ``policy`` needs. Blocks for some 50 ms: call it at start, off the event loop."""
    words.warm()
    if Kind.PHONES in policy.withhold:
        phones.warm(policy.country)
