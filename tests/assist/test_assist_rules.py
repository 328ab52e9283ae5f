from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.assist.analysis import PauseAsked, SpokenLine
from voicebot.assist.checklist import Checklist
from voicebot.assist.entries import ChecklistItem, Suggestion
from voicebot.assist.rules import RulesOfCall, read_rules
from voicebot.events.parties import Role

SAMPLE = Path(__file__).resolve().parents[2] / "assist" / "rules.yaml"
RULES = """
rules:
  - rule: Wants to leave
    caller says: [cancel my (contract|account), switch to another]
    show: Offer three months.
  - rule: Complaint
    anybody says: complaint
    show: {title: A complaint, text: Say that you are sorry.}
  - rule: Card number
    agent says: [card number]
    listening: pause
    show: Listening pauses now.
checklist:
  - item: Says the name
    agent says: [my name is]
  - item: Smiles
"""


def line(text: str, role: Role = Role.CALLER, utterance: str = "u1") -> SpokenLine:
    return SpokenLine(utterance, role.value, role, text)


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def rules(tmp_path: Path) -> RulesOfCall:
    book, problems = read_rules(written(tmp_path, RULES))
    assert not problems
    return RulesOfCall(book.rules, "rules.yaml")


def test_what_the_caller_says_shows_what_the_rule_says_once_in_a_call(rules: RulesOfCall) -> None:
    assert rules.heard(line("I'd like to CANCEL my account!"), partial=False) == [
        Suggestion("rule-wants-to-leave", "Wants to leave", "Offer three months.", "rules.yaml, Wants to leave", "u1")
    ]
    assert rules.heard(line("So cancel my contract.", utterance="u2"), partial=False) == []


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("I can cancel my account myself.", Role.AGENT),
        ("I can cancel my account myself.", Role.OTHER),
        ("I'd cancel the account.", Role.CALLER),
        ("", Role.CALLER),
    ],
)
def test_other_words_or_another_party_do_nothing(rules: RulesOfCall, text: str, role: Role) -> None:
    assert rules.heard(line(text, role), partial=False) == []


@pytest.mark.parametrize("role", list(Role))
def test_a_rule_for_anybody(rules: RulesOfCall, role: Role) -> None:
    (shown,) = rules.heard(line("This is a complaint.", role), partial=False)
    assert isinstance(shown, Suggestion) and shown.title == "A complaint"


def test_listening_pauses_before_the_sentence_is_over_and_once_for_it(rules: RulesOfCall) -> None:
    asked = line("Your card number", Role.AGENT)
    assert rules.heard(asked, partial=True) == [PauseAsked("Card number")]
    assert rules.heard(asked, partial=True) == []
    (shown,) = rules.heard(asked, partial=False)
    assert isinstance(shown, Suggestion)
    again = line("And the card number of the other one?", Role.AGENT, "u3")
    assert rules.heard(again, partial=False) == [PauseAsked("Card number")]
    assert rules.heard(asked, partial=False) == [], "a correction of what was said before"


def test_only_the_last_words_of_an_endless_utterance_are_looked_at(rules: RulesOfCall) -> None:
    assert rules.heard(line("cancel my account " + "and " * 500), partial=False) == []
    assert rules.heard(line("and " * 500 + "cancel my account"), partial=False)


def test_items_tick_themselves_or_are_ticked_and_stay_so(tmp_path: Path) -> None:
    book, _ = read_rules(written(tmp_path, RULES))
    checklist = Checklist(book.items)
    assert checklist.items == [ChecklistItem("says-the-name", "Says the name"), ChecklistItem("smiles", "Smiles")]
    assert checklist.heard(line("My name is Ann.")) == []
    done = ChecklistItem("says-the-name", "Says the name", "u7")
    assert checklist.heard(line("Hello, my name is Ann.", Role.AGENT, "u7")) == [done]
    assert checklist.heard(line("My name is Ann.", Role.AGENT, "u8")) == []
    assert checklist.tick("smiles") == ChecklistItem("smiles", "Smiles", "agent")
    assert checklist.tick("smiles") is None
    assert checklist.tick("says-the-name") is None
    assert checklist.tick("none") is None
    assert checklist.items == [done, ChecklistItem("smiles", "Smiles", "agent")]


@pytest.mark.parametrize(
    ("text", "line_number", "said", "mend"),
    [
        ("rules: 3", 1, "rules must be a list", "dash"),
        ("- rule: a", 1, "words with a colon", "rules, checklist"),
        ("rulez: []", 1, "'rulez'", "did you mean 'rules'?"),
        ("rules:\n  - rule: A\n    caller say: x\n    show: y", 3, "'caller say'", "did you mean 'caller says'?"),
        ("rules:\n  - rule: A\n    show: y", 2, "nothing that somebody says", "caller says"),
        ("rules:\n  - rule: A\n    caller says: x", 2, "does nothing", "show:"),
        ("rules:\n  - caller says: x\n    show: y", 2, "no text", "rule: "),
        ("rules:\n  - rule: A\n    caller says: [a, (b]\n    show: y", 3, "(b", "(a|b)"),
        ("rules:\n  - rule: A\n    caller says: [a, '(|)']\n    show: y", 3, "choice", "(a|b)"),
        ("rules:\n  - rule: A\n    caller says: [{a: b}]\n    show: y", 3, "not a phrase", "quotes"),
        ("rules:\n  - rule: A\n    caller says: x\n    listening: stop", 4, "stop", "write pause"),
        ("rules:\n  - rule: A\n    caller says: x\n    listening: [pause]", 4, "pause", "write pause"),
        ("rules:\n  - rule: A\n    caller says: x\n    listening: resume", 4, "resume", "assist.pause_s"),
        ("rules:\n  - rule: A\n    caller says: x\n    show: {titel: z, text: y}", 4, "'titel'", "'title'"),
        ("rules:\n  - rule: A\n    caller says: x\n    show: ''", 4, "no text", "write"),
        (
            "rules:\n  - {rule: A, caller says: x, show: y}\n  - {rule: a, caller says: x, show: y}",
            3,
            "'a' is here twice",
            "name of its own",
        ),
        ("checklist:\n  - Smiles", 2, "words with a colon", "item"),
        ("checklist:\n  - item: []", 2, "no text", "item:"),
        ("rules:\n  - rule: A\n   show: b", 3, "", ""),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_how_to_mend_it(
    tmp_path: Path, text: str, line_number: int, said: str, mend: str
) -> None:
    file = written(tmp_path, text)
    _, problems = read_rules(file)
    assert problems
    first = problems[0]
    assert (first.file, first.line) == (file, line_number), list(map(str, problems))
    assert said in first.message
    assert mend in first.mend


def test_no_file_is_no_rules(tmp_path: Path) -> None:
    book, problems = read_rules(tmp_path / "rules.yaml")
    assert (book.rules, book.items, problems) == ((), (), [])


def test_the_sample_has_no_faults_and_pauses_for_card_numbers() -> None:
    book, problems = read_rules(SAMPLE)
    assert not problems
    rules = RulesOfCall(book.rules, "rules.yaml")
    (asked,) = rules.heard(line("May I have your card number, please?", Role.AGENT), partial=True)
    assert asked == PauseAsked("Card number")
    assert len(book.items) == 4


@given(st.text(max_size=300))
def test_any_file_is_read(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("rules")
    file = folder / "rules.yaml"
    file.write_text("rules:\n  - " + text, encoding="utf-8", errors="replace")
    read_rules(file)
