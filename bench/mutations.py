"""Makes the mutants of ``mutants.py``: one small change of a module each, at places drawn at random."""

from __future__ import annotations

import ast
import difflib
import io
import random
import tokenize
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.operators.provider import OperatorProvider
from parso.python.tree import Name

ROOT = Path(__file__).resolve().parent.parent

OPERATORS = [
    *("AddNot", "ExceptionReplacer", "NumberReplacer", "ZeroIterationForLoop"),
    *("ReplaceAndWithOr", "ReplaceOrWithAnd", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak"),
    *("ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_USub_UAdd"),
    *(f"ReplaceComparisonOperator_{pair}" for pair in ("Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is")),
    *(f"ReplaceComparisonOperator_{pair}" for pair in ("Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Lt_Gt", "Gt_Lt")),
    *(
        f"ReplaceBinaryOperator_{pair}"
        for pair in ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_Mul")
    ),
    *(
        f"ReplaceBinaryOperator_{pair}"
        for pair in ("BitAnd_BitOr", "BitOr_BitAnd", "BitXor_BitAnd", "LShift_RShift", "RShift_LShift")
    ),
]
"""Of cosmic-ray's: those whose change a careless hand could make. The others fail at the first call, whoever tests."""


class StatementLoss(Operator):
    """Removes a statement that is a call, an ``await`` or an augmented assignment."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        if node.type == "simple_stmt" and self._matters(node.children[0]):
            yield node.children[0].start_pos, node.children[0].end_pos

    @staticmethod
    def _matters(statement: Any) -> bool:
        if statement.type == "expr_stmt":
            return str(getattr(statement.children[1], "value", "=")) not in ("=", ":=")  # += and its like
        return statement.type in ("atom_expr", "power", "await_expr")

    def mutate(self, node: Any, index: int) -> Any:
        prefix = node.get_first_leaf().prefix
        node.children[0] = Name("pass", node.children[0].start_pos, prefix)
        return node

    @classmethod
    def examples(cls) -> Sequence[object]:
        return ()


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. ``was`` and ``now``: the lines that differ, without indent and comments. ``within``: the function."""

    module: str
    within: str
    line: int
    was: str
    now: str
    code: str

    @property
    def told(self) -> str:
        return f"{self.module}:{self.line}: {self.was}  ->  {self.now}"

    def is_in(self, changes: Collection[tuple[str, str, str, str]]) -> bool:
        """Whether it is one of ``changes``: module, ``within`` (empty: anywhere), ``was`` and ``now``."""
        return any((self.module, within, self.was, self.now) in changes for within in ("", self.within))


def operators() -> list[Operator]:
    provider = OperatorProvider()
    return [StatementLoss(), *(provider[name]() for name in OPERATORS)]


def sampled(module: str, count: int, seed: int) -> list[Mutant]:
    """``count`` mutants at places drawn at random; fewer where there are not so many places."""
    source = (ROOT / module).read_text()
    places: dict[tuple[int, int], list[tuple[Operator, int]]] = {}
    for operator in operators():
        occurrence = 0
        for node in ast_nodes(get_ast(source)):
            for begin, _ in operator.mutation_positions(node):
                places.setdefault(begin, []).append((operator, occurrence))
                occurrence += 1
    chance = random.Random(f"{seed} {module}")
    drawn = sorted(places)
    chance.shuffle(drawn)
    found: list[Mutant] = []
    meaning = _meaning(source)
    for place in drawn:
        if len(found) == count:
            break
        choices = places[place]
        chance.shuffle(choices)
        for operator, occurrence in choices:
            try:
                code = mutate_code(source, operator, occurrence)
            except AttributeError:  # exceptions with a dot in their name are too much for cosmic-ray 8.7
                continue
            if code is not None and _differs(code, meaning):
                found.append(_mutant(module, source, code))
                break
    return found


def _differs(code: str, meaning: str) -> bool:
    try:
        return _meaning(code) != meaning
    except SyntaxError:
        return False


def _meaning(source: str) -> str:
    """The code without what does not matter when it runs."""
    return ast.dump(_WhatMatters().visit(ast.parse(source)))


class _WhatMatters(ast.NodeTransformer):
    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
        node.defaults = [*node.defaults, *filter(None, node.kw_defaults)]
        node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        return self._limit(node, node.targets[0])

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self._limit(node, node.target)

    def _limit(self, node: ast.Assign | ast.AnnAssign, target: ast.expr) -> ast.AST:
        if isinstance(target, ast.Name) and target.id.lstrip("_").startswith("MAX_"):
            node.value = ast.Constant(None)
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call):
                decorator.keywords = []
        return self.generic_visit(node)


def _mutant(module: str, source: str, code: str) -> Mutant:
    before, after = code_lines(source), code_lines(code)
    changed = [
        op for op in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes() if op[0] != "equal"
    ]
    _, begin, end, new, stop = changed[0]
    was, now = (" ".join(filter(None, lines)) for lines in (before[begin:end], after[new:stop]))
    return Mutant(module, function_at(source, begin + 1), begin + 1, was, now, code)


def function_at(source: str, line: int) -> str:
    """The name of the innermost function around ``line``; empty outside of functions."""
    functions = [
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    around = [node for node in functions if node.lineno <= line <= (node.end_lineno or 0)]
    return max(around, key=lambda node: node.lineno).name if around else ""


def code_lines(source: str) -> list[str]:
    """The lines of ``source`` without indent and comments, and with one blank for several."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    return [" ".join(line.split()) for line in lines]
