from __future__ import annotations

import pytest

from bench.mutants import Configuration
from bench.mutations import ROOT, Mutant, code_lines, function_at

CONFIGURATION = Configuration.read()


@pytest.mark.parametrize("module", CONFIGURATION.modules)
def test_a_listed_module_exists(module: str) -> None:
    assert (ROOT / module).is_file()


@pytest.mark.parametrize(("module", "within", "was", "now"), sorted(CONFIGURATION.equivalent))
def test_what_is_listed_as_no_mistake_is_one_line_of_the_code(module: str, within: str, was: str, now: str) -> None:
    source = (ROOT / module).read_text()
    places = [line for line, code in enumerate(code_lines(source), 1) if code == was]
    if within:
        places = [line for line in places if function_at(source, line) == within]
    assert len(places) == 1, f"mend bench/mutants.toml: these lines of {module} are {was!r}: {places}"
    assert was != now


def test_a_change_may_be_listed_for_one_function_or_for_all() -> None:
    mutant = Mutant("a.py", "__init__", 7, "a = 1", "a = 2", "")
    assert mutant.is_in({("a.py", "", "a = 1", "a = 2")}) and mutant.is_in({("a.py", "__init__", "a = 1", "a = 2")})
    assert not mutant.is_in({("a.py", "close", "a = 1", "a = 2"), ("a.py", "", "a = 1", "a = 3")})


def test_the_innermost_function_is_told() -> None:
    source = "a = 1\ndef f():\n    async def g():\n        pass\n    return g\n"
    assert [function_at(source, line) for line in range(1, 6)] == ["", "f", "g", "g", "f"]


def test_comments_are_no_part_of_a_line_and_marks_in_strings_are() -> None:
    source = 'a = 1  # one\nif  a:\n    # only a comment\n    b = "# no comment"  # another\n'
    assert code_lines(source) == ["a = 1", "if a:", "", 'b = "# no comment"']
