"""What a message says: its speech or its text, then its cards, then its choices; nothing twice. Pure and bounded.

A bot that was made for voice gives ``speak``. It is spoken as it is, and of the cards only what they themselves give as
speech. A ``speak`` that is the text once more (as Copilot Studio sends it) is the text: Markdown is not read out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, islice, pairwise
from typing import Any

from voicebot.bots.card_elements import offered
from voicebot.bots.cards import MAX_CHOICES, CardReader, SpokenCard, key
from voicebot.bots.citations import says_that_it_cites, without_citations
from voicebot.bots.languages import are_yes_and_no, language_tag, our_words, same_language
from voicebot.bots.sentences import cut
from voicebot.bots.spoken import MAX_LINES, MAX_TEXT, TextFormat, spoken
from voicebot.speech_markup import fit_for_speech, is_ssml, is_unmistakable, joined, words

MAX_SPEAK = 10_000
"""Ten minutes of speech: the Speech service makes no more of one request."""
MAX_CHOICE = 100
MAX_OFFERED = 2 * MAX_CHOICES
"""Choices that are looked at: those that the text names already are left out."""
BEGINNING = 24
"""Characters of a choice that are searched for in the text: searching costs up to the product of the two lengths."""
_FORMATS: dict[Any, TextFormat] = {"plain": "plain", "xml": "xml", "markdown": "markdown"}


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of what a message says. ``speak``: plain, or an SSML document. ``locale``: its language, ``""``: that
    of the call. ``shown``: what the record shows."""

    speak: str
    locale: str
    shown: str


@dataclass(frozen=True, slots=True)
class Aloud:
    """What a message says, at least one piece, in order. ``remarks``: what was left out of it, and why."""

    pieces: tuple[Piece, ...]
    remarks: tuple[str, ...] = ()


def aloud(activity: dict[str, Any], *, ours: bool = False) -> Aloud:
    """What the message ``activity`` says. ``ours``: it is of our own dialogs, whose ``speak`` is always speech."""
    text, given = _text(activity.get("text")), activity.get("speak")
    locale = language_tag(activity.get("locale"))
    if isinstance(given, str) and not given.strip():
        return Aloud((Piece("", locale, text[:MAX_SPEAK]),))
    remarks: list[str] = []
    cited = says_that_it_cites(activity)
    form = _form(activity)
    own = isinstance(given, str) and (ours or given.strip() != text.strip())
    if isinstance(given, str) and own and activity.get("textFormat") == "markdown" and "<" not in given and not ours:
        first = _read(given, "markdown", cited, remarks)
    elif own or is_unmistakable(text[:MAX_TEXT]):
        first = _speech(given if isinstance(given, str) and own else text, "speak" if own else "text", cited, remarks)
    else:
        first = _read(text, form, cited, remarks)
    attachments = _list(activity.get("attachments"))
    reader = CardReader(attachments, key(_words(first)), locale)
    cards = reader.cards(only_own=own)
    remarks += [f"the speech of a card is spoken as its words: {card.fault}" for card in cards if card.fault]
    if reader.cut_short:
        remarks.append("its cards are longer than what is said of them")
    parts = [("" if _repeated(first, cards, locale) else first, locale)]
    parts += [(card.speak, _locale(card.locale, locale)) for card in cards]
    if not isinstance(given, str):
        said = next((speak for speak, _ in reversed(parts) if speak), "")
        parts.append((_choices(activity, reader.choices, text, said, locale), locale))
    shown = " ".join([text[:MAX_SPEAK], *(_words(card.speak) for card in cards)])[:MAX_SPEAK] if text else ""
    return Aloud(_pieces([part for part in parts if part[0]], shown) or (Piece("", locale, shown),), tuple(remarks))


def _speech(speak: str, name: str, cited: bool, remarks: list[str]) -> str:
    """What is written to be spoken: as it is, if it can be."""
    kept = cut(speak, MAX_SPEAK)
    if len(speak) > MAX_SPEAK:
        remarks.append(_too_long(name, speak, kept))
    said, fault = fit_for_speech(kept)
    if fault:
        remarks.append(f"its {name} is no SSML and is spoken as its words: {fault}")
    heard = said if is_ssml(said) else without_citations(said, plain=True, cited=cited)
    return heard if heard == said else heard.strip()


def _read(text: str, form: TextFormat, cited: bool, remarks: list[str]) -> str:
    """What is written to be read, as speech."""
    kept = cut(text, MAX_TEXT)
    if len(text) > MAX_TEXT:
        remarks.append(_too_long("text", text, kept))
    elif (lines := text.count("\n") + 1) > MAX_LINES:
        remarks.append(f"its text is too long: {lines - MAX_LINES} of {lines} lines are not said")
    return spoken(kept, form, cited=cited) if kept else ""


def _too_long(name: str, whole: str, kept: str) -> str:
    where = "the end of a sentence" if kept.endswith((".", "!", "?", "…", "。", ">")) else "the limit"
    return f"its {name} of {len(whole)} characters is cut at {where}: {len(whole) - len(kept)} characters are not said"


def _repeated(first: str, cards: list[SpokenCard], locale: str) -> bool:
    """Whether a card says all of ``first`` once more."""
    said = key(first)
    if not said or is_ssml(first):
        return False
    for card in cards:
        if not card.locale or same_language(card.locale, locale):
            again = f"{key(_words(card.speak))} "
            if again.startswith(f"{said} ") or (said.count(" ") > 1 and f" {said} " in again):
                return True
    return False


def _pieces(parts: list[tuple[str, str]], shown: str) -> tuple[Piece, ...]:
    """``parts``, each with its language, as few pieces as languages and documents allow. ``shown``: all of it."""
    pieces: list[Piece] = []
    for locale, group in groupby(parts, key=lambda part: part[1]):
        speeches = [speak for speak, _ in group]
        whole = joined(speeches)
        for speak in [whole] if whole is not None else speeches:
            said = cut(speak, MAX_SPEAK)
            pieces.append(Piece(said, locale, _words(said)))
    return tuple(pieces) if len(pieces) > 1 else tuple(Piece(piece.speak, piece.locale, shown) for piece in pieces)


def _words(speak: str) -> str:
    return words(speak) if is_ssml(speak) else speak


def _locale(of_part: str, of_message: str) -> str:
    return of_message if not of_part or (of_message and same_language(of_part, of_message)) else of_part


def _choices(activity: dict[str, Any], of_cards: list[str], text: str, said: str, locale: str) -> str:
    """The choices that the text does not name, those of the suggested actions first, as a question. ``said``: what is
    said before them; a question asks for yes and no by itself.
    """
    suggested = activity.get("suggestedActions")
    actions = suggested.get("actions") if isinstance(suggested, dict) else None
    wanted = [*offered(_list(actions)[:MAX_CHOICES]), *of_cards]
    found = dict.fromkeys([" ".join(choice[:MAX_CHOICE].split()) for choice in wanted])
    if are_yes_and_no(list(islice(filter(None, found), 3))) and _asks(said):
        return ""
    shown = text[:MAX_TEXT].lower()
    unsaid = [choice for choice in islice(found, MAX_OFFERED) if choice and not _named(choice.lower(), shown)]
    unsaid = list(filter(None, map(spoken, unsaid[:MAX_CHOICES])))
    if len(unsaid) < 2:
        return f"{unsaid[0]}?" if unsaid else ""
    return f"{', '.join(unsaid[:-1])}, {our_words(locale).either} {unsaid[-1]}?"


def _asks(said: str) -> bool:
    """Whether ``said`` ends with a question; an emoji may stand behind it."""
    signs = [sign for sign in _words(said)[-MAX_CHOICE:] if sign.isalnum() or sign in ".!?？؟;"]
    return bool(signs) and signs[-1] in "?？؟"


def _named(choice: str, shown: str) -> bool:
    """Whether ``choice`` is a part of ``shown``, and not of a word: "no" is not named by "know"."""
    beginning, rest = choice[:BEGINNING], choice[BEGINNING:]
    if beginning not in shown:
        return False
    parts = shown.split(beginning)
    for before, after in pairwise(parts):
        apart = not (before[-1:].isalnum() and choice[0].isalnum())
        behind = after[len(rest) : len(rest) + 1]
        if apart and after.startswith(rest) and not (behind.isalnum() and choice[-1].isalnum()):
            return True
    return False


def _form(activity: dict[str, Any]) -> TextFormat:
    form = activity.get("textFormat")
    return _FORMATS.get(form.strip().lower(), "markdown") if isinstance(form, str) else "markdown"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
