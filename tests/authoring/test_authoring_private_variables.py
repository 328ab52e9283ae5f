"""What is private in dialogs, told from their files."""

from __future__ import annotations

from pathlib import Path

import pytest
from folder_line import write

from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.private_variables import private_in

PIN = "{id: pin, ask: 'PIN?', digits: 4, sensitive: true, save: pin}"
NAME = "{id: name, ask: 'Name?', text: true, save: name}"


@pytest.mark.parametrize(
    ("main", "sub", "variables", "steps"),
    [
        (f"[{NAME}]", "", "", ""),
        (f"[{PIN}, {NAME}]", "", "main.pin", "main.pin"),
        (f"[{PIN}, {{id: s, set: {{half: '{{last(pin, 2)}}'}}}}]", "", "main.half main.pin", "main.pin main.s"),
        (
            f"[{PIN}, {{id: s, set: {{a: '{{b}}'}}}}, {{id: t, set: {{b: '{{pin}}'}}}}, {{id: u, goto: s}}]",
            *("", "main.a main.b main.pin", "main.pin main.s main.t"),
        ),
        (
            f"[{PIN}, {{id: h, http: {{get: 'https://a.example/{{pin}}'}}, save: account}}]",
            *("", "main.account main.pin", "main.h main.pin"),
        ),
        (
            f"[{PIN}, {{id: f, call: shop.look, with: {{code: '{{pin}}'}}, save: found}}]",
            *("", "main.found main.pin", "main.f main.pin"),
        ),
        (f"[{PIN}, {{id: i, if: pin == '1234', then: end}}]", "", "main.pin", "main.i main.pin"),
        (
            f"[{PIN}, {NAME}, {{id: c, call: sub, with: {{x: '{{pin}}', y: '{{name}}'}}, save: {{a: x, b: y}}}}]",
            "{inputs: [x, y], outputs: [x, y], steps: [{id: s, set: {z: '{x}', w: '{y}'}}]}",
            *("main.a main.pin sub.x sub.z sub.w", "main.c main.pin sub.s"),
        ),
        (
            "[{id: c, call: sub, save: all}, {id: d, set: {part: '{all.pin}'}}]",
            f"{{outputs: [pin], steps: [{PIN}]}}",
            *("main.all main.part sub.pin", "main.d sub.pin"),
        ),
        ("[{id: c, call: sub, save: {day: day}}]", f"{{outputs: [day], steps: [{PIN}, {{id: s, set: {{day: 1}}}}]}}",
         "sub.pin", "sub.pin"),
    ],
)  # fmt: skip
def test_an_answer_to_a_sensitive_question_and_what_is_made_of_it(
    tmp_path: Path, main: str, sub: str, variables: str, steps: str
) -> None:
    more = {"sub": sub} if sub else {}
    python = "async def look(code):\n    return code\n"
    folder = write(tmp_path / "d", main=f"{{title: x, steps: {main}}}", python_shop=python, **more)
    dialogs = load_dialogs(folder)
    assert dialogs.usable, dialogs.problems
    private = private_in({name: loaded.dialog for name, loaded in dialogs.dialogs.items()})
    assert {".".join(named) for named in private.variables} == set(variables.split())
    assert {".".join(named) for named in private.steps} == set(steps.split())
