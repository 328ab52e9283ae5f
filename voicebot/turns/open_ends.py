"""Whether what was said visibly goes on: its last word wants another one ("my number is", "to the", "and um"). Pure."""

from __future__ import annotations

from collections.abc import Sequence

from voicebot.turns.words import Phrases, in_language, words

_OPEN = {
    "en": (
        "the", "a", "an", "and", "or", "but", "because", "if", "than", "between", "my", "your", "his", "her", "our",
        "their", "to", "of", "for", "from", "with", "at", "by", "into", "about", "is", "are", "was", "i", "i'm", "i'd",
        "i'll", "i've", "it's", "i want", "i need", "i would like", "i'd like", "i was", "can i", "could i", "can you",
        "could you", "would you", "very", "double", "triple", "um", "uh", "er", "erm", "uhm", "umm", "let me see",
        "let's see",
    ),
    "de": (
        "der", "die", "den", "dem", "des", "ein", "eine", "einen", "einem", "einer", "mein", "meine", "meinen",
        "meinem", "meiner", "unser", "unsere", "und", "oder", "aber", "weil", "dass", "wenn", "ob", "für", "mit", "von",
        "vom", "zum", "zur", "nach", "bei", "beim", "in", "im", "am", "ins", "über", "zwischen", "ist", "sind", "ich",
        "ich möchte", "ich will", "ich brauche", "ich hätte", "ich hätte gern", "ich hätte gerne", "ich bin",
        "ich habe", "ich würde", "kann ich", "können sie", "sehr", "doppel", "äh", "ähm", "öh", "ehm", "also",
    ),
    "es": (
        "el", "la", "los", "las", "un", "una", "unos", "unas", "y", "o", "pero", "porque", "que", "mi", "mis", "su",
        "sus", "nuestro", "nuestra", "de", "del", "a", "al", "en", "con", "por", "para", "sin", "sobre", "hasta",
        "desde", "entre", "es", "son", "soy", "yo", "quiero", "quisiera", "querría", "necesito", "me gustaría", "me",
        "puedo", "puede", "podría", "muy", "doble", "eh", "em", "este", "pues", "a ver",
    ),
    "fr": (
        "le", "la", "les", "l", "un", "une", "des", "du", "de", "d", "et", "ou", "mais", "parce que", "que", "mon",
        "ma", "mes", "notre", "nos", "à", "au", "aux", "en", "dans", "pour", "avec", "sans", "sur", "par", "chez",
        "entre", "est", "sont", "je", "j", "je suis", "je voudrais", "je veux", "j'aimerais", "je souhaite",
        "j'ai besoin", "pouvez vous", "est ce que", "très", "double", "euh", "heu", "ben", "bah",
    ),
}  # fmt: skip
_YES = ("yes", "yeah", "yep", "yup", "sure", "think", "guess", "believe", "suppose")
_IT_IS = (
    "it is", "it was", "that is", "that was", "this is", "this was", "there is", "there are", "there was", "he is",
    "he was", "she is", "she was", "i was", "they are", "we are", "you are", "those are",
)  # fmt: skip
_THAN = ("than", "as", "like", "how", "what", "where", "who")
"""Who compares, or asks within a sentence, ends it so: "than he was", "where it is"."""
_JA = ("ja", "das", "doch")
_BIN_ICH = (
    "bin ich", "möchte ich", "will ich", "kann ich", "habe ich", "hab ich", "werde ich", "würde ich", "weiß ich",
    "mache ich", "brauche ich", "meine ich", "wollte ich", "hätte ich",
)  # fmt: skip
_CLOSED = {
    "en": tuple(f"{before} {it_is}" for before in (*_YES, *_THAN) for it_is in _IT_IS),
    "de": (*(f"{ja} {bin_ich}" for ja in _JA for bin_ich in _BIN_ICH), "glaube ich", "denke ich"),
    "es": ("así es", "eso es", "lo es", "lo son", "lo soy", "sí es", "sí son", "sí soy"),
    "fr": ("l est",),
}
"""Short answers, which are whole though their last word usually wants another one."""
_ASKED = {
    "en": (frozenset(("is", "are", "was", "were")), frozenset(("what", "where", "when", "who", "which", "how", "why"))),
    "de": (frozenset(("ist", "sind")), frozenset(("was", "wo", "wann", "wer", "welche", "welcher", "wie", "warum"))),
}
"""Verbs at the end of a question within a sentence, with what such a question begins with: "where my order is"."""
_LONGEST_ASKED = 7
_OPEN_ENDS = {language: Phrases(listed) for language, listed in _OPEN.items()}
_CLOSED_ENDS = {language: Phrases(listed) for language, listed in _CLOSED.items()}
_MARKS = (",", "...", "…")
"""With these, recognisers end what goes on."""


def goes_on(text: str, language: str) -> bool:
    """Whether ``text``, in ``language`` ("en-US"), ends in the midst of a sentence.

    A whole answer may end so ("I'd like to"): what is judged to be one goes on in no case.
    """
    if text.rstrip().endswith(_MARKS):
        return True
    said, known, closed = words(text), in_language(_OPEN_ENDS, language), in_language(_CLOSED_ENDS, language)
    if _ends_a_question(said, language):
        return False
    return known is not None and known.at_end(said) > (0 if closed is None else closed.at_end(said))


def _ends_a_question(said: Sequence[str], language: str) -> bool:
    verbs, beginnings = in_language(_ASKED, language) or (frozenset(), frozenset())
    return bool(said) and said[-1] in verbs and not beginnings.isdisjoint(said[-_LONGEST_ASKED:-2])
