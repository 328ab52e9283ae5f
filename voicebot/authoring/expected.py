"""By language: what a recogniser should expect for a kind of answer, and what is said by default."""

from __future__ import annotations

_ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_GERMAN = ("null", "eins", "zwei", "zwo", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
_FRENCH = ("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf")
_SPANISH = ("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve")

_ENGLISH_LETTERS = (
    "alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima",
    "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey",
    "x-ray", "yankee", "zulu",
)  # fmt: skip
_GERMAN_LETTERS = (
    "Anton", "Berta", "Cäsar", "Dora", "Emil", "Friedrich", "Gustav", "Heinrich", "Ida", "Julius", "Kaufmann",
    "Ludwig", "Martha", "Nordpol", "Otto", "Paula", "Quelle", "Richard", "Samuel", "Theodor", "Ulrich", "Viktor",
    "Wilhelm", "Xanthippe", "Ypsilon", "Zacharias",
)  # fmt: skip
_FRENCH_LETTERS = (
    "Anatole", "Berthe", "Célestin", "Désiré", "Eugène", "François", "Gaston", "Henri", "Irma", "Joseph", "Kléber",
    "Louis", "Marcel", "Nicolas", "Oscar", "Pierre", "Quintal", "Raoul", "Suzanne", "Thérèse", "Ursule", "Victor",
    "William", "Xavier", "Yvonne", "Zoé",
)  # fmt: skip
_SPANISH_LETTERS = (
    "Antonio", "Barcelona", "Carmen", "Dolores", "Enrique", "Francia", "Gerona", "Historia", "Inés", "José", "Kilo",
    "Lorenzo", "Madrid", "Navarra", "Oviedo", "París", "Querido", "Ramón", "Sábado", "Toledo", "Ulises", "Valencia",
    "Washington", "Xilófono", "Yegua", "Zaragoza",
)  # fmt: skip

EXPECTED: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "email": ("at", "dot", "dash", "underscore", "gmail.com"),
        "yesno": ("yes", "no", "correct", "wrong", "that's right", "sure"),
        "digits": (*_ENGLISH, "oh", "double", "triple"),
        "numbers": _ENGLISH,
        "duration": (*_ENGLISH, "night", "nights", "day", "days", "week", "weeks", "hour", "hours", "minutes"),
        "spelled": _ENGLISH_LETTERS,
    },
    "de": {
        "email": ("ät", "Punkt", "Bindestrich", "Unterstrich"),
        "yesno": ("ja", "nein", "richtig", "falsch", "genau"),
        "digits": _GERMAN,
        "numbers": _GERMAN,
        "duration": (*_GERMAN, "Nacht", "Nächte", "Tag", "Tage", "Woche", "Wochen", "Stunden", "Minuten"),
        "spelled": _GERMAN_LETTERS,
    },
    "fr": {
        "email": ("arobase", "point", "tiret", "tiret bas"),
        "yesno": ("oui", "non", "exact", "faux", "c'est ça"),
        "digits": _FRENCH,
        "numbers": _FRENCH,
        "duration": (*_FRENCH, "nuit", "nuits", "jour", "jours", "semaine", "semaines", "heures", "minutes"),
        "spelled": _FRENCH_LETTERS,
    },
    "es": {
        "email": ("arroba", "punto", "guion", "guion bajo"),
        "yesno": ("sí", "no", "correcto", "claro", "eso es"),
        "digits": _SPANISH,
        "numbers": _SPANISH,
        "duration": (*_SPANISH, "noche", "noches", "día", "días", "semana", "semanas", "horas", "minutos"),
        "spelled": _SPANISH_LETTERS,
    },
}  # fmt: skip
"""Only a few words for each kind, since every word makes all others less likely."""

USUAL: dict[str, dict[str, str]] = {
    # before a question is asked again
    "sorry": {
        "en": "Sorry, I did not get that.",
        "de": "Entschuldigung, das habe ich nicht verstanden.",
        "fr": "Désolé, je n'ai pas compris.",
        "es": "Perdón, no le he entendido.",
    },
    # to callers who ask for a moment
    "take_your_time": {
        "en": "Of course, take your time.",
        "de": "Natürlich, lassen Sie sich Zeit.",
        "fr": "Bien sûr, prenez votre temps.",
        "es": "Claro, tómese su tiempo.",
    },
    # to those who still say nothing then, before the question is asked again
    "still_here": {
        "en": "I am still here.",
        "de": "Ich bin noch da.",
        "fr": "Je suis toujours là.",
        "es": "Sigo aquí.",
    },
    # to callers who named several days, such as next week, before the question is asked again
    "which_day": {
        "en": "Please tell me the exact day.",
        "de": "Bitte nennen Sie mir den genauen Tag.",
        "fr": "Veuillez m'indiquer le jour exact.",
        "es": "Por favor, dígame el día exacto.",
    },
    # to callers who named a time that may be in either half of the day
    "which_half": {
        "en": "In the morning, or in the afternoon?",
        "de": "Vormittags oder nachmittags?",
        "fr": "Le matin ou l'après-midi ?",
        "es": "¿Por la mañana o por la tarde?",
    },
    # to callers who named a sum that may have cents or not
    "which_amount": {
        "en": "Please say the currency with the amount, as in ten dollars and fifty cents.",
        "de": "Bitte nennen Sie den Betrag mit der Währung, zum Beispiel zehn Euro und fünfzig Cent.",
        "fr": "Veuillez dire le montant avec la devise, par exemple dix euros et cinquante centimes.",
        "es": "Por favor, diga el importe con la moneda, por ejemplo diez euros con cincuenta céntimos.",
    },
    # to callers whose answer was hard to understand: an option, or digits
    "did_you_say": {
        "en": "Did you say {understood}?",
        "de": "Haben Sie {understood} gesagt?",
        "fr": "Avez-vous dit {understood} ?",
        "es": "¿Ha dicho {understood}?",
    },
    "is_that_right": {
        "en": "I heard {understood|digits}. Is that right?",
        "de": "Ich habe {understood|digits} verstanden. Ist das richtig?",
        "fr": "J'ai compris {understood|digits}. Est-ce exact ?",
        "es": "He entendido {understood|digits}. ¿Es correcto?",
    },
    # to callers who wait in a queue
    "hold": {
        "en": "All our agents are busy at the moment. Please hold the line.",
        "de": "Zurzeit sind alle Mitarbeiter im Gespräch. Bitte bleiben Sie am Apparat.",
        "fr": "Tous nos conseillers sont en ligne. Veuillez patienter.",
        "es": "Todos nuestros agentes están ocupados. Por favor, espere en la línea.",
    },
    # to callers who wait while somebody else is called
    "wait": {
        "en": "One moment, please.",
        "de": "Einen Moment, bitte.",
        "fr": "Un instant, s'il vous plaît.",
        "es": "Un momento, por favor.",
    },
    # to callers who ask for an agent where there is none, before the question is asked again
    "no_agent": {
        "en": "I am sorry, there is nobody here I can connect you to.",
        "de": "Es tut mir leid, ich kann Sie hier mit niemandem verbinden.",
        "fr": "Je suis désolé, je ne peux vous passer personne ici.",
        "es": "Lo siento, aquí no puedo pasarle con nadie.",
    },
    # to callers who want to begin again where there is no way back, before the question is asked again
    "no_menu": {
        "en": "I am sorry, I cannot go back from here.",
        "de": "Es tut mir leid, von hier aus kann ich nicht zurückgehen.",
        "fr": "Je suis désolé, je ne peux pas revenir en arrière.",
        "es": "Lo siento, desde aquí no puedo volver atrás.",
    },
    # before callers are transferred where the settings say
    "transfer": {
        "en": "One moment, I will connect you.",
        "de": "Einen Moment, ich verbinde Sie.",
        "fr": "Un instant, je vous mets en relation.",
        "es": "Un momento, le paso la llamada.",
    },
    # before the call is ended, where a dialog has failed and nothing else is left
    "cannot": {
        "en": "I am sorry, I cannot help you any further. Goodbye.",
        "de": "Es tut mir leid, ich kann Ihnen nicht weiterhelfen. Auf Wiederhören.",
        "fr": "Je suis désolé, je ne peux pas vous aider davantage. Au revoir.",
        "es": "Lo siento, no puedo ayudarle más. Adiós.",
    },
}
"""What is said where the author of a dialog wrote nothing for it."""


def by_language(table: dict[str, str], locale: str) -> str:
    """The entry for ``locale``'s language; English where there is none."""
    return table.get(locale.partition("-")[0].lower(), table["en"])
