"""Words that a recogniser should expect for a kind of answer, by language: few, since each one weighs on the others."""

from __future__ import annotations

EXPECTED: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "yesno": ("yes", "no", "correct", "wrong", "that's right"),
        "digits": ("zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "double",
                   "triple"),
    },
    "de": {
        "yesno": ("ja", "nein", "richtig", "falsch", "genau"),
        "digits": ("null", "eins", "zwei", "zwo", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
    },
    "fr": {
        "yesno": ("oui", "non", "exact", "faux", "c'est ça"),
        "digits": ("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"),
    },
    "es": {
        "yesno": ("sí", "no", "correcto", "claro", "eso es"),
        "digits": ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"),
    },
}  # fmt: skip

SORRY: dict[str, str] = {
    "en": "Sorry, I did not get that.",
    "de": "Entschuldigung, das habe ich nicht verstanden.",
    "fr": "Désolé, je n'ai pas compris.",
    "es": "Perdón, no le he entendido.",
}
"""Said before a question is asked again, where the author wrote nothing for it."""

HOLD: dict[str, str] = {
    "en": "All our agents are busy at the moment. Please hold the line.",
    "de": "Zurzeit sind alle Mitarbeiter im Gespräch. Bitte bleiben Sie am Apparat.",
    "fr": "Tous nos conseillers sont en ligne. Veuillez patienter.",
    "es": "Todos nuestros agentes están ocupados. Por favor, espere en la línea.",
}
"""Said to callers who wait in a queue, where the author wrote nothing for it."""

WAIT: dict[str, str] = {
    "en": "One moment, please.",
    "de": "Einen Moment, bitte.",
    "fr": "Un instant, s'il vous plaît.",
    "es": "Un momento, por favor.",
}
"""Said to callers who wait while somebody else is called, where the author wrote nothing for it."""

CANNOT: dict[str, str] = {
    "en": "I am sorry, I cannot help you any further. Goodbye.",
    "de": "Es tut mir leid, ich kann Ihnen nicht weiterhelfen. Auf Wiederhören.",
    "fr": "Je suis désolé, je ne peux pas vous aider davantage. Au revoir.",
    "es": "Lo siento, no puedo ayudarle más. Adiós.",
}
"""Said before the call is ended, where a dialog has failed and nothing else is left."""


def by_language(table: dict[str, str], locale: str) -> str:
    """The entry for ``locale``'s language; English where there is none."""
    return table.get(locale.partition("-")[0].lower(), table["en"])
