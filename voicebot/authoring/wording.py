"""Prompts, compiled for one language: the text for the eye, and the words (or SSML) for the ear."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from voicebot.authoring.addresses import AddressRefused, fill_address
from voicebot.authoring.expressions import Scope
from voicebot.authoring.model import BargeIn, Prompt
from voicebot.authoring.sounds import is_remote
from voicebot.authoring.speaking import plainly, spoken, written
from voicebot.authoring.template import Formatter, Labels, Template, compile_template

logger = logging.getLogger(__name__)

SLOWER = "-25%"
"""How much slower prompts are spoken for callers who asked for it."""


@dataclass(frozen=True, slots=True)
class Words:
    """A prompt in one language. ``voice``: its own, or its file's; ``""`` for that of the settings."""

    text: Template
    ssml: Template | None
    audio: Template | str | None
    """An address, or a file of this machine (as a ``file:`` URI)."""
    voice: str
    barge_in: BargeIn | None
    read: Formatter
    aloud: Formatter
    own: frozenset[str] = frozenset()
    """The names whose values are the author's."""
    labels: Labels = field(default_factory=dict)

    def rendered(self, scope: Scope, slow: bool = False) -> tuple[str, str]:
        """What is shown and what is spoken."""
        text = self.text.fill(scope, self.read, self.labels)
        if self.ssml is not None:
            inner = _inner(self.ssml.fill(scope, lambda value, kind: escape(self.aloud(value, kind)), self.labels))
        else:
            words = self.text.fill(scope, self.aloud, self.labels)
            if not (self.voice or slow or "<" in words):  # a value with tags in it is no SSML
                return text, words
            inner = escape(words)
        if slow:
            inner = f'<prosody rate="{SLOWER}">{inner}</prosody>'
        if self.voice:
            inner = f"<voice name={quoteattr(self.voice)}>{inner}</voice>"
        return text, f"<speak>{inner}</speak>"

    def sound(self, scope: Scope) -> str:
        """The address of the audio that is played instead; ``""`` for none, and for one that a caller would choose."""
        if isinstance(self.audio, Template):
            try:
                return fill_address(self.audio, scope, self.read, self.own)
            except AddressRefused as error:
                logger.warning("not played: %s", error)
                return ""
        return self.audio or ""

    @property
    def names(self) -> set[str]:
        """The variables in it."""
        templates = [part for part in (self.text, self.ssml, self.audio) if isinstance(part, Template)]
        return {name for part in templates for gap in part.gaps for name in gap.names}


def words(
    prompt: Prompt,
    voice: str,
    locale: str,
    file: Path | None = None,
    own: frozenset[str] = frozenset(),
    labels: Labels = MappingProxyType({}),
) -> Words:
    """``prompt`` of a dialog's ``file`` made ready; ``own``: the names whose values are the author's; ``labels``: of
    the options that variables hold.

    Raises :class:`~voicebot.authoring.expressions.ExpressionError`.
    """
    return Words(
        compile_template(prompt.text),
        compile_template(prompt.ssml) if prompt.ssml else None,
        _audio(prompt.audio, file) if prompt.audio else None,
        prompt.voice or voice,
        prompt.barge_in,
        formatter(written, locale),
        formatter(spoken, locale),
        own,
        labels,
    )


def _audio(audio: str, file: Path | None) -> Template | str:
    if is_remote(audio) or file is None:
        return compile_template(audio)
    return (file.resolve().parent / audio).resolve().as_uri()


def formatter(say: Callable[[Any, str, str], str], locale: str) -> Formatter:
    """``say`` for one language; a value that is not of the kind asked for is said plainly."""

    def in_locale(value: Any, kind: str) -> str:
        if value is None:
            return ""
        try:
            return say(value, kind, locale)
        except (ValueError, TypeError, ArithmeticError, LookupError):
            return plainly(value, locale)

    return in_locale


def _inner(ssml: str) -> str:
    """The content of ``<speak>``, if the author wrote that element."""
    text = ssml.strip()
    if text.startswith("<speak") and text.endswith("</speak>"):
        return text[text.index(">") + 1 : -len("</speak>")]
    return text
