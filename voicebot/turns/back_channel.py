"""What callers say only to show that they listen ("mm-hmm", "I see"), and what they say to interrupt. Pure.

The call process has no vocabulary of a language but small tables such as these. Of a language that is not here, only
sounds that are the same everywhere are known.
"""

from __future__ import annotations

import re
from functools import lru_cache

from voicebot.turns.words import Phrases, in_language, words

MOST_WORDS = 12
"""Who says more than this does not only listen."""

_EVERYWHERE = (
    "mhm", "mhmm", "mmhm", "mmhmm", "hm", "hmm", "mm", "mmm", "m hm", "m hmm", "mm hm", "mm hmm", "mmm hmm", "hmhm",
    "um hum", "umhum", "um hmm", "uh huh", "uhhuh", "uh hum", "ah", "aha", "ah ha", "oh", "ooh", "aw", "aww", "ha",
    "heh", "ahem",
    "okay", "ok",
    "o k", "okey", "mkay", "m kay", "okey dokey", "okie dokie", "uh", "um", "uhm", "umm", "eh", "er", "erm",
)  # fmt: skip
_LAUGH = re.compile(r"a?(?:[hj][aei]){2,}h?")

_PRAISE = {
    "en": (
        ("", "that's", "that is", "it's", "very", "so", "really", "pretty", "sounds", "that sounds", "looks", "all",
         "that's very", "that's really", "that's so"),
        (
            "good", "great", "nice", "fine", "cool", "perfect", "lovely", "wonderful", "excellent", "awesome",
            "amazing",
            "brilliant", "fantastic", "terrific", "super", "neat", "true", "interesting", "okay", "funny",
        ),
    ),
    "de": (
        ("", "das ist", "das ist ja", "ist ja", "ist", "sehr", "das ist sehr", "das klingt", "klingt", "ganz", "echt",
         "na"),
        ("gut", "schön", "super", "prima", "toll", "perfekt", "klasse", "interessant", "wunderbar", "ausgezeichnet",
        "spitze"),
    ),
    "es": (
        ("", "qué", "muy", "está", "está muy", "es", "eso es", "suena"),
        ("bien", "bueno", "genial", "perfecto", "estupendo", "interesante", "excelente", "fantástico", "bonito"),
    ),
    "fr": (
        ("", "très", "c'est", "c'est très", "ça c'est", "trop"),
        ("bien", "bon", "super", "parfait", "génial", "intéressant", "excellent", "formidable", "chouette", "cool"),
    ),
}  # fmt: skip
"""What those say who like what they hear: either with any of the others behind it."""

_LISTENING = {
    "en": (
        "yes", "yeah", "yea", "yep", "yup", "ya", "right", "sure", "sure thing", "i see", "got it", "i got it",
        "gotcha", "got you", "all right", "alright", "good", "very good", "great", "nice", "fine", "that's fine",
        "cool", "perfect", "lovely", "wonderful", "excellent", "exactly", "absolutely", "definitely", "true",
        "correct", "that's right", "that's true", "that's correct", "really", "wow", "interesting", "understood",
        "i understand", "i know", "i hear you", "of course", "makes sense", "that makes sense", "sounds good",
        "very well", "go on", "go ahead", "please", "thanks", "thank you", "laughter", "laughs", "laughing", "alrighty",
        "then", "no problem", "no worries", "not a problem", "fair enough", "good to know", "is that so",
        "is that right",
        "you don't say", "indeed", "for sure", "totally", "very much", "so much", "a lot", "righto", "roger",
        "no kidding",
        "well then", "oh my", "my goodness", "goodness", "there you go", "here we go", "that works", "well", "noted",
        "duly noted", "will do", "my god", "oh my god", "gosh", "dear", "oh dear", "i know that", "bless you",
    ),
    "de": (
        "ja", "jaa", "jo", "jep", "jepp", "jawohl", "yeah", "genau", "ganz genau", "richtig", "klar", "na klar",
        "alles klar", "gut", "sehr gut", "na gut", "ist gut", "schön", "super", "prima", "toll", "perfekt",
        "verstehe", "ich verstehe", "verstanden", "ach", "achso", "ach so", "so", "stimmt", "das stimmt", "sicher",
        "natürlich", "interessant", "in ordnung", "passt", "das passt", "echt", "wirklich", "ich weiß", "weiß ich",
        "exakt", "korrekt", "bitte", "danke", "äh", "ähm", "öh", "ehm", "na ja", "naja", "gelächter", "lacht",
        "kein problem", "kein ding", "ach ja",
        "ach was", "freut mich", "vielen dank", "danke schön", "danke sehr", "schon klar",
    ),
    "es": (
        "sí", "si", "ya", "ajá", "aja", "ajam", "ujum", "vale", "claro", "claro que sí", "bien", "bueno", "muy bien",
        "de acuerdo", "entiendo", "entendido", "comprendo", "ya veo", "cierto", "es cierto", "exacto", "exactamente",
        "correcto", "perfecto", "así es", "eso es", "por supuesto", "está bien", "lo sé", "ya sé", "interesante",
        "de veras", "verdad", "genial", "dale", "seguro", "gracias", "por favor", "em", "este", "pues", "risas",
        "sin problema", "no hay problema",
        "ningún problema", "muchas gracias", "no me digas", "anda", "fíjate",
    ),
    "fr": (
        "oui", "ouais", "ouaip", "si", "d'accord", "bien", "très bien", "bon", "bien sûr", "je vois", "je comprends",
        "compris", "j'ai compris", "entendu", "c'est ça", "c'est vrai", "c'est bon", "exact", "exactement",
        "tout à fait", "voilà", "super", "parfait", "merci", "s'il vous plaît", "je sais", "vraiment", "intéressant",
        "ça marche", "effectivement", "en effet", "absolument", "euh", "heu", "hum", "ben", "bah", "rires", "rire",
        "pas de problème", "pas de souci", "aucun problème",
        "ça va", "noté", "c'est noté", "bien noté", "merci beaucoup", "merci bien", "tant mieux", "ah bon", "tiens",
    ),
}  # fmt: skip

_INTERRUPTING = {
    "en": (
        "stop", "wait", "hold on", "hold it", "hang on", "one moment", "one second", "just a moment", "just a second",
        "just a minute", "a moment", "excuse me", "sorry", "i'm sorry", "pardon", "what", "huh", "repeat", "again",
        "say that again", "come again", "can you repeat", "could you repeat", "slow down", "slower", "help", "agent",
        "an agent", "operator", "the operator", "representative", "a representative", "human", "a human", "a person",
        "speak to", "talk to", "no", "nope", "nah", "never mind", "cancel", "enough", "be quiet", "shut up", "skip",
        "go back", "main menu", "start over", "hello", "listen",
    ),
    "de": (
        "stopp", "stop", "halt", "warte", "warten sie", "moment", "momentchen", "einen moment", "ein moment",
        "augenblick", "einen augenblick", "sekunde", "eine sekunde", "entschuldigung", "verzeihung", "wie bitte",
        "bitte was", "was", "wiederholen", "wiederholen sie", "noch mal", "nochmal", "noch einmal", "langsamer",
        "hilfe", "mitarbeiter", "einen mitarbeiter", "berater", "einen berater", "agent", "mensch", "einen menschen",
        "nein", "nee", "nö", "abbrechen", "zurück", "hauptmenü", "von vorne", "hallo", "ruhe", "genug",
    ),
    "es": (
        "pare", "para", "alto", "stop", "basta", "espere", "espera", "espéreme", "aguarde", "aguarda", "un momento",
        "un momentito", "un segundo", "perdón", "perdone", "disculpe", "cómo", "qué", "repita", "repite", "repetir",
        "otra vez", "de nuevo", "más despacio", "más lento", "ayuda", "agente", "un agente", "operador", "operadora",
        "un operador", "una operadora", "una persona", "representante", "no", "cancelar", "cancele", "oiga", "hola",
        "menú principal", "volver",
    ),
    "fr": (
        "stop", "arrêtez", "arrête", "attendez", "attends", "un instant", "un moment", "une seconde", "une minute",
        "pardon", "excusez moi", "comment", "quoi", "répétez", "répète", "répéter", "encore", "encore une fois",
        "plus lentement", "moins vite", "aide", "de l'aide", "agent", "un agent", "conseiller", "un conseiller",
        "une conseillère", "opérateur", "un opérateur", "une personne", "un humain", "non", "nan", "annuler",
        "annulez", "assez", "allô", "menu principal", "retour", "ça suffit",
    ),
}  # fmt: skip

_NOTHING_MORE = Phrases(_EVERYWHERE)
_PRAISING = {
    language: [f"{before} {word}" for before in beginnings for word in praise]
    for language, (beginnings, praise) in _PRAISE.items()
}
_BACK_CHANNEL = {
    language: Phrases((*_EVERYWHERE, *listed, *_PRAISING[language])) for language, listed in _LISTENING.items()
}
_INTERRUPTS = {language: Phrases(listed) for language, listed in _INTERRUPTING.items()}


def only_back_channel(text: str, language: str) -> bool:
    """Whether ``text``, in ``language`` ("en-US"), only shows that the caller listens: no word of it says more."""
    said = words(text)
    if not 0 < len(said) <= MOST_WORDS:
        return False
    return _listening(language).cover([word for word in said if not _LAUGH.fullmatch(word)])


def begins_back_channel(text: str, language: str) -> bool:
    """Whether ``text``, in ``language`` ("en-US"), may become what only shows that the caller listens: "okay, got" of
    "okay, got it"."""
    said = words(text)
    begun = _begun(language)
    return 0 < len(said) <= MOST_WORDS and any(
        tuple(said[end:]) in begun for end in _listening(language).ends(said) if end < len(said)
    )


def interrupts(text: str, language: str) -> bool:
    """Whether ``text``, in ``language`` ("en-US"), begins by interrupting ("stop", "okay, wait", "an agent, please"):
    so it does, whatever is being said and however few words it has."""
    said = words(text)[: 2 * MOST_WORDS]
    wanted = in_language(_INTERRUPTS, language)
    if wanted is None or only_back_channel(text, language):  # "uh-huh", and "huh?"
        return False
    return any(wanted.at(said, index) for index in _listening(language).ends(said) if index < len(said))


@lru_cache(maxsize=16)
def _begun(language: str) -> frozenset[tuple[str, ...]]:
    return _listening(language).beginnings()


def _listening(language: str) -> Phrases:
    return in_language(_BACK_CHANNEL, language) or _NOTHING_MORE
