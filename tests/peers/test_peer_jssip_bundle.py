"""The bundle of JsSIP that the page runs is the one that its sources on npm give."""

from __future__ import annotations

import subprocess
from importlib import resources
from pathlib import Path

import pytest
from node_packages import installed

pytestmark = pytest.mark.peer

SOURCE = Path(__file__).parent / "jssip_bundle"
ENTRY = 'export { default } from "jssip";\n'


def test_the_bundle_in_the_tree_is_what_its_sources_give() -> None:
    folder = installed(SOURCE, "whether the page's JsSIP is what npm has")
    built = subprocess.run(
        ["node_modules/.bin/esbuild", "--bundle", "--format=esm", "--minify"],
        cwd=folder,
        input=ENTRY.encode(),
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    assert built.stdout == (resources.files("voicebot.web") / "phone" / "jssip.js").read_bytes()
