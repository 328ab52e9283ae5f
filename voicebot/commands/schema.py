"""``voicebot schema``: print the JSON Schema of dialog files, for editors, or the reference page made from it."""

from __future__ import annotations

import json

import typer

from voicebot.authoring.reference import reference, schema


def run_schema(*, as_reference: bool) -> int:
    """Print the schema, or with ``as_reference`` the page."""
    typer.echo(reference() if as_reference else json.dumps(schema(), indent=1, ensure_ascii=False), nl=not as_reference)
    return 0
