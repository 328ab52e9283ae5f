"""French."""

from __future__ import annotations

from typing import Final

from voicebot.turns.languages.turn_words import TurnWords

WORDS: Final = TurnWords(
    plain_yes=frozenset(("oui",)),
    listening=(
        "oui", "ouais", "ouaip", "si", "mais oui", "ben oui", "d'accord", "d'acc", "bien", "très bien", "bon",
        "bien sûr", "mais bien sûr", "je vois", "je comprends", "compris", "j'ai compris", "entendu", "bien entendu",
        "c'est ça", "c'est vrai", "c'est bon", "c'est clair", "exact", "exactement", "tout à fait", "voilà", "super",
        "parfait", "impeccable", "merci", "s'il vous plaît", "je sais", "je le sais", "vraiment", "intéressant",
        "ça marche", "ça roule", "ça me va", "ça va", "effectivement", "en effet", "absolument", "évidemment", "euh",
        "heu", "hum", "ben", "bah", "hé", "hi", "ho", "rires", "rire", "pas de problème", "pas de souci",
        "pas de soucis", "pas mal", "aucun problème", "aucun souci", "il n'y a pas de problème",
        "il n'y a pas de souci", "y a pas de problème", "y a pas de souci", "noté", "c'est noté", "bien noté",
        "merci beaucoup", "merci bien", "tant mieux", "ah bon", "tiens", "volontiers", "oh là là", "de rien",
    ),
    praise=("bien", "bon", "super", "parfait", "génial", "intéressant", "excellent", "formidable", "chouette", "cool"),
    praising=("", "très", "c'est", "c'est très", "ça c'est", "trop"),
    interrupting=(
        "stop", "arrêtez", "arrête", "attendez", "attends", "un instant", "un moment", "une seconde", "une minute",
        "pardon", "excusez moi", "comment", "quoi", "répétez", "répète", "répéter", "encore", "encore une fois",
        "plus lentement", "moins vite", "aide", "de l'aide", "agent", "un agent", "conseiller", "un conseiller",
        "une conseillère", "opérateur", "un opérateur", "une personne", "un humain", "non", "nan", "annuler",
        "annulez", "assez", "allô", "menu principal", "retour", "ça suffit",
    ),
    open_ends=(
        "le", "la", "les", "l", "un", "une", "des", "du", "de", "d", "et", "ou", "mais", "parce que", "que", "mon",
        "ma", "mes", "notre", "nos", "à", "au", "aux", "en", "dans", "pour", "avec", "sans", "sur", "par", "chez",
        "entre", "est", "sont", "je", "j", "je suis", "je voudrais", "je veux", "j'aimerais", "je souhaite",
        "j'ai besoin", "pouvez vous", "est ce que", "très", "double", "euh", "heu", "ben", "bah",
    ),
    closed_ends=("l est",),
    subjects=frozenset((
        "je", "j", "nous", "on", "il", "elle", "ils", "elles", "vous", "quelqu", "personne",
    )),
    clauses=(
        "quand je", "quand j'ai", "quand mon", "quand ma", "si je", "si j'ai", "si mon", "si ma", "comme je",
        "comme j'ai", "comme mon", "comme ma", "depuis que", "après que", "avant que", "bien que", "dès que",
        "chaque fois que", "puisque je", "lorsque je", "lorsque j'ai", "alors que je",
    ),
    yes=frozenset(("oui", "ouais", "si")),
    no=frozenset((
        "non", "nan", "no", "ne", "pas", "jamais", "faux", "fausse", "inexact", "incorrect", "incorrecte", "trompez",
        "négatif", "erreur", "mauvais", "mal",
    )),
    unsure=frozenset(("sais", "sûr", "sûre", "idée", "bonjour")),
    closing=(
        "c'est tout", "rien d'autre", "ce sera tout", "c'est mon numéro", "c'est moi", "pas de problème",
        "pourquoi pas", "pour l'instant", "pour le moment", "j'en suis sûr", "j'en suis sûre", "monsieur", "madame",
    ),
    regrets=("désolé", "désolée", "je suis désolé", "je suis désolée"),
    still_there="Vous êtes toujours là ? Je ne vous ai pas entendu pendant un instant.",
)  # fmt: skip
