"""German."""

from __future__ import annotations

from typing import Final

from voicebot.turns.languages.turn_words import TurnWords

_BIN_ICH: Final = (
    "bin ich", "möchte ich", "will ich", "kann ich", "habe ich", "hab ich", "werde ich", "würde ich", "weiß ich",
    "mache ich", "brauche ich", "meine ich", "wollte ich", "hätte ich",
)  # fmt: skip

WORDS: Final = TurnWords(
    plain_yes=frozenset(("ja",)),
    listening=(
        "ja", "jaa", "jo", "jep", "jepp", "jawohl", "yeah", "genau", "ganz genau", "richtig", "klar", "na klar",
        "alles klar", "gut", "sehr gut", "na gut", "ist gut", "schön", "super", "prima", "toll", "perfekt",
        "verstehe", "ich verstehe", "verstanden", "ach", "achso", "ach so", "so", "soso", "stimmt", "das stimmt",
        "sicher", "natürlich", "selbstverständlich", "absolut", "logisch", "eben", "interessant", "in ordnung", "passt",
        "das passt", "echt", "wirklich", "ich weiß", "weiß ich", "das weiß ich", "exakt", "korrekt", "bitte", "danke",
        "äh", "ähm", "öh", "ehm", "tja", "na ja", "naja", "gelächter", "lacht", "alles gut", "schon gut", "gern",
        "gerne", "kein problem", "kein ding", "kein thema", "kein stress", "keine ursache", "keine sorge",
        "nicht schlecht", "ach ja", "ach was", "freut mich", "vielen dank", "danke schön", "danke sehr", "schon klar",
        "mach ich", "machen wir", "gut zu wissen",
    ),
    praise=(
        "gut", "schön", "super", "prima", "toll", "perfekt", "klasse", "interessant", "wunderbar", "ausgezeichnet",
        "spitze", "okay", "in ordnung",
    ),
    praising=(
        "", "das ist", "das ist ja", "ist ja", "ist", "sehr", "das ist sehr", "das klingt", "klingt", "ganz", "echt",
        "na",
    ),
    interrupting=(
        "stopp", "stop", "halt", "warte", "warten sie", "moment", "momentchen", "einen moment", "ein moment",
        "augenblick", "einen augenblick", "sekunde", "eine sekunde", "entschuldigung", "verzeihung", "wie bitte",
        "bitte was", "was", "wiederholen", "wiederholen sie", "noch mal", "nochmal", "noch einmal", "langsamer",
        "hilfe", "mitarbeiter", "einen mitarbeiter", "berater", "einen berater", "agent", "mensch", "einen menschen",
        "nein", "nee", "nö", "abbrechen", "zurück", "hauptmenü", "von vorne", "hallo", "ruhe", "genug",
    ),
    open_ends=(
        "der", "die", "den", "dem", "des", "ein", "eine", "einen", "einem", "einer", "mein", "meine", "meinen",
        "meinem", "meiner", "unser", "unsere", "und", "oder", "aber", "weil", "dass", "wenn", "ob", "für", "mit", "von",
        "vom", "zum", "zur", "nach", "bei", "beim", "in", "im", "am", "ins", "über", "zwischen", "ist", "sind", "ich",
        "ich möchte", "ich will", "ich brauche", "ich hätte", "ich hätte gern", "ich hätte gerne", "ich bin",
        "ich habe", "ich würde", "kann ich", "können sie", "sehr", "doppel", "äh", "ähm", "öh", "ehm", "also",
    ),
    closed_ends=(
        *(f"{ja} {bin_ich}" for ja in ("ja", "das", "doch") for bin_ich in _BIN_ICH), "glaube ich", "denke ich",
    ),
    asked_verbs=frozenset(("ist", "sind")),
    asked_beginnings=frozenset(("was", "wo", "wann", "wer", "welche", "welcher", "wie", "warum")),
    subjects=frozenset((
        "ich", "wir", "er", "sie", "es", "man", "jemand", "niemand",
    )),
    clauses=(
        "wenn ich", "wenn man", "wenn sie", "wenn mein", "wenn meine", "als ich", "nachdem ich", "bevor ich",
        "da ich", "da mein", "da meine", "obwohl ich", "obwohl mein", "obwohl meine", "während ich", "sobald ich",
        "seit ich", "falls ich", "falls mein", "falls meine",
    ),
    yes=frozenset(("ja", "jawohl", "yes", "yeah", "yep")),
    no=frozenset((
        "nein", "nee", "ne", "nö", "no", "nope", "nicht", "nichts", "nie", "niemals", "falsch", "verkehrt", "kein",
        "keine", "keinen", "keineswegs", "keinesfalls", "verzichte", "negativ",
    )),
    unsure=frozenset(("weiß", "ahnung", "sicher")),
    closing=(
        "das ist alles", "das war's", "das wars", "das war alles", "mehr nicht", "sonst nichts", "nichts weiter",
        "das ist meine", "das ist meine nummer", "das bin ich", "kein problem", "warum nicht", "im moment", "so ist es",
        "das ist es", "ich bin sicher",
    ),
    regrets=("tut mir leid", "leider"),
    still_there="Sind Sie noch da? Ich konnte Sie einen Moment lang nicht hören.",
)  # fmt: skip
