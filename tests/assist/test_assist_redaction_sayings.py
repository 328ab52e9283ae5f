"""What is withheld of what people say, and what is not: one utterance each, when nothing more has come."""

from __future__ import annotations

import pytest

from voicebot.assist.redaction import RedactionPolicy, WithheldKind
from voicebot.assist.redaction.redactor import Redactor

EVERYTHING = frozenset(WithheldKind)
CARDS = frozenset({WithheldKind.CARDS})

WITHHELD = [
    # card numbers, written as a recogniser writes them
    ("en", "4111111111111111", "[card number]"),
    ("en", "It's 4111 1111 1111 1111.", "It's [card number]."),
    ("en", "My card number is 4111-1111-1111-1111, thanks.", "My card number is [card number], thanks."),
    ("en", "4111, 1111, 1111, 1111", "[card number]"),
    ("en", "41 11 11 11 11 11 11 11", "[card number]"),
    ("en", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "[card number]"),
    ("en", "5555 5555 5555 4444 is my Mastercard", "[card number] is my Mastercard"),
    ("en", "2223 0031 2200 3222", "[card number]"),
    ("en", "Amex 3782 822463 10005.", "Amex [card number]."),
    ("en", "371449635398431", "[card number]"),
    ("en", "6011 1111 1111 1117", "[card number]"),
    ("en", "3056 9309 0259 04", "[card number]"),
    ("en", "3530111333300000", "[card number]"),
    ("en", "6759 6498 2643 8453", "[card number]"),
    ("en", "4222222222222", "[card number]"),
    ("en", "I think it was 4111 1111 11 11 1111 yes", "I think it was [card number] yes"),
    # said
    ("en", "four one one one one one one one one one one one one one one one", "[card number]"),
    ("en", "four triple one, four times one is four, no", "four triple one, four times one is four, no"),
    ("en", "four triple one double one double one double one double one double one double one", "[card number]"),
    ("en", "double five double five double five double five double five double five double four double four",
     "[card number]"),
    ("en", "Double five, double five, double five, double five, five five five five, quadruple four.",
     "[card number]."),
    ("en", "forty one eleven eleven eleven eleven eleven eleven eleven", "[card number]"),
    ("en", "four thousand one hundred eleven, eleven eleven, eleven eleven, eleven eleven", "[card number]"),
    ("en", "fifty five fifty five fifty five fifty five fifty five fifty five forty four forty four", "[card number]"),
    ("en", "four oh one two eight eight eight eight eight eight eight eight one eight eight one", "[card number]"),
    ("en", "4 oh 1 2 triple 8 8 quadruple 8 1 double 8 1", "[card number]"),
    ("en", "it is four one one one uh one one one one um one one one one and one one one one", "it is [card number]"),
    ("en", "4111 then 1111 then 1111 then 1111", "[card number]"),
    ("en", "4111 okay 1111 yes 1111 right 1111", "[card number]"),
    ("en", "4111 let me see 1111 hold on please 1111 1111", "[card number]"),
    ("en", "four one one one dash one one one one dash one one one one dash one one one one", "[card number]"),
    ("en", "it is for one one one one one one one one one one one one one one one", "it is [card number]"),
    ("en", "five one oh five one oh five one oh five one oh five one oh oh", "[card number]"),
    ("en", "three seven eight two eight two two four six three one double oh oh five", "[card number]"),
    ("en", "four, three ones, four ones, four ones, four ones", "[card number]"),
    ("en", "forty one hundred eleven, eleven hundred eleven, 1111 1111", "[card number]"),
    ("en", "４１１１ １１１１ １１１１ １１１１", "[card number]"),
    ("en", "4,111,111,111,111,111", "[card number]"),
    ("en", "4O12 8888 8888 1881", "[card number]"),
    ("de", "vier, drei Einsen, vier Einsen, vier Einsen, vier Einsen", "[card number]"),
    ("es", "cuatro, tres unos, cuatro unos, cuatro unos, cuatro unos", "[card number]"),
    # with date and code
    ("en", "4111 1111 1111 1111 12 27 123", "[card number]"),
    ("en", "4111111111111111, 12/27", "[card number]"),
    ("en", "4111111111111111 expires in March", "[card number] expires in March"),
    # misheard: no check digit, but a card number is what it is said to be
    ("en", "My card number is 4111 1111 1111 1112", "My card number is [card number]"),
    ("en", "the credit card is 1234 5678 1234 5678", "the credit card is [card number]"),
    ("en", "visa 4111 1111 1111 111", "visa [card number]"),
    # codes
    ("en", "The security code is 123.", "The security code is [security code]."),
    ("en", "cvv one two three", "cvv [security code]"),
    ("en", "The three digits on the back are 737", "The three digits on the back are [security code]"),
    ("en", "CVC is double four seven", "CVC is [security code]"),
    ("en", "My PIN is 4921", "My PIN is [security code]"),
    # several
    ("en", "4111111111111111 or 5555555555554444", "[card number] or [card number]"),
    ("en", "4111 1111 1111 1111 and the security code is 123",
     "[card number] and the security code is [security code]"),
    # German
    ("de", "Meine Kartennummer ist 4111 1111 1111 1111.", "Meine Kartennummer ist [card number]."),
    ("de", "vier eins eins eins eins eins eins eins eins eins eins eins eins eins eins eins", "[card number]"),
    ("de", "einundvierzig elf elf elf elf elf elf elf", "[card number]"),
    ("de", "viertausendeinhundertelf elf elf elf elf elf elf", "[card number]"),
    ("de", "fünf fünf fünf fünf, doppel fünf doppel fünf, zweimal die fünf zweimal die fünf, vier vier vier vier",
     "[card number]"),
    ("de", "fünfundfünfzig fünfundfünfzig fünfundfünfzig fünfundfünfzig fünfundfünfzig fünfundfünfzig "
     "vierundvierzig vierundvierzig",
     "[card number]"),
    ("de", "4111 äh 1111 dann 1111 und 1111", "[card number]"),
    ("de", "Die Prüfnummer ist eins zwei drei", "Die Prüfnummer ist [security code]"),
    ("de", "Der Sicherheitscode lautet 123", "Der Sicherheitscode lautet [security code]"),
    ("de", "zwo zwo zwo drei null null drei eins zwo zwo null null drei zwo zwo zwo", "[card number]"),
    ("de", "Meine Kreditkarte 4111 1111 1111 1113 bitte", "Meine Kreditkarte [card number] bitte"),
    # Spanish
    ("es", "Mi tarjeta es 4111 1111 1111 1111", "Mi tarjeta es [card number]"),
    ("es", "cuatro uno uno uno uno uno uno uno uno uno uno uno uno uno uno uno", "[card number]"),
    ("es", "cuarenta y uno once once once once once once once", "[card number]"),
    ("es", "cuatro mil ciento once once once once once once once", "[card number]"),
    ("es", "cincuenta y cinco cincuenta y cinco cincuenta y cinco cincuenta y cinco cincuenta y cinco cincuenta "
     "y cinco cuarenta y "
     "cuatro cuarenta y cuatro", "[card number]"),
    ("es", "4111 luego 1111 y 1111 este 1111", "[card number]"),
    ("es", "El código de seguridad es uno dos tres", "El código de seguridad es [security code]"),
    ("es", "cuatro doble uno uno, triple uno uno, 1111 1111", "[card number]"),
    # French
    ("fr", "Ma carte, c'est le 4111 1111 1111 1111.", "Ma carte, c'est le [card number]."),
    ("fr", "quatre un un un un un un un un un un un un un un un", "[card number]"),
    ("fr", "quarante et un onze onze onze onze onze onze onze", "[card number]"),
    ("fr", "quatre mille cent onze, onze onze, onze onze, onze onze", "[card number]"),
    ("fr", "quarante-neuf soixante-dix dix cent dix-sept quarante-neuf soixante-dix dix",
     "quarante-neuf soixante-dix dix cent dix-sept quarante-neuf soixante-dix dix"),
    ("fr", "quarante-neuf soixante-dix dix dix cinquante-neuf trente-cinq soixante-six soixante-dix-neuf",
     "[card number]"),
    ("fr", "4111 euh 1111 puis 1111 et 1111", "[card number]"),
    ("fr", "Le cryptogramme est un deux trois", "Le cryptogramme est [security code]"),
    ("fr", "cinquante-cinq cinquante-cinq cinquante-cinq cinquante-cinq cinquante-cinq cinquante-cinq "
     "quarante-quatre quarante-quatre",
     "[card number]"),
]  # fmt: skip

SHOWN = [
    ("en", "My order number is 4111 1111 1111 1112."),
    ("en", "Order 12345678"),
    ("en", "The tracking number is 9400 1000 0000 0000 0000 00."),
    ("en", "I paid 411 dollars and 11 cents on the 11th of November 2026."),
    ("en", "My card was stolen on the 4th of March 2026."),
    ("en", "The card ends in 1111."),
    ("en", "The last four digits are one one one one."),
    ("en", "You can reach me at 415 555 0132."),
    ("en", "My phone number is 202 555 0143."),
    ("en", "It is five past four, no, one past four."),
    ("en", "I have one card and two accounts."),
    ("en", "Two twos and three threes."),
    ("en", "The security of the card is my concern, not the 250 dollars."),
    ("en", "We are a family of 4, our house has 3 floors and the number is 12."),
    ("en", "The total is 1,250.75 euros."),
    ("en", "I was born on 12/04/1956."),
    ("en", "I live at 4111 Eleventh Street, apartment 11."),
    ("en", "The meter reading is 0012345."),
    ("en", "My zip code is 94107 and the house is number 4."),
    ("en", "Flight 4111 leaves at 11:11 from gate 11."),
    ("en", "I need 4 of the 1111 and 3 of the 2222."),
    ("en", "Call me back between one and two, or four and five."),
    ("en", "one two three four five six seven eight nine ten"),
    ("en", "1 2 3 4 5 6 7 8 9 10 11 12"),
    ("en", "The invoice is from 2024, 2025 and 2026."),
    ("en", "It costs 4 thousand 111."),
    ("en", "The serial number is 4111111111111112."),
    ("en", "The reference is 1234567890123456."),
    ("en", "I ordered 2 for 4 and 4 for 8."),
    ("en", "My membership number is 601112345."),
    ("en", "There were 4, maybe 5, people in room 1111."),
    ("en", "No card, no number, nothing."),
    ("en", "I would like to cancel my card, please."),
    ("en", "The security line took 123 minutes."),
    ("en", "We need two or three days for that."),
    ("en", "Yes, that is right."),
    ("en", "My customer number is 30012345678."),
    ("en", "10,000 plus 20,000 is 30,000"),
    ("en", "2,000,000,000,000"),
    ("en", "The IP address is 192.168.100.200."),
    ("en", "Version 4.1.1 build 11111"),
    ("en", "I called on the 1st, the 2nd and the 3rd."),
    ("en", "double the order"),
    ("en", "a hundred and one percent"),
    ("en", ""),
    ("en", "..."),
    ("en", "My confirmation number is 4000 1234."),
    ("de", "Meine Bestellnummer ist 4111 1111 1111 1112."),
    ("de", "Ich habe am vierten elften zweitausendsechsundzwanzig bestellt."),
    ("de", "Es sind vierhundertelf Euro und elf Cent."),
    ("de", "Meine Kundennummer lautet 300 123 456."),
    ("de", "Die Karte endet auf 1111."),
    ("de", "Ich wohne in der Hauptstraße 41, 11111 Berlin."),
    ("de", "Der Zählerstand ist 0012345."),
    ("de", "Ich hätte gern ein oder zwei Tage Bedenkzeit."),
    ("de", "eins zwei drei vier fünf sechs sieben acht neun"),
    ("de", "Die Sendungsnummer ist 00340434161094042557."),
    ("de", "Meine Nummer ist 030 901820."),
    ("es", "Mi número de pedido es 4111 1111 1111 1112."),
    ("es", "Son cuatrocientos once euros con once."),
    ("es", "Vivo en la calle Mayor 41, 28013 Madrid."),
    ("es", "La tarjeta termina en 1111."),
    ("es", "uno dos tres cuatro cinco seis siete ocho nueve"),
    ("es", "El pedido llegó el 4 de noviembre de 2026."),
    ("es", "Quiero una o dos."),
    ("es", "El localizador es 41111111."),
    ("fr", "Mon numéro de commande est 4111 1111 1111 1112."),
    ("fr", "Ça fait quatre cent onze euros et onze centimes."),
    ("fr", "J'habite au 41 rue de la Paix, 75002 Paris."),
    ("fr", "La carte se termine par 1111."),
    ("fr", "un deux trois quatre cinq six sept huit neuf"),
    ("fr", "Le colis est arrivé le 4 novembre 2026."),
    ("fr", "J'en veux un ou deux."),
    ("fr", "Mon numéro client est 41111111."),
]  # fmt: skip

WHEN_SET = [
    # telephone numbers
    ("en", "You can reach me at 415 555 0132.", "You can reach me at [phone number]."),
    ("en", "My phone number is two oh two five five five oh one four three", "My phone number is [phone number]"),
    ("en", "It's plus four nine three oh nine oh one eight two oh", "It's plus [phone number]"),
    ("en", "+44 20 7946 0958 is the office", "+[phone number] is the office"),
    ("en", "call me on 555 0199", "call me on [phone number]"),
    ("en", "(212) 555-0187 or email", "([phone number] or email"),
    ("de", "Meine Telefonnummer ist 030 901820.", "Meine Telefonnummer ist [phone number]."),
    ("de", "null eins fünf eins zwo drei vier fünf sechs sieben acht neun", "[phone number]"),
    ("es", "Mi teléfono es 91 411 11 11", "Mi teléfono es [phone number]"),
    ("es", "seis uno dos tres cuatro cinco seis siete ocho", "[phone number]"),
    ("fr", "Vous pouvez me joindre au 01 42 68 53 00", "Vous pouvez me joindre au [phone number]"),
    ("fr", "zéro un quarante-deux soixante-huit cinquante-trois zéro zéro", "[phone number]"),
    # e-mail addresses
    ("en", "Write to jane.doe+bills@example.com please", "Write to [e-mail address] please"),
    ("en", "My email is jane dot doe at example dot com", "My email is [e-mail address]"),
    ("en", "it's j d o e underscore 42 at example dot co dot uk thanks", "it's [e-mail address] thanks"),
    ("en", "my e-mail address is jane doe at my dash company dot org", "my e-mail address is [e-mail address]"),
    ("de", "Meine E-Mail ist jane punkt doe at beispiel punkt de", "Meine E-Mail ist [e-mail address]"),
    ("es", "mi correo es jane punto doe arroba ejemplo punto es", "mi correo es [e-mail address]"),
    ("fr", "mon adresse mail est jane point doe arobase exemple point fr", "mon adresse mail est [e-mail address]"),
    # names
    ("en", "My name is Jane Doe and I have a question.", "My name is [name] and I have a question."),
    ("en", "This is Jane Doe calling about my bill.", "This is [name] calling about my bill."),
    ("en", "my name is jane doe", "my name is [name]"),
    ("en", "My last name is D-O-E.", "My last name is [name]."),
    ("de", "Mein Name ist Erika Mustermann.", "Mein Name ist [name]."),
    ("de", "Ich heiße Mustermann und habe eine Frage.", "Ich heiße [name] und habe eine Frage."),
    ("es", "Me llamo Juana Pérez.", "Me llamo [name]."),
    ("fr", "Je m'appelle Jeanne Dupont.", "Je m'appelle [name]."),
    # account numbers
    ("en", "DE89 3704 0044 0532 0130 00", "[account number]"),
    ("en", "My IBAN is GB29 NWBK 6016 1331 9268 19.", "My IBAN is [account number]."),
    ("en", "my account number is 1234 5678", "my account number is [account number]"),
    ("en", "the sort code is 12 34 56", "the sort code is [account number]"),
    ("de", "D E acht neun drei sieben null vier null null vier vier null fünf drei zwei null eins drei null null null",
     "[account number]"),
    ("de", "Meine Kontonummer ist 532013000.", "Meine Kontonummer ist [account number]."),
    ("es", "Mi número de cuenta es 2100 0418 45 0200051332", "Mi número de cuenta es [account number]"),
    ("fr", "Mon numéro de compte est le 0500013M026", "Mon numéro de compte est le [account number]"),
]  # fmt: skip

SHOWN_WHEN_SET = [
    ("en", "This is ridiculous, I have been waiting for 45 minutes."),
    ("en", "This is not what I ordered."),
    ("en", "I'm very happy with it."),
    ("en", "We are at home at 5 dot 30."),
    ("en", "Look at the dot on the page."),
    ("en", "My email does not work."),
    ("en", "My phone is broken since 2024."),
    ("en", "I have 3 accounts with 2 banks."),
    ("en", "The order number is 4155550132."),
    ("en", "My name was spelled wrong."),
    ("de", "Ich bin seit zwei Stunden ohne Strom."),
    ("de", "Meine Mail kam nicht an."),
    ("de", "Der Termin ist um 15 Uhr 30."),
    ("es", "Soy cliente desde 2010."),
    ("es", "El correo no llega."),
    ("fr", "Je suis client depuis 2010."),
    ("fr", "C'est très bien."),
    ("fr", "Le point est important."),
]

COUNTRIES = {"en": "US", "de": "DE", "es": "ES", "fr": "FR"}


def said(language: str, text: str, withhold: frozenset[WithheldKind]) -> str:
    redactor = Redactor(RedactionPolicy(withhold, COUNTRIES[language]))
    shown = redactor.final("p", "1", text, 0.0, language)[-1]
    for later in redactor.settle("p", 5.0):
        shown = later
    for mark in shown.withheld:
        assert shown.text[mark.begin : mark.end] == f"[{mark.category}]"
    return shown.text


@pytest.mark.parametrize(("language", "text", "shown"), WITHHELD)
def test_a_card_number_and_its_code_are_withheld(language: str, text: str, shown: str) -> None:
    assert said(language, text, CARDS) == shown


@pytest.mark.parametrize(("language", "text"), SHOWN)
def test_what_is_no_card_number_is_shown(language: str, text: str) -> None:
    assert said(language, text, CARDS) == text


@pytest.mark.parametrize(("language", "text", "shown"), WHEN_SET)
def test_other_kinds_are_withheld_by_setting(language: str, text: str, shown: str) -> None:
    assert said(language, text, EVERYTHING) == shown


@pytest.mark.parametrize(("language", "text"), SHOWN_WHEN_SET)
def test_what_is_of_no_kind_is_shown_with_all_of_them_set(language: str, text: str) -> None:
    assert said(language, text, EVERYTHING) == text


@pytest.mark.parametrize(("language", "text", "_shown"), WHEN_SET)
def test_by_default_only_card_numbers_are_withheld(language: str, text: str, _shown: str) -> None:
    assert said(language, text, RedactionPolicy().withhold) == text


def test_nothing_is_withheld_if_nothing_is_to_be() -> None:
    assert said("en", "4111111111111111", frozenset()) == "4111111111111111"
