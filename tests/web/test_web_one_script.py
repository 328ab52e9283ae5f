"""A page's modules in one script. That it does what they do is seen in Chromium (tests/peers/test_peer_*_page.py)."""

from __future__ import annotations

import pytest

from voicebot.web.one_script import one_script

MODULES = {
    "a/app.js": 'import * as one from "../b/one.js";\nimport { $, two as other } from "./two.js";\none.go($, other);\n',
    "b/one.js": 'import Whole from "../whole.js";\nexport async function go() {\n  return new Whole();\n}\n',
    "a/two.js": 'import { go } from "../b/one.js";\nexport const $ = go;\nexport class two {}\n',
    "whole.js": "var a=1;export{a as default};\n",
}
SCRIPT = """\
// whole.js
const module_whole_js = (() => {
var a=1;

return { default: a };
})();
// b/one.js
const module_b_one_js = (() => {
const { default: Whole } = module_whole_js;
async function go() {
  return new Whole();
}

return { go };
})();
// a/two.js
const module_a_two_js = (() => {
const { go } = module_b_one_js;
const $ = go;
class two {}

return { $, two };
})();
// a/app.js
const module_a_app_js = (() => {
const one = module_b_one_js;
const { $, two: other } = module_a_two_js;
one.go($, other);

return {  };
})();
"""


def test_each_module_runs_once_before_those_that_import_it() -> None:
    assert one_script(MODULES, "a/app.js") == SCRIPT


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('import { a } from "./none.js";', "a/app.js > a/none.js: no such module"),
        ('import { a } from "./b.js";', "a/app.js > a/b.js > a/app.js: a circle"),
        ('import "./b.js";', "written as no other"),
        ('import { a } from "./c.js"', "written as no other"),
        ("export default class {}", "written as no other"),
        ("export let a = 1;", "written as no other"),
        ('export * from "./c.js";', "written as no other"),
        ("export { a, b };", "written as no other"),
    ],
)
def test_what_it_would_not_do_right_it_refuses(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        one_script({"a/app.js": text, "a/b.js": 'import { x } from "./app.js";', "a/c.js": ""}, "a/app.js")
