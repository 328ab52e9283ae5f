"""What is asked: bodies of requests in the shape of Azure AI Language 2023-04-01; errors are worded as Azure's.

Of a batch, each document that cannot be taken gets an error of its own; the others are answered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MAX_CHARACTERS = 5120
"""Of one document that is answered at once (Azure's limit) ..."""
MAX_JOB_CHARACTERS = 125_000
"""... and of all documents of a job."""
MAX_JOB_DOCUMENTS = 25
LANGUAGES = ("en",)


class Refused(Exception):
    """The whole request is refused with status 400. ``code``: the inner one."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def body(self) -> dict[str, Any]:
        inner = {"code": self.code, "message": str(self)}
        return {"error": {"code": "InvalidRequest", "message": "Invalid Request.", "innererror": inner}}


@dataclass(frozen=True, slots=True)
class Document:
    """``language``: its tag, such as ``en-GB``."""

    id: str
    text: str
    language: str = "en"

    @property
    def country(self) -> str:
        """The country of its language; that of most phones where it says none."""
        _, _, country = self.language.partition("-")
        return country.upper() if len(country) == 2 else "US"


@dataclass(slots=True)
class Batch:
    """The documents that can be answered, and the errors of the others."""

    documents: list[Document] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)


def batch_of(body: Any, most: int, *, job: bool = False) -> Batch:
    """The documents of a request, ``most`` of them. Raises :class:`Refused`."""
    listed = _mapping(_mapping(body).get("analysisInput")).get("documents")
    if not isinstance(listed, list) or not listed:
        raise Refused("InvalidDocumentBatch", "analysisInput.documents must be a list with a document in it.")
    if len(listed) > most:
        raise Refused(
            "InvalidDocumentBatch", f"Batch request contains too many records. Max {most} records are permitted."
        )
    batch, seen, room = Batch(), set[str](), MAX_JOB_CHARACTERS
    for one in listed:
        identity = _mapping(one).get("id")
        if not isinstance(identity, str) or not identity or identity in seen:
            raise Refused("InvalidDocument", "Each document needs an id of its own.")
        seen.add(identity)
        text, language = one.get("text"), one.get("language") or "en"
        if not isinstance(text, str) or not text.strip():
            batch.errors.append(_error(identity, "InvalidDocument", "Document text is empty."))
        elif len(text) > (room if job else MAX_CHARACTERS):
            batch.errors.append(_error(identity, "InvalidDocument", "A document within the request was too large."))
        elif not isinstance(language, str) or language.lower().partition("-")[0] not in LANGUAGES:
            known = ", ".join(LANGUAGES)
            batch.errors.append(
                _error(identity, "UnsupportedLanguageCode", f"Invalid language code. Supported: {known}")
            )
        else:
            room -= len(text)
            batch.documents.append(Document(identity, text, language))
    return batch


def parameters_of(body: Any) -> dict[str, Any]:
    """The parameters of a request, or of a task of a job."""
    return _mapping(_mapping(body).get("parameters"))


def tasks_of(body: Any, most: int) -> list[dict[str, Any]]:
    """The tasks of a job. Raises :class:`Refused`."""
    tasks = _mapping(body).get("tasks")
    if not isinstance(tasks, list) or not tasks or not all(isinstance(task, dict) for task in tasks):
        raise Refused("InvalidRequest", "tasks must be a list with a task in it.")
    if len(tasks) > most:
        raise Refused("InvalidRequest", f"A job has {most} tasks at most.")
    return tasks


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _error(identity: str, code: str, message: str) -> dict[str, Any]:
    inner = {"code": code, "message": message}
    return {"id": identity, "error": {"code": "InvalidArgument", "message": message, "innererror": inner}}
