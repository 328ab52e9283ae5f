"""Mistakes that authors make, each planted in a good folder: it is told at the right line, with a mend that helps.

A mistake is what stands in place of a part of the good file; the comment ``# <-`` is on the line that must be named.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from voicebot.authoring.checks import check_dialogs
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.problems import Problem

GOOD = """\
title: A shop
constants: {company: Contoso}
globals:
  agent: {key: "0", goto: agent}
schedules:
  office: {zone: Europe/Berlin, week: {mon-fri: "08:00-18:00"}}
steps:
  - id: hello
    say: Welcome to {company}.
  - id: menu
    ask: Sales or service?
    choice:
      sales: {say: [sales, buy], key: "1", next: order}
      service: {say: [service, repair], key: "2", next: office}
  - id: order
    ask: What is your order number?
    digits: 6
    save: number
    confirm: I have {number|digits}. Is that right?
    retry: [Please say the six digits., Please key them in.]
    help: It is on your bill.
  - id: look-up
    http: {get: "https://shop.example/{number}", timeout: 3s}
    save: order
    on_error: agent
  - id: found
    if: order.sent
    then: sent
    else: waiting
  - id: sent
    say: It was sent on {order.day|date}.
    next: bye
  - id: waiting
    call: ship
    with: {number: "{number}"}
    save: {days: days}
    on_fail: agent
  - id: told
    say: It is sent in {days} days.
    next: bye
  - id: price
    call: prices.total
    with: {number: "{number}"}
    save: total
    on_error: agent
  - id: office
    hours: office
    open: agent
    closed: bye
  - id: agent
    transfer: "+15550100"
    on_fail: bye
  - id: bye
    hangup: Goodbye.
""".replace("next: bye\n  - id: price", "next: price\n  - id: price")
SHIP = """\
inputs: [number]
outputs: [days]
steps:
  - id: days
    set: {days: 3}
"""
PRICES = "async def total(number):\n    return 12\n\n\ndef slow(number):\n    return 1\n"
HELLO, MENU = "say: Welcome to {company}.", "ask: Sales or service?"
SALES = 'sales: {say: [sales, buy], key: "1", next: order}'
SERVICE = 'service: {say: [service, repair], key: "2", next: office}'
TOLD = "say: It is sent in {days} days."
TRANSFER = 'transfer: "+15550100"\n    on_fail: bye'

FAULTS = [
    # what is no YAML, or not what it looks like
    ("a tab", HELLO, "say: Hi.\n\tnext: menu # <-", "yaml", "spaces"),
    ("a text that begins with a gap", HELLO, "say: {company} # <-", "braces", "quotes"),
    ("a colon in a text", HELLO, "say: Hello: how are you? # <-", "yaml", "quotes"),
    ("a word twice", HELLO, "say: Hi.\n    say: Ho. # <-", "duplicate-key", "keep one"),
    ("an option twice", SERVICE, f"{SERVICE}\n      sales: [buying] # <-", "duplicate-key", "keep one"),
    ("what looks like spaces before a word", f"    {HELLO}", "\u00a0\u00a0\u00a0say: Hi. # <-", "yaml", "a space"),
    ("what looks like a space behind a colon", HELLO, "say:\u00a0Hi. # <-", "yaml", "type a space"),
    ("what looks like a space behind a dash", "  - id: menu", "  -\u00a0id: menu # <-", "yaml", "type a space"),
    ("a sign in a word that cannot be seen", "    ask: Sales", "    ask\u200b: # <-\n      Sales", "unseen", "again"),
    ("a control character", HELLO, "say: Hi\x01 there. # <-", "yaml", "delete it"),
    ("quotes of a word processor", HELLO, "say: \u201cHello: how are you?\u201d # <-", "yaml", "straight ones"),
    ("a dash of a word processor", "  - id: menu", "  \u2013 id: menu # <-", "yaml", "a plain hyphen"),
    ("no space behind the dash", "  - id: menu", "  -id: menu # <-", "yaml", "a space behind it"),
    ("no space behind the colon", HELLO, "say:Hi. # <-", "yaml", "a space behind it"),
    ("no space behind the colon of an id", "- id: hello", "- id:hello # <-", "yaml", "a space behind it"),
    ("no dash before a step", "  - id: menu", "    id: menu # <-", "duplicate-key", "another step with a dash"),
    ("an apostrophe in single quotes", HELLO, "say: 'It's done' # <-", "yaml", 'in "..."'),
    ("a text behind its quotes", HELLO, 'say: "Contoso" says hello # <-', "yaml", "in '...'"),
    ("a quote that is closed by the next one", HELLO, 'say: "Hello # <-', "yaml", "close it"),
    ("a text behind a bar", HELLO, "say: | Hello # <-", "yaml", "quotes"),
    ("a text below its word, not indented", HELLO, "say: >\n    Hello there # <-", "yaml", "indent it further"),
    ("a text that begins with a dash", HELLO, "say: - hello # <-", "yaml", "quotes"),
    ("a conflict of git", "  - id: menu\n", "<<<<<<< HEAD # <-\n  - id: menu\n=======\n  - id: m\n>>>>>>> x\n", "yaml",
     "keep one"),
    ("a key that is a comment", SERVICE, "service:\n        say: [service]\n        key: # <-\n        next: office",
     "empty-word", 'key: "#"'),
    ("a text with a number sign", HELLO, "say: To end this, press # <-", "cut-short", "quotes"),
    ("a gap in two pairs of braces", TOLD, "say: In {{days}} days. # <-", "braces-said", "write {days}"),
    ("phrases in one text", SALES, "sales:\n        say: sales, buy # <-\n        next: order", "one-phrase",
     "write [sales, buy]"),
    ("phrases in one text, in short", SALES, "sales: sales; buy; new order # <-", "one-phrase",
     "write [sales, buy, new order]"),
    ("words of everywhere in one text", 'agent: {key: "0", goto: agent}',
     "agent:\n    say: agent, person # <-\n    goto: agent", "one-phrase", "write [agent, person]"),
    ("words to expect in one text", "digits: 6", "digits: 6\n    phrases: order, number # <-", "one-phrase", "write ["),
    ("an option beside its choice", f"      {SERVICE}", "    service: {say: [fix]} # <-", "unknown-word", "choice:"),
    ("a number in quotes", "digits: 6", 'digits: "6" # <-', "wrong-kind", "without quotes"),
    ("a range of digits", "digits: 6", "digits: 4-6 # <-", "wrong-kind", "{min: 4, max: 6}"),
    ("a name with letters that none can have", "id: hello", "id: begr\u00fc\u00dfung # <-", "bad-name", "begruessung"),
    ("a way that is written as a step", "then: sent", "then: {goto: sent} # <-", "wrong-kind", "write then: sent"),
    ("an address without its beginning", '{get: "https://shop.example/{number}", timeout: 3s}',
     '{get: "shop.example/{number}"} # <-', "wrong-value", "https://"),
    ("a file in the place of a step", "closed: bye", "closed: ship # <-", "unknown-step", "call: ship"),
    ("a text that is compared without quotes", "if: order.sent", "if: order.state == open # <-", "unset", "in quotes"),
    ("not, as other languages write it", "if: order.sent", "if: !order.sent # <-", "tag", "not"),
    ("days by their whole names", "mon-fri:", "monday-friday:", "schedule", "write mon-fri"),
    ("a time zone by its place", "Europe/Berlin", "Berlin # <-\n   ", "schedule", "Europe/Berlin"),
    # words that there are not
    ("say misspelt", HELLO, "sya: Hi. # <-", "no-word", "did you mean 'say'?"),
    ("ask misspelt", MENU, "aks: Sales? # <-", "no-word", "did you mean 'ask'?"),
    ("choice misspelt", "    choice:\n", "    choise: # <-\n", "unknown-word", "did you mean 'choice'?"),
    ("steps misspelt", "steps:\n", "stpes: # <-\n", "unknown-word", "did you mean 'steps'?"),
    ("globals misspelt", "globals:", "global: # <-", "unknown-word", "did you mean 'globals'?"),
    ("retry misspelt", "retry: [", "rety: [ # <-\n", "unknown-word", "did you mean 'retry'?"),
    ("a wrong word in an option", SERVICE, "service: {says: repair} # <-", "unknown-word", "did you mean 'say'?"),
    ("a wrong word in a request", "timeout: 3s}", "timout: 3s} # <-", "unknown-word", "did you mean 'timeout'?"),
    ("a wrong word in digits", "digits: 6", "digits: {lenght: 6} # <-", "unknown-word", "did you mean 'length'?"),
    ("a word of questions in say", HELLO, "say: Hi.\n    retry: Ho. # <-", "unknown-word", "known are"),
    ("two things in a step", HELLO, "say: Hi.\n    goto: menu # <-", "two-words", "two steps"),
    ("a step without words", f"id: hello\n    {HELLO}", "id: hello # <-", "no-word", "it needs one of"),
    ("a step that is a text", "  - id: bye\n", "  - hello # <-\n  - id: bye\n", "wrong-kind", "- id: hello"),
    # values that are none
    ("an empty text", HELLO, 'say: "" # <-', "empty-text", "write what is said"),
    ("a text of spaces", "ask: What is your order number?", 'ask: "  " # <-', "empty-text", "write what is said"),
    ("an empty text among others", "[Please say", '["", Please say', "empty-text", "write what is said"),
    ("a quote that is not closed", TOLD, "say: In {days + 'x} days. # <-", "value", ""),
    ("nothing said", HELLO, "say: # <-", "wrong-kind", "quotes"),
    ("a number of tries that is none", "digits: 6", "digits: 6\n    tries: many # <-", "wrong-value", ""),
    ("too many tries", "digits: 6", "digits: 6\n    tries: 50 # <-", "wrong-value", ""),
    ("a time that is none", "timeout: 3s", "timeout: soon # <-\n", "wrong-value", ""),
    ("a key that is none", 'key: "2"', "key: 22 # <-\n", "bad-name", ""),
    ("a name with a space", "id: menu", "id: the menu # <-", "bad-name", ""),
    ("two methods", "{get: ", "{post: 'https://x', get: # <-\n ", "wrong-value", ""),
    ("a talk-over word that is none", HELLO, "say: Hi.\n    barge_in: perhaps # <-", "wrong-value", ""),
    ("digits from 9 to 3", "digits: 6", "digits: {min: 9, max: 3} # <-", "wrong-value", ""),
    ("a name of the language", "save: number\n", "save: now # <-\n", "reserved", "another name"),
    ("a step called end", "id: hello", "id: end # <-", "reserved", "another id"),
    # values in texts
    ("a gap that is not closed", HELLO, "say: Hi {company. # <-", "value", ""),
    ("a way of saying that is none", TOLD, "say: In {days|loudly} days. # <-", "value", ""),
    ("half an expression", "if: order.sent", 'if: "order.sent and" # <-', "condition", ""),
    ("an expression in a text", TOLD, "say: In {days +} days. # <-", "value", ""),
    # what may not be kept
    ("a recording that is told nonsense", HELLO, "record: paused # <-", "wrong-value", ""),
    ("a recording that is paused for good", HELLO, "record: pause # <-", "paused-for-good", "record: resume"),
    ("a sensitive answer that is said", "help: It is on your bill.", "help: It is on your bill.\n    sensitive: true\n"
     "  - id: thanks\n    say: Thanks for {number|digits}. # <-", "sensitive-said", "last(number, 4)"),
    # handing on
    ("a header that cannot be sent", TRANSFER, 'transfer: {to: "1", headers: {From: me}} # <-', "bad-name", "X-"),
    ("a queue without a service that knows it", TRANSFER,
     'queue:\n      to: "1"\n      position: You are next. # <-\n    on_fail: bye', "no-status", "status:"),
    ("a queue that is never full", TRANSFER, 'queue: "1"\n    full: bye # <-', "no-effect", "full_when:"),
    ("a queue with hours that there are not", TRANSFER, 'queue: {to: "1", hours: offce} # <-\n    on_fail: bye',
     "unknown-schedule", "did you mean 'office'?"),
    ("a queue's condition that is none", TRANSFER,
     'queue:\n      to: "1"\n      status: {get: "https://x"}\n      full_when: "queue. > 2" # <-', "condition", ""),
    ("a queue's key that leads nowhere", TRANSFER, 'queue: "1"\n    keys: {"1": lost} # <-', "unknown-step", ""),
    ("a round without an end", TRANSFER, 'queue: {to: "1", every: 0s} # <-', "wrong-value", ""),
    # calling somebody
    ("an outcome misspelt", TRANSFER, 'dial: "1"\n    no_anser: bye # <-\n    on_fail: bye', "unknown-word",
     "did you mean 'no_answer'?"),
    ("an outcome written as the service has it", TRANSFER, 'dial: "1"\n    no-answer: bye # <-\n    on_fail: bye',
     "unknown-word", "did you mean 'no_answer'?"),
    ("an outcome that leads nowhere", TRANSFER, 'dial: "1"\n    busy: bey # <-\n    on_fail: bye', "unknown-step",
     "did you mean 'bye'?"),
    ("a wait for what there is not", TRANSFER, 'dial: {to: "1", wait_for: answer} # <-\n    on_fail: bye',
     "wrong-value", ""),
    ("a way for an outcome that nobody waits for", TRANSFER,
     'dial: {to: "1", wait_for: nothing}\n    busy: bye # <-', "no-effect", "wait_for"),
    ("somebody who is not reached, and nobody asks", TRANSFER, 'dial: "1" # <-', "no-on-fail", "on_fail:"),
    ("an outcome that there is not", TRANSFER, 'dial: "1"\n    save: went\n  - id: asked\n'
     '    if: number and went == "no-answer" # <-\n    then: bye', "never-equal", "did you mean 'no_answer'?"),
    ("outcomes of which one there is not", TRANSFER, 'dial: "1"\n    save: went\n  - id: asked\n'
     '    if: not (went in ["busy", "bussy"]) # <-\n    then: bye', "never-equal", "did you mean 'busy'?"),
    ("a direction that there is not", HELLO, "say: \"{1 if 'outgoing' == direction else 2}\" # <-", "never-equal",
     "did you mean 'outbound'?"),
    ("a dialled number that nothing sets", TRANSFER, 'dial: "{numbr}" # <-\n    on_fail: bye', "unset",
     "did you mean 'number'?"),
    ("a context that is none", HELLO, 'say: "Order {contxt.order}." # <-', "unset", "did you mean 'context'?"),
    ("a direction that is none", HELLO, 'say: "{diretcion}" # <-', "unset", "did you mean 'direction'?"),
    # languages
    ("a language that nothing is written in", HELLO, "language: fr-FR # <-", "no-translation", "main.fr-FR.yaml"),
    ("a language that is none", MENU + "\n    choice:", "ask: Which?\n    languages: {English: } # <-\n    choice:",
     "bad-name", ""),
    ("languages beside another kind", "digits: 6", "languages: {en-US: }\n    digits: 6 # <-", "two-kinds",
     "leave one"),
    # where it goes
    ("a step that is not there", "closed: bye", "closed: by # <-", "unknown-step", "did you mean 'bye'?"),
    ("an option's step that is not there", SALES, "sales: {next: ordr} # <-", "unknown-step", "did you mean 'order'?"),
    ("on_fail that is not there", TRANSFER, 'transfer: "1"\n    on_fail: byee # <-', "unknown-step", "'bye'"),
    ("an agent that is not there", "goto: agent}", "goto: agents} # <-", "unknown-step", "did you mean 'agent'?"),
    ("an agent that goes nowhere", 'agent: {key: "0", goto: agent}', 'agent: {key: "0"} # <-', "missing", "goto:"),
    ("a dialog that is not there", "call: ship", "call: shop # <-", "unknown-dialog", "did you mean 'ship'?"),
    ("a schedule that is not there", "hours: office", "hours: offices # <-", "unknown-schedule", "'office'"),
    ("an id twice", "id: told", "id: hello # <-", "duplicate-id", "another id"),
    ("a step nobody comes to", "  - id: agent\n", "  - id: lost # <-\n    say: Hi.\n  - id: agent\n", "unreachable",
     "go to it from another step"),
    ("a circle", TOLD + "\n    next: price", TOLD + "\n  - id: round # <-\n    goto: round", "circle", "a question"),
    ("a condition that changes nothing", "if: order.sent\n    then: sent\n    else: waiting",
     "if: order.sent # <-\n    then: sent\n    else: sent", "same-way",
     "another step"),
    ("something behind the end", "hangup: Goodbye.", "hangup: Goodbye.\n    next: menu # <-", "no-effect", "leave"),
    # what may go wrong on the phone
    ("a service that fails", "save: order\n    on_error: agent", "save: order", "no-on-error", "add on_error:"),
    ("a function that fails", "save: total\n    on_error: agent", "save: total", "no-on-error", "add on_error:"),
    ("a long prompt", HELLO, "say: Welcome. " + 40 * "blah blah " + "# <-", "too-long-to-hear", "several steps"),
    ("a key for two options", 'key: "2"', 'key: "1" # <-\n', "duplicate-key-press", "another key"),
    ("the agent's key", 'key: "2"', 'key: "0" # <-\n', "key-taken", "another key"),
    ("a word for two options", SERVICE, "service: {say: [buy], next: office} # <-", "same-words", "leave it out"),
    ("words that sound alike", SERVICE, "service: {say: [sails], next: office} # <-", "sound-alike", "other words"),
    ("two kinds of answer", "digits: 6", "digits: 6\n    number: true # <-", "two-kinds", "leave one"),
    ("no kind of answer", "    digits: 6\n", "", "no-kind", "add one of"),
    ("confirmed and not kept", "    save: number\n", "", "confirm-without-save", "save:"),
    # values
    ("a variable misspelt", TOLD, "say: In {dayz} days. # <-", "unset", "did you mean 'days'?"),
    ("a variable set nowhere", HELLO, "say: Hi {friend}. # <-", "unset", ""),
    ("a variable set too late", HELLO, "say: In {total} days. # <-", "unset", "a step before"),
    ("a condition misspelt", "if: order.sent", "if: ordr.sent # <-", "unset", "did you mean 'order'?"),
    ("a secret that is said", HELLO, "say: Hi {secrets.CRM}. # <-", "secret", "leave it out"),
    ("an input that is not there", 'ship\n    with: {number:', "ship\n    with: {numbr: # <-\n ", "unknown-input",
     "did you mean 'number'?"),
    ("an input left out", "call: ship\n    with: {number: \"{number}\"}", "call: ship # <-", "missing-input", "with:"),
    ("an output that is not there", "{days: days}", "{days: dais} # <-", "unknown-output", "did you mean 'days'?"),
    # Python
    ("a module that is not there", "prices.total", "price.total # <-", "unknown-dialog", ""),
    ("a function that is not there", "prices.total", "prices.totl # <-", "unknown-function", "did you mean 'total'?"),
    ("a function that is not async", "prices.total", "prices.slow # <-", "not-async", "async def"),
    ("an argument that is not there", 'prices.total\n    with: {number:', "prices.total\n    with: {no: # <-\n ",
     "unknown-input", "leave it out"),
    # people
    ("a number that is none", TRANSFER, "transfer: {to: extension 7001} # <-\n    on_fail: bye", "wrong-value", ""),
    # opening hours
    ("a time zone that is none", "Europe/Berlin", "Europe/Berln # <-\n   ", "schedule", ""),
    ("a day that is none", "mon-fri:", "mon-fry:", "schedule", ""),
    ("hours that are none", '"08:00-18:00"', '"8 to 6" # <-\n   ', "schedule", ""),
]  # fmt: skip


def problems(folder: Path, main: str, **more: str) -> list[Problem]:
    folder.mkdir(exist_ok=True)
    files = {"main.yaml": main, "ship.yaml": SHIP, "prices.py": PRICES}
    files |= {name.replace("__", "."): text for name, text in more.items()}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return check_dialogs(load_dialogs(folder))


def test_the_good_folder_has_nothing_to_mend(tmp_path: Path) -> None:
    assert [str(problem) for problem in problems(tmp_path, GOOD)] == []


def test_there_are_sixty_mistakes_and_no_two_alike() -> None:
    assert len({(old, new) for _, old, new, _, _ in FAULTS}) == len(FAULTS) >= 60


@pytest.mark.parametrize(("old", "new", "code", "mend"), [fault[1:] for fault in FAULTS], ids=[f[0] for f in FAULTS])
def test_each_mistake_is_told_where_it_is_with_its_mend(
    tmp_path: Path, old: str, new: str, code: str, mend: str
) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    found = problems(tmp_path, text)
    told = "\n".join(map(str, found))
    same = [problem for problem in found if problem.code == code]
    assert same, told
    assert mend in same[0].mend, told
    assert same[0].file.name == "main.yaml"
    marked = [number for number, line in enumerate(text.splitlines(), 1) if "# <-" in line]
    near = marked[0] if marked else GOOD[: GOOD.index(old)].count("\n") + 1
    assert abs(same[0].line - near) <= (0 if marked else 3), told


def test_a_character_that_is_not_utf_8_is_told_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_bytes(GOOD.replace("Welcome", "Sch\u00f6n").encode("cp1252"))
    (found,) = load_dialogs(tmp_path).problems
    assert (found.line, found.column, found.code) == (9, 13, "file-encoding")


def test_a_file_with_a_mark_of_its_bytes_and_the_line_ends_of_windows_is_read(tmp_path: Path) -> None:
    assert not problems(tmp_path, GOOD)
    (tmp_path / "main.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert not check_dialogs(load_dialogs(tmp_path))


@pytest.mark.parametrize("again", ["main", "ship", "back"])
def test_dialogs_that_call_each_other_in_a_circle_are_told(tmp_path: Path, again: str) -> None:
    ship = f"{SHIP}  - {{id: again, call: {again}, with: {{number: 1}}}}\n"
    back = "inputs: [number]\nsteps:\n  - {id: on, call: ship, with: {number: 1}}\n"
    told = [one for one in problems(tmp_path, GOOD, ship__yaml=ship, back__yaml=back) if one.code == "called-in-circle"]
    assert ("ship.yaml", 6) in [(one.file.name, one.line) for one in told]
    assert {one.file.name for one in told} == {"ship.yaml", *({f"{again}.yaml"} - {"ship.yaml"})}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("main_de", "main.de.yaml"),
        ("main.DE", "main.de.yaml"),
        ("main-de-at", "main.de-AT.yaml"),
        ("mian.de", "'main'"),
    ],
)
def test_a_translation_that_is_not_called_so_is_told(tmp_path: Path, name: str, meant: str) -> None:
    (tmp_path / f"{name}.yaml").write_text("steps:\n  hello: {say: Hallo.}\n", encoding="utf-8")
    (told,) = problems(tmp_path, GOOD)
    assert told.code == "translation-name" and meant in told.mend


@pytest.mark.parametrize("name", ["Main.yaml", "main.yaml.txt", "MAIN.YML"])
def test_a_main_file_that_is_called_otherwise_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(GOOD, encoding="utf-8")
    told = [one for one in load_dialogs(tmp_path).problems if one.code == "no-main"]
    assert [one.mend for one in told] == [f"{name} is there: call it main.yaml"]


def test_every_fault_has_a_mend_however_the_file_is_spoilt(tmp_path: Path) -> None:
    main = tmp_path / "main.yaml"
    for spoilt in (b"", b"\xff", b"a: \x00", b"%A\n" * 20, b"- " * 90, b"x" * 1_100_000, b"? [a]\n: b\n"):
        main.write_bytes(spoilt)
        found = check_dialogs(load_dialogs(tmp_path))
        assert found and all(one.mend for one in found), found


@pytest.mark.parametrize(
    ("german", "code", "line"),
    [
        ("steps:\n  hello: {say: Hallo.}\n  menu: {ask: Was?}\n  order: {ask: Nummer?}\n", "not-translated", 1),
        ("steps:\n  helo: {say: Hallo.}\n", "unknown-step", 2),
        ("stps:\n  hello: {say: Hallo.}\n", "unknown-word", 1),
        ("steps:\n  hello: {say: Hallo., next: bye}\n", "not-translatable", 2),
    ],
)
def test_mistakes_in_a_translation_are_told_in_its_file(tmp_path: Path, german: str, code: str, line: int) -> None:
    (tmp_path / "main.de.yaml").write_text(german, encoding="utf-8")
    found = [problem for problem in problems(tmp_path, GOOD) if problem.code == code]
    assert ("main.de.yaml", line) in [(problem.file.name, problem.line) for problem in found]


def test_python_that_cannot_be_read_is_told_at_its_line(tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD, prices__py=textwrap.dedent("X = 1\nasync def total(number)\n    return 1\n"))
    assert [(problem.file.name, problem.line, problem.code) for problem in found] == [("prices.py", 2, "python")]


def test_whatever_line_is_lost_or_repeated_the_check_goes_on(tmp_path: Path) -> None:
    (tmp_path / "main.de.yaml").write_text("steps:\n  hello: {say: Hallo.}\n", encoding="utf-8")
    lines = GOOD.splitlines()
    for at in range(len(lines)):
        for instead in ([], [lines[at], lines[at]], [lines[at].partition(":")[0] + ":"]):
            text = "\n".join([*lines[:at], *instead, *lines[at + 1 :]])
            assert all(problem.line >= 1 and problem.message for problem in problems(tmp_path, text))


def test_a_comma_within_a_phrase_of_a_list_and_beside_a_yes_or_no_is_right(tmp_path: Path) -> None:
    right = (
        'sales: {say: ["sales, the shop", buy], key: "1", next: order}\n      more:\n        say: no, something else'
    )
    assert SALES in GOOD
    found = problems(tmp_path, GOOD.replace(SALES, f"{right}\n        next: order"))
    assert [str(problem) for problem in found] == []


def test_phrases_in_one_text_of_a_translation_are_told_in_its_file(tmp_path: Path) -> None:
    words = "steps:\n  menu:\n    choice:\n      sales: Verkauf, kaufen\n      service: [Service, 'Hilfe, bitte']\n"
    (told,) = [one for one in problems(tmp_path, GOOD, main__de__yaml=words) if one.code == "one-phrase"]
    assert (told.file.name, told.line) == ("main.de.yaml", 4) and "[Verkauf, kaufen]" in told.mend
