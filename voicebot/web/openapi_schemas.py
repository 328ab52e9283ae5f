"""The shapes of what the API takes and answers, as JSON Schema (2020-12), for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "number"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
FLAG: Final[Schema] = {"type": "boolean"}
MAYBE_NUMBER: Final[Schema] = {"type": ["number", "null"]}
MAYBE_TEXT: Final[Schema] = {"type": ["string", "null"]}
TIME: Final[Schema] = {"type": "string", "format": "date-time"}
MAYBE_TIME: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def array(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def thing(fields: Mapping[str, Schema], *, optional: tuple[str, ...] = (), closed: bool = True) -> Schema:
    """An object with these fields, all of which there are but the ``optional`` ones. ``closed``: and no others."""
    required = [name for name in fields if name not in optional]
    return {"type": "object", "properties": dict(fields), "required": required, "additionalProperties": not closed}


SCHEMAS: Final[Mapping[str, Schema]] = {
    "Error": thing({"error": thing({"code": TEXT, "message": TEXT})}),
    "Health": thing({"ok": FLAG}),
    "Readiness": thing({"ready": FLAG, "why": array(TEXT), "notes": array(TEXT)}),
    "Me": thing({"name": TEXT, "role": {"enum": ["viewer", "agent", "operator", "admin"]}}),
    "Operations": thing(
        {"well": FLAG, **{name: array({"type": "object"}) for name in ("panels", "troubles", "actions")}},
    ),
    "Findings": thing(
        {"findings": array(thing({"check": TEXT, "good": FLAG, "detail": TEXT, "mend": TEXT, "warning": FLAG}))}
    ),
    "Transfer": thing({"to": TEXT}, optional=("to",)),
    "NewCall": thing(
        {
            "to": TEXT,
            "from": TEXT,
            "trunk": {**TEXT, "maxLength": 64},
            "bot": {**TEXT, "maxLength": 64},
            "context": {"type": "object"},
            "headers": {"type": "object", "additionalProperties": TEXT, "maxProperties": 16},
            "ring_timeout_s": {**NUMBER, "minimum": 0, "maximum": 600},
        },
        optional=("from", "trunk", "bot", "context", "headers", "ring_timeout_s"),
    ),
    "Call": thing(
        {
            "id": TEXT,
            "call_id": TEXT,
            "state": TEXT,
            "direction": {"enum": ["inbound", "outbound"]},
            "from": TEXT,
            "to": TEXT,
            "trunk": TEXT,
            "started": MAYBE_TIME,
            "answered": MAYBE_TIME,
            "ended": MAYBE_TIME,
            "end": TEXT,
            "not_answered": {"type": ["object", "null"]},
        },
        closed=False,
    ),
    "Calls": thing({"calls": array(ref("Call"))}),
    "KeptCall": thing(
        {
            "id": TEXT,
            "kind": {"enum": ["bot", "people"]},
            "call_id": TEXT,
            "started": TIME,
            "duration_ms": MAYBE_NUMBER,
            "direction": TEXT,
            "from": TEXT,
            "to": TEXT,
            "trunk": TEXT,
            "bot": TEXT,
            "language": TEXT,
            "outcome": TEXT,
            "turns": COUNT,
            "interruptions": COUNT,
            "failures": COUNT,
            "gap_ms": MAYBE_NUMBER,
            "said": array(thing({"text": TEXT, "found": FLAG})),
            "recording": FLAG,
        }
    ),
    "KeptCalls": thing(
        {"calls": array(ref("KeptCall")), "next": MAYBE_TEXT, "missing": COUNT, "unreadable": COUNT},
    ),
    "Facets": thing({name: array(TEXT) for name in ("outcome", "bot", "trunk", "direction", "kind", "step")}),
    "Record": thing(
        {"schema": COUNT, "id": TEXT, "call_id": TEXT, "started": TIME, "end": thing({"reason": TEXT}, closed=False)},
        closed=False,
    ),
    "Waves": thing({"step_ms": NUMBER, "left": array(COUNT), "right": array(COUNT)}),
    "Ticket": thing({"Ticket": TEXT, "ExpiresInS": NUMBER}),
    "Assist": {"type": "object", "description": "docs/assist.md describes it."},
}
