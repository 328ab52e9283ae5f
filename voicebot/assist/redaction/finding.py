"""The order in which what is withheld is looked for. It loads the tables of telephone numbers."""

from __future__ import annotations

from collections.abc import Iterator

from voicebot.assist.redaction import phones, words
from voicebot.assist.redaction.accounts import account_numbers
from voicebot.assist.redaction.cards import card_numbers, security_codes
from voicebot.assist.redaction.emails import email_addresses
from voicebot.assist.redaction.names import names
from voicebot.assist.redaction.phones import phone_numbers
from voicebot.assist.redaction.policy import RedactionPolicy, WithheldKind
from voicebot.assist.redaction.reading import ReadText
from voicebot.assist.redaction.span import WithheldSpan


def withheld_spans(policy: RedactionPolicy, speech: ReadText, known_names: frozenset[str]) -> Iterator[WithheldSpan]:
    """What is to be withheld of ``speech``; spans may overlap."""
    if WithheldKind.CARDS in policy.withhold:
        yield from card_numbers(speech)
        yield from security_codes(speech)
    if WithheldKind.ACCOUNTS in policy.withhold:
        yield from account_numbers(speech)
    if WithheldKind.PHONES in policy.withhold:
        yield from phone_numbers(speech, policy.country)
    if WithheldKind.EMAILS in policy.withhold:
        yield from email_addresses(speech)
    if WithheldKind.NAMES in policy.withhold:
        yield from names(speech, known_names)


def warm(policy: RedactionPolicy) -> None:
    """Read the words and tables that ``policy`` needs. Blocks for some 50 ms: call it at start, off the event loop."""
    words.warm()
    if WithheldKind.PHONES in policy.withhold:
        phones.warm(policy.country)
