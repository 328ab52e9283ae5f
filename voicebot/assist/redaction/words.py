"""The words by which redaction knows numbers and what they are, in the languages that it reads.

Who adds a language writes a :class:`Words` and a line in :data:`LANGUAGES`. All words are folded: lower case, without
accents. A phrase is words with spaces between.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final


@dataclass(frozen=True, eq=False, slots=True)
class Words:
    """Of one language. ``units``: 0 to 9; ``teens``: 10 to 19; ``tens``: 20, 30 ... with their value.

    ``zero_letters`` are zeros beside another digit; ``sounds_like``: words that a recogniser writes for digits, which
    count only between digits. ``joiners``: between tens and units, ``hundred_joiners``: after hundreds. ``tens_then_unit``:
    a unit may follow without a joiner; ``unit_first``: it stands before its ten. ``compound``: reads numbers that are one
    word. ``tens_take_teens``: tens that go on to nineteen.
    ``times``: how often the digit is said that follows. ``fillers`` say nothing and do not end a number.

    ``card``, ``code``, ``account``, ``phone``, ``email``, ``name``: phrases that say what the next number, address or
    name is; ``name_weak``: the same, if it is written like one; ``name_asked``: by which one is asked for. ``other``: numbers that are neither of these. ``at``, ``dot``, ``signs``: parts of an address as they are
    spoken.
    """

    units: Mapping[str, int]
    teens: Mapping[str, int]
    tens: Mapping[str, int]
    hundred: frozenset[str]
    thousand: frozenset[str]
    card: frozenset[str]
    code: frozenset[str]
    account: frozenset[str]
    phone: frozenset[str]
    other: frozenset[str]
    email: frozenset[str]
    name: frozenset[str]
    name_weak: frozenset[str]
    name_asked: frozenset[str]
    at: frozenset[str]
    dot: frozenset[str]
    signs: frozenset[str]
    is_: frozenset[str]
    fillers: frozenset[str]
    zero_letters: frozenset[str] = frozenset()
    hundreds: Mapping[str, int] = field(default_factory=dict)
    sounds_like: Mapping[str, int] = field(default_factory=dict)
    joiners: frozenset[str] = frozenset()
    hundred_joiners: frozenset[str] = frozenset()
    tens_then_unit: bool = False
    unit_first: bool = False
    compound: Callable[[str], int | None] = lambda _word: None
    tens_take_teens: frozenset[int] = frozenset()
    times: Mapping[str, int] = field(default_factory=dict)
    plus: frozenset[str] = frozenset({"plus", "+"})


def folded(word: str) -> str:
    """``word`` without case and accents. One character stays one character."""
    if word.isascii():
        return word.lower()
    return "".join(_fold(character) for character in word)


@cache
def _fold(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character.casefold())[:1] or character
    return "'" if plain in "’ʼ" else plain


def words_of(language: str) -> Words:
    """Those of ``language`` ("de-AT"); English where there are none."""
    return LANGUAGES.get(language[:2].lower(), ENGLISH)


def _numbered(words: str, first: int, step: int = 1) -> dict[str, int]:
    """``words``: separated by spaces, several for one number by a bar, within a word ``_`` for a space."""
    found = {}
    for place, alternatives in enumerate(words.split()):
        for word in alternatives.split("|"):
            found[word.replace("_", " ")] = first + place * step
    return found


def _german_compound(word: str) -> int | None:
    """``viertausendeinhundertelf``: 4111; None for what is no number of several parts below ten thousand."""
    total = 0
    for scale, name in ((1000, "tausend"), (100, "hundert")):
        before, there, after = word.rpartition(name)
        if there:
            factor = _german_small(before) if before else 1
            if factor is None or not 0 < factor < 100:
                return None
            total += factor * scale
            word = after.removeprefix("und")
    rest = _german_small(word) if word else 0
    return None if rest is None else total + rest


def _german_small(word: str) -> int | None:
    """Below a hundred."""
    for values in (_GERMAN_UNITS, _GERMAN_TEENS, _GERMAN_TENS):
        if word in values:
            return values[word]
    unit, joined, ten = word.partition("und")
    if joined and unit in _GERMAN_UNITS and ten in _GERMAN_TENS:
        return _GERMAN_UNITS[unit] + _GERMAN_TENS[ten]
    return None


def _phrases(text: str) -> frozenset[str]:
    return frozenset(phrase.strip() for phrase in text.replace("\n", " ").split(",") if phrase.strip())


ENGLISH: Final = Words(
    units=_numbered("zero|nil|nought|naught one two three four five six seven eight nine", 0),
    teens=_numbered(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
        10,
    ),
    tens=_numbered("twenty thirty forty|fourty fifty sixty seventy eighty ninety", 20, 10),
    hundred=_phrases("hundred"),
    thousand=_phrases("thousand"),
    zero_letters=_phrases("oh, o"),
    sounds_like={"to": 2, "too": 2, "for": 4, "fore": 4, "ate": 8, "won": 1, "tree": 3, "sex": 6, "niner": 9, "fife": 5},
    hundred_joiners=_phrases("and"),
    tens_then_unit=True,
    times={"double": 2, "triple": 3, "treble": 3, "quadruple": 4, "quad": 4},
    fillers=_phrases(
        "uh, um, uhm, erm, er, ah, hm, hmm, mhm, then, next, and, space, dash, hyphen, stroke, okay, ok, so, now, yes, yeah, "
        "right, sorry, no, wait, please, again, comma, period, full stop, well, like"
    ),
    card=_phrases(
        "card, cards, credit card, debit card, card number, visa, mastercard, master card, amex, american express, "
        "long number, sixteen digits, 16 digits, sixteen digit, 16 digit"
    ),
    code=_phrases(
        "cvv, cvc, cvv2, cvc2, cid, c v v, c v c, security code, security number, verification code, verification number, "
        "card code, pin, pin number, pin code, three digits on the back, 3 digits on the back, digits on the back, number on the back, code on the back"
    ),
    account=_phrases(
        "account number, account no, bank account, sort code, routing number, iban, i b a n, checking account, "
        "savings account, account is, bank details"
    ),
    phone=_phrases(
        "phone number, telephone number, mobile number, cell number, phone, telephone, mobile, cell phone, cell, "
        "call me at, call me on, call me back at, call me back on, reach me at, reach me on, my number is, callback number, "
        "call back number, number to call, fax number"
    ),
    other=_phrases(
        "order number, order, reference number, reference, ticket number, ticket, case number, tracking number, tracking, "
        "invoice number, invoice, policy number, policy, customer number, customer id, member number, membership number, "
        "serial number, serial, meter number, meter reading, part number, model number, confirmation number, booking number, "
        "booking reference, zip code, postcode, postal code, flight, claim number, parcel number, contract number"
    ),
    email=_phrases("email, e mail, mail, email address, e mail address, mail address"),
    name=_phrases(
        "my name is, my name's, name is, the name is, my first name is, my last name is, first name is, last name is, "
        "surname is, my surname is, name on the card is, the name on the card is, i am called, you are speaking with, "
        "you're speaking with, you're speaking to, speaking with"
    ),
    name_weak=_phrases("this is, i'm, i am, it's, here is"),
    name_asked=_phrases(
        "your name, your full name, your first name, your last name, your surname, your family name, name on the card, "
        "cardholder name, cardholder's name, name please, who am i speaking to, who am i speaking with"
    ),
    at=_phrases("at, @"),
    dot=_phrases("dot, point, period"),
    signs=_phrases("underscore, dash, hyphen, minus, plus"),
    is_=_phrases("is, it's, its, are, would be, address, the, my, that's, number, no, as, follows"),
)

_GERMAN_UNITS: Final = _numbered("null eins|ein|eine|einen zwei|zwo drei vier funf|fuenf sechs sieben acht neun", 0)
_GERMAN_TEENS: Final = _numbered(
        "zehn elf zwolf|zwoelf dreizehn vierzehn funfzehn|fuenfzehn sechzehn siebzehn achtzehn neunzehn",
        10,
    )
_GERMAN_TENS: Final = _numbered(
        "zwanzig dreissig|dreisig vierzig funfzig|fuenfzig sechzig siebzig achtzig neunzig",
        20,
        10,
    )

GERMAN: Final = Words(
    units=_GERMAN_UNITS,
    teens=_GERMAN_TEENS,
    tens=_GERMAN_TENS,
    hundred=_phrases("hundert"),
    thousand=_phrases("tausend"),
    times={
        "doppel": 2, "doppelt": 2, "doppelte": 2, "zweimal": 2, "zweimal die": 2, "dreimal": 3, "dreimal die": 3,
        "dreifach": 3, "viermal": 4, "viermal die": 4, "zwei mal": 2, "drei mal": 3, "vier mal": 4, "zwei mal die": 2,
        "drei mal die": 3, "vier mal die": 4,
    },
    joiners=_phrases("und"),
    hundred_joiners=_phrases("und"),
    unit_first=True,
    compound=_german_compound,
    fillers=_phrases(
        "ah, ahm, eh, ehm, hm, hmm, mhm, also, dann, danach, und, strich, bindestrich, leerzeichen, okay, ok, ja, so, nein, "
        "entschuldigung, moment, bitte, nochmal, weiter, komma, punkt, jetzt, die, halt"
    ),
    card=_phrases(
        "karte, kreditkarte, kartennummer, kreditkartennummer, karten, debitkarte, girokarte, bankkarte, ec karte, visa, "
        "mastercard, visakarte, amex, american express, kartendaten, sechzehnstellige, 16 stellige"
    ),
    code=_phrases(
        "cvv, cvc, cvv2, c v v, c v c, prufnummer, pruefnummer, prufziffer, pruefziffer, kartenprufnummer, kartenpruefnummer, "
        "sicherheitscode, sicherheitsnummer, sicherheitsnummern, prufcode, pin, geheimzahl, ziffern auf der ruckseite, zahlen auf der ruckseite, "
        "nummer auf der ruckseite"
    ),
    account=_phrases(
        "kontonummer, konto, iban, i b a n, bankleitzahl, blz, bankverbindung, kontoverbindung, bankkonto, bankdaten"
    ),
    phone=_phrases(
        "telefonnummer, telefon, handynummer, handy, mobilnummer, rufnummer, ruckrufnummer, meine nummer ist, festnetz, "
        "festnetznummer, erreichbar unter, erreichen sie mich unter, nummer lautet, faxnummer, durchwahl"
    ),
    other=_phrases(
        "bestellnummer, bestellung, auftragsnummer, auftrag, referenznummer, ticketnummer, ticket, vorgangsnummer, "
        "sendungsnummer, rechnungsnummer, rechnung, kundennummer, vertragsnummer, vertrag, seriennummer, zahlernummer, "
        "zaehlernummer, zahlerstand, zaehlerstand, mitgliedsnummer, buchungsnummer, postleitzahl, versicherungsnummer, "
        "artikelnummer, schadensnummer, aktenzeichen, paketnummer, plz"
    ),
    email=_phrases("email, e mail, mail, mailadresse, emailadresse, e mail adresse, email adresse, mail adresse"),
    name=_phrases(
        "mein name ist, name ist, ich heisse, ich heise, mein vorname ist, mein nachname ist, vorname ist, "
        "nachname ist, hier spricht, sie sprechen mit, mein name lautet, name lautet, ich bin der, ich bin die"
    ),
    name_weak=_phrases("hier ist, ich bin"),
    name_asked=_phrases("ihr name, ihren namen, ihr vorname, ihr nachname, ihren vornamen, ihren nachnamen, wie heissen sie, "
        "wie heisen sie, mit wem spreche ich, name bitte"),
    at=_phrases("at, @, klammeraffe, ad, aet"),
    dot=_phrases("punkt, dot"),
    signs=_phrases("unterstrich, bindestrich, minus, strich, plus"),
    is_=_phrases("ist, lautet, adresse, ware, waere, die, meine, das, nummer, nr, unter, folgende"),
)

SPANISH: Final = Words(
    units=_numbered("cero uno|un|una dos tres cuatro cinco seis siete ocho nueve", 0),
    teens=_numbered(
        "diez once doce trece catorce quince dieciseis|diez_y_seis diecisiete|diez_y_siete dieciocho|diez_y_ocho "
        "diecinueve|diez_y_nueve",
        10,
    )
    | _numbered(
        "veintiuno|veintiun|veintiuna veintidos veintitres veinticuatro veinticinco veintiseis veintisiete veintiocho "
        "veintinueve",
        21,
    ),
    tens=_numbered("veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa", 20, 10),
    hundred=_phrases("cien, ciento"),
    thousand=_phrases("mil"),
    hundreds=_numbered(
        "doscientos|doscientas trescientos|trescientas cuatrocientos|cuatrocientas quinientos|quinientas "
        "seiscientos|seiscientas setecientos|setecientas ochocientos|ochocientas novecientos|novecientas",
        200,
        100,
    ),
    joiners=_phrases("y"),
    times={"doble": 2, "triple": 3, "dos veces": 2, "dos veces el": 2, "tres veces": 3, "tres veces el": 3,
           "cuatro veces": 4, "cuatro veces el": 4},
    fillers=_phrases(
        "eh, ehm, em, hm, este, pues, luego, entonces, despues, y, guion, espacio, vale, ok, okay, si, bueno, no, perdon, "
        "espere, espera, por favor, coma, punto, ahora, el, a ver, otra vez"
    ),
    card=_phrases(
        "tarjeta, tarjetas, tarjeta de credito, tarjeta de debito, numero de tarjeta, visa, mastercard, amex, "
        "american express, dieciseis digitos, 16 digitos"
    ),
    code=_phrases(
        "cvv, cvc, cvv2, c v v, c v c, codigo de seguridad, numero de seguridad, codigo de verificacion, "
        "pin, nip, clave secreta, digitos de atras, digitos del reverso, numeros de atras, numeros del reverso, codigo de la tarjeta"
    ),
    account=_phrases("numero de cuenta, cuenta, cuenta bancaria, iban, i b a n, cuenta corriente, datos bancarios, ccc"),
    phone=_phrases(
        "telefono, numero de telefono, movil, celular, mi numero es, llameme al, llamame al, numero de movil, "
        "numero de contacto, fijo, fax"
    ),
    other=_phrases(
        "numero de pedido, pedido, numero de referencia, referencia, numero de factura, factura, numero de cliente, "
        "numero de seguimiento, seguimiento, numero de contrato, contrato, numero de serie, poliza, numero de poliza, expediente, "
        "codigo postal, reserva, numero de reserva, incidencia, numero de incidencia, paquete, localizador"
    ),
    email=_phrases("email, e mail, correo, correo electronico, mail, direccion de correo, direccion de correo electronico"),
    name=_phrases(
        "me llamo, mi nombre es, nombre es, mi apellido es, apellido es, mis apellidos son, soy el senor, soy la senora, "
        "le habla, habla con, a nombre de"
    ),
    name_weak=_phrases("soy, habla, aqui"),
    name_asked=_phrases("su nombre, su apellido, sus apellidos, como se llama, con quien hablo, tu nombre"),
    at=_phrases("arroba, @"),
    dot=_phrases("punto"),
    signs=_phrases("guion bajo, guion, barra baja, menos, mas"),
    is_=_phrases("es, seria, la, el, mi, son, numero, direccion, siguiente, de, electronico"),
    plus=frozenset({"mas", "+"}),
)

FRENCH: Final = Words(
    units=_numbered("zero un|une deux trois quatre cinq six sept huit neuf", 0),
    teens=_numbered(
        "dix onze douze treize quatorze quinze seize dix_sept dix_huit dix_neuf",
        10,
    ),
    tens=_numbered("vingt trente quarante cinquante soixante septante quatre_vingt|quatre_vingts|huitante|octante nonante", 20, 10),
    hundred=_phrases("cent, cents"),
    thousand=_phrases("mille, mil"),
    joiners=_phrases("et"),
    tens_then_unit=True,
    tens_take_teens=frozenset({60, 80}),
    times={"double": 2, "triple": 3, "deux fois": 2, "trois fois": 3, "quatre fois": 4, "deux fois le": 2,
           "trois fois le": 3, "quatre fois le": 4},
    fillers=_phrases(
        "euh, heu, ben, bah, hum, hm, alors, puis, ensuite, et, tiret, espace, d'accord, ok, okay, oui, non, pardon, attendez, "
        "donc, voila, virgule, point, apres, le, bon, s'il vous plait, enfin"
    ),
    card=_phrases(
        "carte, cartes, carte bancaire, carte bleue, carte de credit, numero de carte, visa, mastercard, amex, "
        "american express, seize chiffres, 16 chiffres"
    ),
    code=_phrases(
        "cvv, cvc, cvv2, c v v, c v c, cryptogramme, code de securite, code de verification, numero de securite, "
        "code pin, code secret, chiffres au dos, numero au dos, code au dos, chiffres au verso, cryptogramme visuel"
    ),
    account=_phrases("numero de compte, compte bancaire, compte, iban, i b a n, rib, r i b, coordonnees bancaires"),
    phone=_phrases(
        "numero de telephone, telephone, portable, mobile, mon numero est, mon numero c'est, rappeler au, rappelez moi au, "
        "joindre au, joignable au, fixe, numero de portable, fax"
    ),
    other=_phrases(
        "numero de commande, commande, numero de reference, reference, numero de dossier, dossier, numero de facture, facture, "
        "numero de client, numero client, numero de suivi, suivi, numero de contrat, contrat, numero de serie, code postal, "
        "numero de reservation, reservation, numero de police, compteur, colis, numero de ticket"
    ),
    email=_phrases("email, e mail, mail, mel, courriel, adresse mail, adresse email, adresse e mail, adresse electronique"),
    name=_phrases(
        "je m'appelle, mon nom est, nom est, mon prenom est, prenom est, mon nom c'est, mon prenom c'est, au nom de, "
        "c'est monsieur, c'est madame, ici monsieur, ici madame"
    ),
    name_weak=_phrases("je suis, c'est, ici"),
    name_asked=_phrases("votre nom, votre prenom, comment vous appelez vous, a qui ai je l'honneur, qui est a l'appareil"),
    at=_phrases("arobase, arobas, at, @, chez"),
    dot=_phrases("point, dot"),
    signs=_phrases("tiret bas, tiret, underscore, moins, plus, trait d'union"),
    is_=_phrases("est, c'est, la, le, mon, mes, sont, numero, serait, adresse, suivant, de"),
)

LANGUAGES: Final[Mapping[str, Words]] = {"en": ENGLISH, "de": GERMAN, "es": SPANISH, "fr": FRENCH}
