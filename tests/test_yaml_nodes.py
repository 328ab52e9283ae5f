"""YAML that overruns a parser is a fault of its text, told with its line; the process goes on."""

from __future__ import annotations

import pytest
import yaml

from voicebot.yaml_nodes import MAX_DEPTH, compose


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 32_000,
        "a:\n  " + "[" * 32_000 + "]" * 32_000,
        "{a: " * 32_000,
        "- " * 32_000,
        "? " * 32_000,
        "[\n" * 32_000,
        "- - - [[" + "{x: [" * 32_000,
        "".join(" " * depth + "a:\n" for depth in range(500)),
        "".join(f"&a{number} [*a{number}, " for number in range(32_000)),
    ],
)
def test_what_is_nested_too_deeply_is_told_with_its_line(text: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError) as told:
        compose(text)
    assert told.value.problem_mark is not None
    assert f"nested deeper than {MAX_DEPTH}" in str(told.value.problem)
    assert told.value.problem_mark.index < 5000, "the parser is asked for no more than it takes to see it"


def test_directives_are_few() -> None:
    with pytest.raises(yaml.YAMLError, match="begin with %"):
        compose("".join(f"%TAG !{number}! x:\n" for number in range(50_000)) + "--- a\n")


def test_what_people_write_is_composed() -> None:
    node = compose("%YAML 1.2\n---\na: [1, {b: c}]\n")
    assert isinstance(node, yaml.MappingNode)
    assert compose("") is None


def test_aliases_are_not_written_out() -> None:
    bomb = "a: &a [x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n"
                                       for n in range(20))  # fmt: skip
    assert isinstance(compose(bomb), yaml.MappingNode)
