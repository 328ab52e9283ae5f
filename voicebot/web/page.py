"""The operations page at `/operations`: the state of the service on one screen.

It is open like `/readyz`, so it shows how many calls there are, but nothing about single calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

REFRESH_S: Final = 5
MAX_LINES: Final = 50


@dataclass(frozen=True, slots=True)
class Panel:
    """A section of the page. ``facts``: name and value; ``lines``: preformatted text. ``wrong``: it needs attention."""

    title: str
    facts: Sequence[tuple[str, str]] = ()
    lines: Sequence[str] = ()
    wrong: bool = False


_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
       color: #1c2733; background: #f6f7f9 }
section { background: #fff; border-left: 5px solid #2c7a4b; border-radius: 4px; padding: .6rem 1.2rem; margin: 1rem 0 }
section.wrong { border-color: #c0392b }
h1 { font-size: 1.3rem } h2 { font-size: 1rem; margin: .2rem 0 }
dl { display: grid; grid-template-columns: 14rem auto; margin: .3rem 0 } dt { color: #5b6875 } dd { margin: 0 }
pre { background: #fdf2f0; padding: .6rem; white-space: pre-wrap; margin: .4rem 0 } footer { color: #5b6875 }
@media (prefers-color-scheme: dark) {
  body { background: #15191e; color: #dde4ea } section { background: #1f262d } pre { background: #3a2422 } }
"""


def render(panels: Iterable[Panel]) -> str:
    """The page, in HTML without scripts. The browser reloads it every :data:`REFRESH_S` seconds."""
    shown = list(panels)
    well = not any(panel.wrong for panel in shown)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="{REFRESH_S}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>voicebot: {'well' if well else 'look here'}</title><style>{_STYLE}</style><h1>voicebot</h1>"
        f"{''.join(_section(panel) for panel in shown)}"
        '<footer><a href="metrics">metrics</a>, <a href="readyz">readyz</a></footer></html>'
    )


def _section(panel: Panel) -> str:
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in panel.facts)
    lines = [escape(line) for line in panel.lines[:MAX_LINES]]
    if len(panel.lines) > MAX_LINES:
        lines.append(f"and {len(panel.lines) - MAX_LINES} more")
    told = f"<pre>{chr(10).join(lines)}</pre>" if lines else ""
    wrong = ' class="wrong"' if panel.wrong else ""
    return f"<section{wrong}><h2>{escape(panel.title)}</h2><dl>{facts}</dl>{told}</section>"
