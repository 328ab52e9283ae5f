"""Spanish."""

from __future__ import annotations

from typing import Final

from voicebot.turns.languages.turn_words import TurnWords

WORDS: Final = TurnWords(
    plain_yes=frozenset(("sí", "si")),
    listening=(
        "sí", "si", "ya", "ajá", "aja", "ajam", "ujum", "vale", "claro", "claro que sí", "bien", "bueno", "muy bien",
        "de acuerdo", "entiendo", "entendido", "comprendo", "ya veo", "cierto", "es cierto", "exacto", "exactamente",
        "correcto", "perfecto", "así es", "eso es", "por supuesto", "cómo no", "está bien", "lo sé", "ya sé",
        "ya lo sé", "interesante", "de veras", "en serio", "verdad", "es verdad", "genial", "dale", "listo", "seguro",
        "gracias", "por favor", "em", "este", "pues", "risas", "ja", "je", "sin problema", "sin problemas",
        "no hay problema", "no hay ningún problema", "no pasa nada", "no se preocupe", "ningún problema",
        "muchas gracias", "de nada", "no me digas", "anda", "vaya", "mira", "fíjate", "tranquilo", "tranquila", "órale",
    "ándale", ),
    praise=(
        "bien", "bueno", "genial", "perfecto", "estupendo", "interesante", "excelente", "fantástico", "bonito",
        "maravilla", "alegría",
    ),
    praising=("", "qué", "muy", "está", "está muy", "es", "eso es", "suena", "pues qué", "ay qué"),
    interrupting=(
        "pare", "para", "alto", "stop", "basta", "espere", "espera", "espéreme", "aguarde", "aguarda", "un momento",
        "un momentito", "un segundo", "perdón", "perdone", "disculpe", "cómo", "qué", "repita", "repite", "repetir",
        "otra vez", "de nuevo", "más despacio", "más lento", "ayuda", "agente", "un agente", "operador", "operadora",
        "un operador", "una operadora", "una persona", "representante", "no", "cancelar", "cancele", "oiga", "hola",
        "menú principal", "volver",
    ),
    open_ends=(
        "el", "la", "los", "las", "un", "una", "unos", "unas", "y", "o", "pero", "porque", "que", "mi", "mis", "su",
        "sus", "nuestro", "nuestra", "de", "del", "a", "al", "en", "con", "por", "para", "sin", "sobre", "hasta",
        "desde", "entre", "es", "son", "soy", "yo", "quiero", "quisiera", "querría", "necesito", "me gustaría", "me",
        "puedo", "puede", "podría", "muy", "doble", "eh", "em", "este", "pues", "a ver",
    ),
    closed_ends=("así es", "eso es", "lo es", "lo son", "lo soy", "sí es", "sí son", "sí soy"),
    subjects=frozenset((
        "yo", "nosotros", "él", "ella", "ellos", "ellas", "usted", "me", "se", "nos", "he", "hemos", "alguien", "nadie",
    )),
    clauses=(
        "cuando", "aunque", "mientras", "si yo", "si mi", "si me", "como mi", "después de que", "antes de que",
        "desde que", "en cuanto", "cada vez que",
    ),
    yes=frozenset(("sí", "si")),
    no=frozenset((
        "no", "nada", "nunca", "jamás", "tampoco", "mal", "incorrecto", "incorrecta", "falso", "equivoca",
        "equivocado", "absoluto", "negativo", "hablar", "va", "error", "ninguna",
    )),
    unsure=frozenset(("sé", "seguro", "segura", "idea")),
    closing=(
        "eso es todo", "es todo", "nada más", "ese es", "esa es", "ese es mi número", "soy yo", "sin problema",
        "por qué no", "no hay problema", "por ahora", "de momento", "estoy seguro", "estoy segura", "señor", "señora",
    ),
    regrets=("lo siento",),
    still_there="¿Sigue ahí? Por un momento no he podido oírle.",
)  # fmt: skip
