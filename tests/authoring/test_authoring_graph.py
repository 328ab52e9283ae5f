"""The picture of a call flow: every step is in it, ways lead where they lead, what no test visits is marked."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from folder_line import write

from voicebot.authoring.graph import draw
from voicebot.authoring.loader import load_dialogs
from voicebot.authoring.rehearsal import Coverage

SVG = "{http://www.w3.org/2000/svg}"
SAMPLE = Path(__file__).parents[2] / "dialogs"
MAIN = """\
title: Shoes & "more" <here>
globals: {agent: {key: "0", goto: agent}}
defaults: {on_fail: agent}
steps:
  - id: menu
    ask: Shoes or hats?
    choice: {shoes: {key: "1", next: shoes}, hats: {next: menu}}
  - id: shoes
    call: shop/order
    next: end
  - id: agent
    transfer: "+15550100"
    on_fail: menu
"""
ORDER = "steps:\n  - {id: which, say: Which one?}\n"


def drawn(folder: Path, coverage: bool = False, gone: set[tuple[str, str, str]] | None = None) -> ET.Element:
    dialogs = load_dialogs(folder)
    assert dialogs.usable, dialogs.problems
    return ET.fromstring(draw(dialogs, Coverage(dialogs, gone or set()) if coverage else None))


def shop(tmp_path: Path) -> Path:
    folder = write(tmp_path / "d", main=MAIN)
    write(folder / "shop", order=ORDER)
    return folder


def said(part: ET.Element) -> list[str]:
    return [text.text or "" for text in part.iter(f"{SVG}text")]


def step(picture: ET.Element, anchor: str) -> ET.Element:
    return next(part for part in picture.iter(f"{SVG}g") if part.get("id") == anchor)


def test_every_step_of_the_sample_is_drawn_once() -> None:
    dialogs = load_dialogs(SAMPLE)
    anchors = [part.get("id") for part in ET.fromstring(draw(dialogs)).iter(f"{SVG}g") if part.get("id")]
    steps = [f"{name}.{one.id}" for name, loaded in dialogs.dialogs.items() for one in loaded.dialog.steps]
    assert sorted(anchors) == sorted([*steps, *dialogs.dialogs])


def test_links_lead_to_what_is_drawn(tmp_path: Path) -> None:
    for folder in (SAMPLE, shop(tmp_path)):
        picture = drawn(folder)
        anchors = {part.get("id") for part in picture.iter(f"{SVG}g")}
        links = [part.get("href", "") for part in picture.iter(f"{SVG}a")]
        assert links and {link.removeprefix("#") for link in links} <= anchors


def test_paths_forward_are_arrows_and_others_stand_on_the_card(tmp_path: Path) -> None:
    picture = drawn(shop(tmp_path))
    arrows = [part for part in picture.iter(f"{SVG}path") if part.get("class") == "path" and not part.get("transform")]
    assert len(arrows) == 1  # menu to shoes; nobody answers: that is told at the agent once, not with arrows
    assert "shoes (1)" in said(picture)
    assert "hats → ↑ menu" in said(step(picture, "main.menu"))
    assert "→ shop/order.yaml" in said(step(picture, "main.shoes"))
    assert "■ end" in said(step(picture, "main.shoes"))
    agent = said(step(picture, "main.agent"))
    assert "▶ “agent”, key 0, at any time" in agent and "▶ nobody answers, or it fails" in agent
    assert "nobody there → ↑ menu" in agent


def test_what_no_test_visits_is_marked_and_without_tests_nothing_is(tmp_path: Path) -> None:
    folder = shop(tmp_path)
    assert "no test" not in said(drawn(folder))
    picture = drawn(folder, coverage=True, gone={("main", "menu", "shoes")})
    assert "no test" not in said(step(picture, "main.menu"))
    assert "no test" in said(step(picture, "main.agent"))
    rows = {part.text: part.get("class") for part in step(picture, "main.menu").iter(f"{SVG}text")}
    assert rows["hats → ↑ menu"] == "row miss"


def test_an_authors_text_is_text_in_the_picture(tmp_path: Path) -> None:
    folder = write(tmp_path / "d", main='title: a <b> & "c"\nsteps:\n  - {id: x, say: "<script> & \\"q\\""}\n')
    assert {'a <b> & "c"', '<script> & "q"'} <= set(said(drawn(folder)))
