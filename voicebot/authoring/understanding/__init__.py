"""What a caller's words mean: yes and no, digits, numbers, money, dates, times, spelled letters, addresses, options.

Pure functions of the text that a recogniser gives. What is particular to a language is in its data file (``en.yaml``,
``de.yaml`` ...); the code knows none. No text raises, time is linear in its length, and no more than
:data:`~voicebot.authoring.understanding.tokens.MAX_TEXT` characters are read. Where it is not clear what is meant the
answer is None: better ask again than take the wrong one.
"""

from voicebot.authoring.understanding.likeness import NEAR
from voicebot.authoring.understanding.patterns import MAX_FORM, Pattern, PatternError, pattern_of
from voicebot.authoring.understanding.phone_numbers import countries, phone_lengths
from voicebot.authoring.understanding.reader import Understanding, for_language
from voicebot.authoring.understanding.vocabulary import UnknownLanguage, languages

__all__ = [
    "MAX_FORM",
    "NEAR",
    "Pattern",
    "PatternError",
    "Understanding",
    "UnknownLanguage",
    "countries",
    "for_language",
    "languages",
    "pattern_of",
    "phone_lengths",
]
