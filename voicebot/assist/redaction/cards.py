"""Numbers of payment cards, and the security codes on them.

A card number has the prefix and length of an issuer network (ISO/IEC 7812, :data:`_NETWORKS`) and the right check digit
(Luhn). It may be said in any groups, with some words between, and with the date or code right after it, which is
withheld with it. Where it is said or was asked that a card number follows, a string of that length is withheld whatever
its check digit: one digit may have been misheard.

While more may follow, the digits are held (:data:`~voicebot.assist.redaction.span.HELD`) that may be the beginning of a
card number, from the seventh on: the first six name the bank, and may be shown (PCI DSS 3.4).

What is said behind a number belongs to it only if it may be the rest of it, a date or a code: "two days ago" does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from voicebot.assist.redaction.reading import Group, ReadText
from voicebot.assist.redaction.span import HELD, WithheldSpan

CARD: Final = "card number"
CODE: Final = "security code"

_NETWORKS: Final = (
    ("4", "4", (16, 13, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", (14, 16)),  # Diners Club
    ("3095", "3095", (14, 16)),
    ("36", "36", (14, 16)),
    ("38", "39", (14, 16)),
    ("3528", "3589", (16, 17, 18, 19)),  # JCB
    ("6011", "6011", (16, 19)),  # Discover
    ("644", "649", (16, 19)),
    ("65", "65", (16, 19)),
    ("62", "62", (16, 17, 18, 19)),  # UnionPay
    ("81", "81", (16, 17, 18, 19)),
    ("2200", "2204", (16, 17, 18, 19)),  # Mir
    ("5018", "5018", (16, 13, 19)),  # Maestro
    ("5020", "5020", (16, 13, 19)),
    ("5038", "5038", (16, 13, 19)),
    ("56", "58", (16, 13, 19)),
    ("6304", "6304", (16, 13, 19)),
    ("6759", "6763", (16, 13, 19)),
    ("67", "67", (16, 18, 19)),
    ("60", "60", (16,)),  # RuPay
)
_USUAL: Final = 16
_LONGEST: Final = 19
_SHORTEST: Final = 12
"""Of what is withheld where a card number is expected: some digits may have been missed."""
_BETWEEN: Final = 4
"""Words that may be between two groups of a number."""
_WORDS: Final = 2
"""The same, where only what was said before tells that it is a card number."""
_BROKEN_OFF: Final = 3
"""How often there may be words between the groups of one number."""
_WITH_IT: Final = 8
"""Digits after the number that are withheld with it: a date and a code."""
_SHOWN: Final = 6
_CUE_WORDS: Final = 12
"""How far before the digits it may be said what they are."""
_CODE_WORDS: Final = 8
_CODE_LENGTHS: Final = (3, 4)


def card_numbers(speech: ReadText) -> Iterator[WithheldSpan]:
    """The card numbers in ``speech``, and what may become one."""
    yield from _by_check_digit(speech, speech.groups)
    if speech.groups_by_sound is not speech.groups:
        yield from _by_check_digit(speech, speech.groups_by_sound)
    yield from _expected(speech)
    yield from _beginning(speech)


def security_codes(speech: ReadText) -> Iterator[WithheldSpan]:
    """The security codes in ``speech``: three or four digits where one is said, or was asked, to follow."""
    for run in runs(speech.groups):
        length = sum(len(group.digits) for group in run)
        open_end = run[-1] is speech.groups[-1] and speech.open_end
        fits = length in _CODE_LENGTHS or (open_end and length < _CODE_LENGTHS[0])
        if fits and speech.cued("code", run[0].first, _CODE_WORDS):
            yield WithheldSpan(run[0].begin, run[-1].end, CODE)


def luhn(digits: str) -> bool:
    """Whether the last of ``digits`` is the right check digit (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def runs(groups: list[Group], between: int = 0) -> Iterator[list[Group]]:
    """``groups``, divided where more than ``between`` words are between two of them, without those that only say how
    many there are of something."""
    run: list[Group] = []
    for group in groups:
        if run and (group.gap > between or _alone(group)):
            yield run
            run = []
        if not _alone(group):
            run.append(group)
    if run:
        yield run


def _alone(group: Group) -> bool:
    """Whether ``group`` is no part of a number that is read out, but says how many there are of something."""
    return group.counts and group.apart


def _lengths(digits: str) -> tuple[int, ...]:
    """Those of the cards whose numbers begin with ``digits``; none, if there are no such."""
    found: list[int] = []
    for low, high, lengths in _NETWORKS:
        known = digits[: len(low)]
        if low[: len(known)] <= known <= high[: len(known)]:
            found += lengths
    return tuple(dict.fromkeys(found))


def _by_check_digit(speech: ReadText, groups: list[Group]) -> Iterator[WithheldSpan]:
    index = 0
    while index < len(groups):
        end = _card_at(groups, index)
        if end is None:
            index += 1
            continue
        begin, end = groups[index].begin, _with_it(speech, groups, end)
        yield WithheldSpan(begin, groups[end - 1].end, CARD)
        index = end


def _with_it(speech: ReadText, groups: list[Group], end: int, between: int = 0) -> int:
    """Behind which group that ends which is said with a number that ends before group ``end``: a date and a code, with
    at most ``between`` words before each group. One or two digits are none, unless more of them may follow in the same
    breath."""
    digits, after = 0, end
    while after < len(groups) and groups[after].gap <= between and not groups[after].counts:
        if digits + len(groups[after].digits) > _WITH_IT:
            break
        digits += len(groups[after].digits)
        after += 1
    if digits >= min(_CODE_LENGTHS):
        return after
    last = groups[after - 1]
    in_one_breath = "\n" not in speech.text[groups[end - 1].end : last.end]
    begun = in_one_breath and not speech.complete and not speech.words_after(last.after)
    return after if begun else end


def _card_at(groups: list[Group], first: int) -> int | None:
    """Behind which group a card number ends that begins with group ``first``; None: none begins there."""
    digits, ends, broken_off = "", {}, 0
    for index in range(first, len(groups)):
        gap = groups[index].gap if index > first else 0
        broken_off += gap > 0
        if gap > _BETWEEN or broken_off > _BROKEN_OFF or _alone(groups[index]):
            break
        digits += groups[index].digits
        ends[len(digits)] = index + 1
        if len(digits) >= _LONGEST:
            break
    lengths = [length for length in _lengths(digits) if length <= len(digits)]
    for length in sorted(lengths, key=lambda length: length not in ends):  # rather where a group ends
        if luhn(digits[:length]):
            return next(end for reached, end in ends.items() if reached >= length)
    return None


def _expected(speech: ReadText) -> Iterator[WithheldSpan]:
    for run in runs(speech.groups, between=_WORDS):
        if not _is_expected(speech, run[0]):
            continue
        first = 0
        while first < len(run):
            digits, end = _number_at(run, first)
            if digits >= _SHORTEST:
                another = end < len(run) and _number_at(run, end)[0] >= _SHORTEST
                end = end if another else _with_it(speech, run, end, _WORDS)
                yield WithheldSpan(run[first].begin, run[end - 1].end, CARD)
            first = end


def _number_at(run: list[Group], first: int) -> tuple[int, int]:
    """How many digits the number has that begins with group ``first`` of ``run``, and behind which group it ends: it
    goes on after a pause only if it is too short yet."""
    digits = run[first].digits
    for index in range(first + 1, len(run)):
        whole = len(digits) >= next(iter(_lengths(digits)), _USUAL)
        if (run[index].apart or run[index].counts) and (whole or len(digits) + len(run[index].digits) > _LONGEST):
            return len(digits), index
        digits += run[index].digits
    return len(digits), len(run)


def _is_expected(speech: ReadText, group: Group) -> bool:
    nearest = speech.nearest(group.first, _CUE_WORDS)
    return nearest == "card" or (not nearest and "card" in speech.asked)


def _beginning(speech: ReadText) -> Iterator[WithheldSpan]:
    """The end of the speech, if it may be the beginning of a card number."""
    if not speech.open_end:
        return
    run = _last_digits(speech.groups)
    if speech.nearest(run[0].first, _CUE_WORDS) not in ("", "card", "code"):
        return
    for first, group in enumerate(run):
        digits = "".join(later.digits for later in run[first:])
        if len(digits) <= _SHOWN:
            return
        expected = _is_expected(speech, group) and len(digits) <= _LONGEST
        if expected or any(length > len(digits) for length in _lengths(digits)):
            yield WithheldSpan(group.begin, run[-1].end, HELD)
            return


def _last_digits(groups: list[Group]) -> list[Group]:
    """The last of ``groups`` that may be one number together."""
    first, digits = len(groups) - 1, len(groups[-1].digits)
    while first and not groups[first].gap and digits + len(groups[first - 1].digits) <= _LONGEST:
        first -= 1
        digits += len(groups[first].digits)
    return groups[first:]
