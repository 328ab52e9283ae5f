"""What the call is told of each question, and what it makes of what callers say: from the file to the judgement."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from folder_line import Line, line

from voicebot.authoring.answers import expectation
from voicebot.authoring.answers.expectation import MAX_ANSWERS, of_value, of_yes_no, with_options
from voicebot.authoring.model import Option
from voicebot.authoring.turn import Turn
from voicebot.authoring.understanding import for_language, languages
from voicebot.bots.expected_answers import MAX_PHRASES, expected_answer
from voicebot.turns.expected_answer import Judgement, judge

MAIN = """
locale: {locale}
globals:
  agent: {{say: [the boss], goto: bye}}
  address: {{say: where are you, message: Here.}}
steps:
  - id: q
    ask: Well?
    {kind}
    save: x
    {rest}
    on_fail: bye
  - {{id: bye, hangup: Bye.}}
"""
JUDGED = {judgement.name.lower(): judgement for judgement in Judgement}


def told(caller: Line) -> Any:
    """What the call was told of the answer in the last turn."""
    sent = [sent["channelData"]["sessionParams"] for sent in caller.sent if sent.get("name") == "config"]
    (answer,) = [parameters["expectedAnswer"] for parameters in sent if "expectedAnswer" in parameters]
    return answer


async def asked(tmp_path: Path, kind: str, locale: str = "en-US", rest: str = "") -> Line:
    caller = line(tmp_path, MAIN.format(locale=locale, kind=kind, rest=rest), locale=locale)
    await caller.dial()
    return caller


def assert_judged(answer: Any, table: str) -> None:
    """``table``: lines such as ``complete: yes | yes please``."""
    expected = expected_answer(json.loads(json.dumps(answer)))
    found = [
        (wanted, text.strip(), judge(text, expected).name.lower())
        for row in table.strip().splitlines()
        for wanted, _, texts in [row.strip().partition(": ")]
        for text in texts.split("|")
    ]
    assert [one for one in found if one[0] != one[2]] == []


YES_NO = {
    "en-US": """
        complete: Yes. | uh yes | Yes, please. | yeah | Yep.
        complete: Yes, that's right. | That's correct. | uh-huh | mm-hmm
        complete: No. | No, thank you. | nope | um no | not really | that's not it
        enough: of course | absolutely | it is | I do | okay | sure | right | I don't know | I'm not sure
        other: yes but what does it cost | do you have time | billing | no wait yes but
        command: repeat that | agent | Where are you? | the boss | what did you say | one moment
        nothing: um | please | well
        beginning: that was | speak to | could you
        other: what | sorry
    """,
    "de-DE": """
        complete: Ja. | ja bitte | Ja, genau. | äh ja | Nein. | nein danke | stimmt nicht | richtig | mhm
        enough: natürlich | stimmt
        other: ja aber was kostet das | wie viel | vielleicht morgen
        command: noch einmal | langsamer | hauptmenü
        nothing: ähm | bitte
        beginning: das ist
    """,
    "es-ES": """
        complete: Sí. | sí, gracias | claro que sí | eh sí | No. | no gracias | exacto
        enough: claro
        other: sí pero cuánto cuesta | quizás mañana
        command: otra vez | un agente | más despacio
        nothing: eh | por favor
    """,
    "fr-FR": """
        complete: Oui. | oui merci | c'est ça | euh oui | Non. | non merci | exact
        enough: bien sûr
        other: oui mais combien ça coûte | peut-être demain
        command: encore une fois | un conseiller | plus lentement
        nothing: euh | s'il vous plaît
    """,
}


@pytest.mark.parametrize("locale", YES_NO)
async def test_yes_and_no_are_told_from_what_else_is_said(tmp_path: Path, locale: str) -> None:
    answer = told(await asked(tmp_path, "yesno: true", locale))
    assert answer["kind"] == "choice"
    assert_judged(answer, YES_NO[locale])


MENUS = {
    "en-US": (
        "{billing: [billing, my bill], account: [account, open an account], balance: account balance, "
        "tech: technical support}",
        """
        complete: Billing. | uh billing please | my bill
        complete: I want billing | account balance | account um balance | balance
        complete: technical | support | the first one | the second one please
        complete: number two | press three | 2 | the last one
        enough: account | the account please | one | the first
        beginning: open an
        other: what is billing | sales | I lost my card | not billing
        nothing: um the | I want to
        command: agent | where are you | repeat that please
        """,
    ),
    "de-DE": (
        "{rechnung: [Rechnung, meine Rechnung], konto: [Konto], stand: Konto Stand, technik: technischer Dienst}",
        """
        complete: Rechnung. | äh die Rechnung bitte | ich möchte meine Rechnung
        complete: konto stand | nummer vier
        enough: die zweite | der letzte | konto | das Konto bitte
        other: was ist das | verkauf
        command: noch einmal bitte | mitarbeiter
        """,
    ),
    "es-ES": (
        "{factura: [factura, mi factura], cuenta: cuenta, saldo: cuenta corriente, ayuda: servicio técnico}",
        """
        complete: Factura. | eh la factura por favor | quiero la factura
        complete: cuenta corriente | número dos
        enough: la segunda | el último | cuenta | la cuenta por favor
        other: qué es eso | ventas
        command: otra vez por favor | agente
        """,
    ),
    "fr-FR": (
        "{facture: [facture, ma facture], compte: compte, solde: compte courant, aide: service technique}",
        """
        complete: Facture. | euh la facture s'il vous plaît | je voudrais la facture
        complete: compte courant | numéro deux
        enough: la deuxième | compte | le compte merci
        other: qu'est ce que c'est | ventes
        command: encore une fois s'il vous plaît | conseiller
        """,
    ),
}  # fmt: skip


@pytest.mark.parametrize("locale", MENUS)
async def test_an_option_is_known_by_its_words_its_place_and_what_stands_beside_them(
    tmp_path: Path, locale: str
) -> None:
    options, table = MENUS[locale]
    assert_judged(told(await asked(tmp_path, f"choice: {options}", locale)), table)


async def test_where_options_have_keys_only_these_are_their_numbers(tmp_path: Path) -> None:
    answer = told(await asked(tmp_path, 'choice: {sales: {key: "3"}, service: {key: "1"}, parts: {}}'))
    assert_judged(answer, "complete: three | the third one | parts\nenough: press one\nother: two | nine")


VALUES = {
    "number: true": "enough: twenty | 42\nbeginning: twenty and\nother: who are you\ncommand: help",
    "money: {currency: USD}": (
        "enough: forty dollars | $40\nbeginning: forty dollars and\ncomplete: forty dollars and ten cents"
    ),
    "date: true": (
        "complete: tomorrow | today please | the day after tomorrow\nenough: tuesday | May 3rd | the third of may"
        "\nbeginning: the third of | on the\nother: when can you come"
    ),
    "time: true": (
        "complete: five pm | half past five in the morning | 5 p.m."
        "\nenough: half past five | five o'clock | 17:30 | noon"
        "\nbeginning: half past | quarter to\nother: what time is it"
    ),
    "duration: nights": "complete: three nights | 2 days\nenough: two weeks | an hour\nbeginning: two weeks and",
    "month: true": "enough: december | december 2028 | twelve twenty eight\nbeginning: december of",
    "email: true": "other: maria dot garcia\ncommand: help",
    "name: true": "other: Ada Palmer | my name is Ada\ncommand: repeat that\nnothing: um",
    "text: true": "other: I have lost my card | my bill is wrong\nnothing: um\ncommand: agent",
    "phone: {country: US}": "beginning: four two five\nenough: four two five five five five zero one two three",
    "digits: 6": "beginning: four two five | um four\ncomplete: 425 501\nother: forty two\ncommand: help me",
    'pattern: {form: "[A-Z]{2}[0-9]{3}", example: AB123}': "beginning: A B\ncomplete: A B one two three",
    "spelled: {min: 2, max: 3}": "beginning: S\nenough: S M\ncomplete: S M I",
}


@pytest.mark.parametrize("kind", VALUES)
async def test_of_a_value_is_told_what_can_be_told(tmp_path: Path, kind: str) -> None:
    assert_judged(told(await asked(tmp_path, kind)), VALUES[kind])


MORE_TO_COME = {
    ("date: true", "en-US"): "enough: May ninth | the ninth of May | May 9th. | Friday the ninth",
    ("date: true", "de-DE"): "enough: neunter Mai | am 9. Mai | Freitag\nbeginning: am",
    ("date: true", "es-ES"): "enough: nueve de mayo | el nueve de mayo de dos mil\nbeginning: el nueve de mayo de",
    ("date: true", "fr-FR"): "enough: le neuf mai | neuf mai deux mille | neuf mai deux mille vingt",
    ("time: true", "en-US"): "enough: five | five thirty | 5:30 | at ten\nbeginning: nine a",
    ("time: true", "de-DE"): "enough: fünf Uhr | fünf Uhr dreißig | um fünf\nbeginning: Viertel vor",
    ("time: true", "es-ES"): "enough: las cinco | las cinco y media\nbeginning: las cinco y",
    ("time: true", "fr-FR"): "enough: cinq heures | cinq heures et demie\nbeginning: cinq heures et",
    ("money: {currency: USD}", "en-US"): "enough: twenty dollars | $20 | twelve fifty | a hundred | ten point five",
    ("money: {currency: EUR}", "de-DE"): "enough: zehn Euro | zehn Euro fünfzig\nbeginning: zehn Euro und",
    ("money: {currency: EUR}", "es-ES"): "enough: diez euros | diez euros con cincuenta\nbeginning: diez euros con",
    ("money: {currency: EUR}", "fr-FR"): "enough: dix euros | dix euros cinquante",
    ("number: true", "en-US"): "enough: two hundred | a thousand | 7 | 3.5\nbeginning: three point | minus",
    ("duration: nights", "en-US"): "enough: two | a week | two hours | an hour and thirty\nbeginning: an hour and",
    ("duration: nights", "de-DE"): "enough: zwei Wochen | eine Woche | zwei Stunden",
    ("month: true", "en-US"): "enough: May | May twenty | five twenty six\nbeginning: May of",
}


@pytest.mark.parametrize(("kind", "locale"), MORE_TO_COME)
async def test_a_value_that_may_still_get_a_year_a_half_of_the_day_or_cents_is_not_complete(
    tmp_path: Path, kind: str, locale: str
) -> None:
    assert_judged(told(await asked(tmp_path, kind, locale)), MORE_TO_COME[kind, locale])


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en-US", "february 1st 2027"),
        ("de-DE", "am 9 mai 2027"),
        ("fr-FR", "le 9 mai 1984"),
        ("es-ES", "9 de mayo 2027"),
        ("en-US", "february first twenty twenty seven"),
        ("en-US", "the ninth of may nineteen eighty four"),
        ("en-US", "may ninth two thousand and twelve"),
        ("en-US", "may ninth two thousand five"),
        ("en-US", "may ninth twenty oh five"),
        ("fr-FR", "le neuf mai deux mille vingt-sept"),
        ("es-ES", "nueve de mayo de dos mil veintisiete"),
    ],
)
async def test_behind_the_year_of_a_day_nothing_comes(tmp_path: Path, locale: str, text: str) -> None:
    assert_judged(told(await asked(tmp_path, "date: true", locale)), f"complete: {text}")


FURTHER = {
    (
        "de-DE",
        "date: true",
    ): "complete: morgen | übermorgen\nenough: am dritten mai | dienstag\nbeginning: am | mai den",
    ("de-DE", "number: true"): "enough: zweiundvierzig | fünfhundert\nother: wer sind sie",
    (
        "de-DE",
        "time: true",
    ): "complete: fünf uhr nachmittags\nenough: halb sechs | siebzehn uhr\nbeginning: viertel vor",
    ("es-ES", "date: true"): "complete: mañana | pasado mañana\nenough: el tres de mayo | martes\nbeginning: tres de",
    ("es-ES", "money: {currency: EUR}"): "enough: diez euros\nbeginning: diez euros con\ncomplete: diez céntimos",
    ("fr-FR", "date: true"): "complete: demain | après-demain\nenough: le trois mai | mardi\nbeginning: mardi le",
    ("fr-FR", "time: true"): "complete: cinq heures du soir\nenough: dix-sept heures | midi\nbeginning: cinq heures et",
}


@pytest.mark.parametrize(("locale", "kind"), FURTHER)
async def test_so_it_is_in_every_language(tmp_path: Path, locale: str, kind: str) -> None:
    assert_judged(told(await asked(tmp_path, kind, locale)), FURTHER[locale, kind])


async def test_what_is_offered_by_data_is_told(tmp_path: Path) -> None:
    rooms = "constants:\n  rooms: [{type: single room}, {type: double room}, {type: suite}]\n"
    kind = 'options: {from: rooms, say: "{type}"}'
    caller = line(tmp_path, rooms + MAIN.format(locale="en-US", kind=kind, rest=""))
    await caller.dial()
    table = "complete: single room | the double please | suite | the second one | press three"
    assert_judged(told(caller), f"{table}\nenough: the second\nother: room four")


async def test_languages_are_told_by_their_names(tmp_path: Path) -> None:
    answer = told(await asked(tmp_path, 'languages: {en-US: {key: "1"}}'))
    assert_judged(answer, "complete: English please\nenough: one\nother: Deutsch")


async def test_options_beside_another_kind_are_answers_as_well(tmp_path: Path) -> None:
    answer = told(await asked(tmp_path, "digits: 6\n    choice: {none: [I have none, no number]}"))
    assert_judged(answer, "complete: I have none | no number please\nbeginning: one two\nnothing: I have")


async def test_behind_a_no_to_what_was_understood_the_right_value_may_follow(tmp_path: Path) -> None:
    caller = await asked(tmp_path, "digits: 3", rest='confirm: "{x}?"')
    await caller.say("one two three")
    table = "complete: yes | yes please | that's right\nenough: no | nope | wrong\ncommand: where are you"
    assert_judged(told(caller), table)


@pytest.mark.parametrize("step", ["queue: {to: '1', every: 5s, longest: 60s}", "dial: {to: '1', every: 5s}"])
async def test_who_waits_can_give_commands_and_else_says_anything(tmp_path: Path, step: str) -> None:
    caller = line(tmp_path, f"steps:\n  - {{id: w, {step}}}\n  - {{id: bye, hangup: Bye.}}\n")
    await caller.dial()
    if step.startswith("queue"):
        await caller.event("handoff.status", {"state": "failed", "status": 486})
    answer = told(caller)
    assert answer["kind"] == "open"
    assert_judged(answer, "command: agent | repeat that\nother: how long does it take\nnothing: um")


@pytest.mark.parametrize("language", languages())
def test_every_language_has_what_callers_usually_say(language: str) -> None:
    usual = for_language(language).usual
    assert len(usual.yes) > 20 and len(usual.no) > 10 and usual.fillers and len(usual.commands) > 20
    assert not set(usual.yes) & set(usual.no)
    for kind in ("number", "money", "date", "month", "time", "duration"):
        value = usual.value(kind)
        assert len(value.words) > 20 and value.wanting and not value.words & value.wanting
    assert usual.value("time").last and usual.value("date").last and usual.value("duration").last


@pytest.mark.parametrize("language", languages())
def test_what_is_told_of_a_yes_or_no_is_one_to_the_dialog_too(language: str) -> None:
    understanding = for_language(language)
    for answer, phrases in ((True, understanding.usual.yes), (False, understanding.usual.no)):
        other = [phrase for phrase in phrases if understanding.yes_no(phrase) is (not answer)]
        assert other == []


@pytest.mark.parametrize("language", languages())
def test_what_is_told_fits_the_limits_of_the_call(language: str) -> None:
    understanding = for_language(language)
    options = {f"room-{n}": Option(say=[f"room number {n}", f"the {n} room", "x" * 200]) for n in range(400)}
    for expected in (
        of_yes_no(understanding, corrected=True), of_value("date", understanding),
        with_options(None, options, understanding), with_options(of_yes_no(understanding), options, understanding),
    ):  # fmt: skip
        told = expected.told(understanding.usual.fillers, understanding.usual.commands)
        assert all(len(listed) <= MAX_PHRASES for listed in told.values() if isinstance(listed, list))
        assert len(told.get("answers", ())) <= MAX_ANSWERS and len(json.dumps(told)) < 12_000
        assert expected_answer(told) is not None


@pytest.mark.parametrize("kind", ["yesno: {yes: q, no: q}", "choice: {billing: , outage: }", "digits: 4", "date: true"])
async def test_what_is_told_of_a_question_is_made_once_however_often_it_is_asked(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, begun = [], expectation._begun

    def noting(groups: Any) -> Any:
        made.append(groups)
        return begun(groups)

    monkeypatch.setattr(expectation, "_begun", noting)
    expectation._told.cache_clear()
    first = told(await asked(tmp_path, kind))
    again = told(await asked(tmp_path, kind))
    assert len(made) == 1 and first == again
    assert told(await asked(tmp_path, kind, locale="de-DE")) != first


@pytest.mark.parametrize(
    ("kind", "answers", "times"),
    [
        ("yesno: {yes: q, no: q}", ("yes", "no", "yes"), 1),
        ("choice: {a: {say: red, next: q}, b: {say: blue, next: q}}", ("red", "blue", "red"), 1),
        ("choice: {a: {say: red, next: q}, b: {say: blue, next: q, if: not x}}", ("blue", "red", "red"), 4),
    ],
)
async def test_what_the_call_is_told_of_a_question_that_depends_on_nothing_is_written_once(
    tmp_path: Path, kind: str, answers: tuple[str, ...], times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, expectation = [], Turn.expectation

    def noting(self: Turn, *about: Any, **more: Any) -> Any:
        made.append(about)
        return expectation(self, *about, **more)

    monkeypatch.setattr(Turn, "expectation", noting)
    caller = await asked(tmp_path, kind)
    all_told = [told(caller)]
    for answer in answers:
        await caller.say(answer)
        all_told.append(told(caller))
    assert len(made) == times
    assert (all_told[1:] == all_told[:-1]) == (times == 1)


def test_options_that_are_others_are_not_told_as_those_before() -> None:
    understanding = for_language("en-US")
    fillers, commands = understanding.usual.fillers, understanding.usual.commands

    def answers(**options: Option) -> Any:
        return with_options(None, options, understanding).told(fillers, commands)["answers"]

    rooms, keyed = answers(a=Option(say=["single"]), b=Option(say=["double"])), answers(a=Option(key="7"), b=Option())
    assert "single" in rooms and "seven" not in rooms
    assert "seven" in keyed and "single" not in keyed
    assert "single" in answers(a=Option(say=["single"]), b=Option(say=["double"]))


SAYINGS = sorted((Path(__file__).parent / "understanding").glob("*.yaml"))


def sayings() -> Iterator[tuple[str, Any, str, bool]]:
    """What callers say to a yes/no question or a menu: language, options, words, and whether they are an answer."""
    for table in SAYINGS:
        read = yaml.load(table.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        for kind, rows in {**read.get("cases", {}), **read.get("questions", {})}.items():
            if kind in ("yes_no", "yesno", "choice"):
                for row in rows:
                    said, meant = row if isinstance(row, list) else (row["say"], row["means"])
                    if "|" not in said and "keys" not in said:
                        yield read["language"], read["options"] if kind == "choice" else None, said, meant != "-"


def test_what_is_no_answer_is_seldom_judged_a_whole_one_and_no_answer_is_waited_for() -> None:
    judged: dict[bool, list[Judgement]] = {True: [], False: []}
    for language, options, said, is_answer in sayings():
        understanding = for_language(language)
        asked = {name: Option.model_validate(option) for name, option in (options or {}).items()}
        expected = with_options(None, asked, understanding) if options else of_yes_no(understanding)
        told = expected_answer(expected.told(understanding.usual.fillers, understanding.usual.commands))
        judged[is_answer].append(judge(said, told))
    answers, others = judged[True], judged[False]
    assert len(answers) > 700 and len(others) > 300
    assert others.count(Judgement.COMPLETE) < 0.02 * len(others)
    assert answers.count(Judgement.BEGINNING) < 0.005 * len(answers)
    assert sum(one in (Judgement.COMPLETE, Judgement.ENOUGH) for one in answers) > 0.65 * len(answers)
