"""Cards as speech, for somebody who cannot see them. Pure, bounded, never raises.

A card's own ``speak`` comes first. Without it, a hero, thumbnail, receipt or other classic card gives its title, texts,
facts, items and sums, an Adaptive Card what its elements say (``card_elements.py``), else its ``fallbackText``. Buttons
that send an answer are choices; those that open a page, sign in or download are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voicebot.bots.card_elements import MAX_ELEMENTS, CardElements, CardText, dicts, fact_line, offered, plain
from voicebot.bots.languages import language_tag, our_words
from voicebot.bots.spoken import MAX_TEXT, spoken
from voicebot.speech_markup import fit_for_speech, words

MAX_ALL_ELEMENTS = 360
"""Of all cards of a message, which share them equally."""
LEAST = 20
"""Characters that a text of a card counts as, however short it is."""
MAX_CARDS = 12
MAX_CHOICES = 12
MAX_OWN_SPEECH = 10_000
"""Characters of what the cards of a message want spoken, all together."""

_NO_WORDS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class SpokenCard:
    """``speak``: plain, or SSML. ``locale``: ``""``: that of the message. ``fault``: why what was meant as SSML is
    spoken as its words."""

    speak: str
    locale: str
    fault: str = ""


class CardReader:
    """Reads the cards of one message, which share what is looked at. ``said``: the words that come before them, by
    :func:`key`.

    ``choices``: what the cards that were read offer. ``cut_short``: there was more than is said.
    """

    def __init__(self, attachments: Sequence[Any], said: str = "", locale: str = "") -> None:
        self._contents = [content for content in map(_content, attachments[:MAX_CARDS]) if content]
        self._said = f" {said} " if said else ""
        self._locale = locale
        self._room = MAX_TEXT
        self._own_room = MAX_OWN_SPEECH
        self._most = min(MAX_ELEMENTS, MAX_ALL_ELEMENTS // max(len(self._contents), 1))
        self.choices: list[str] = []
        self.cut_short = len(attachments) > MAX_CARDS

    def cards(self, *, only_own: bool = False) -> list[SpokenCard]:
        """What each card says, without what was said before it. ``only_own``: none but what is written to be spoken."""
        return [card for card in (self._card(content, only_own) for content in self._contents) if card.speak]

    def _card(self, content: dict[str, Any], only_own: bool) -> SpokenCard:
        own = self._own(content)
        if only_own:
            return own or SpokenCard("", "")
        elements = CardElements(self._most)
        if own is None:
            _read_classic(content, elements)
        elements.read(content.get("body"))
        found = [*offered(content.get("buttons")), *offered(content.get("actions")), *elements.choices]
        self.choices += found[:MAX_CHOICES]
        return own or self._written(content, elements)

    def _own(self, content: dict[str, Any]) -> SpokenCard | None:
        """What ``content`` wants spoken; None if it says nothing of that."""
        speak = content.get("speak")
        if not isinstance(speak, str) or not speak.strip():
            return None
        self.cut_short = self.cut_short or len(speak) > self._own_room
        said, fault = fit_for_speech(speak[: self._own_room])
        self._own_room = max(self._own_room - len(speak), 0)
        heard = key(words(said))
        if not heard:
            return None
        return SpokenCard("" if self._was_said(heard) else said, language_tag(content.get("lang")), fault)

    def _written(self, content: dict[str, Any], elements: CardElements) -> SpokenCard:
        locale = language_tag(content.get("lang"))
        _read_receipt(content, elements, locale or self._locale)
        texts = []
        for text, alone in elements.texts or [CardText(plain(content.get("fallbackText")), True)]:
            if self._room <= 0:
                self.cut_short = True
                break
            if not (alone and self._said and self._was_said(key(text))):
                texts.append(text[: self._room])
                self._room -= max(len(text) + 1, LEAST)
        self.cut_short = self.cut_short or elements.cut_short
        part = spoken("\n".join(texts))
        return SpokenCard(part if not part or part[-1] in ".!?:" else f"{part}.", locale)

    def _was_said(self, said: str) -> bool:
        """Whether these words were said before: at least two of them, or all that was said."""
        return bool(said) and (f" {said} " == self._said or (" " in said and f" {said} " in self._said))


def key(text: str) -> str:
    """The words of ``text``, by which a repetition is recognised."""
    return _NO_WORDS.sub(" ", text[:MAX_TEXT].casefold()).strip()


def _read_classic(content: dict[str, Any], elements: CardElements) -> None:
    texts = [plain(content.get(name)) for name in ("title", "subtitle", "text")]
    pictures = [*dicts(content.get("images")), content.get("image")]
    texts += [plain(picture.get("alt")) for picture in pictures if isinstance(picture, dict)]
    elements.texts += [CardText(text, True) for text in texts if text]


def _read_receipt(content: dict[str, Any], elements: CardElements, locale: str) -> None:
    lines = [fact_line(fact.get("key"), fact.get("value")) for fact in dicts(elements.limited(content.get("facts")))]
    lines += map(_item, dicts(elements.limited(content.get("items"))))
    ours = our_words(locale)
    for name, said in (("tax", ours.tax), ("vat", ours.vat), ("total", ours.total)):
        if amount := plain(content.get(name)):
            lines.append(f"{said}: {amount}")
    elements.texts += [CardText(line, False) for line in lines if line]


def _item(item: dict[str, Any]) -> str:
    """A line of a receipt."""
    number, title = plain(item.get("quantity")).strip(), plain(item.get("title"))
    named = f"{number} {title}" if number not in ("", "0", "1") else title
    others = [plain(item.get(name)) for name in ("subtitle", "text", "price")]
    return ", ".join(filter(None, (named, *others)))


def _content(attachment: Any) -> dict[str, Any]:
    content = attachment.get("content") if isinstance(attachment, dict) else None
    return content if isinstance(content, dict) else {}
