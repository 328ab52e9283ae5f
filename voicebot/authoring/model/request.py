"""What a dialog asks of a web service: in an ``http`` step, and of a queue's."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from voicebot.authoring.model.prompts import Wait
from voicebot.authoring.model.words import Duration, GapText, Part, Value, WebAddress


class ServiceRequest(Part, title="Request"):
    """A request to a web service."""

    HEADING = "`http`: the request"
    METHODS: ClassVar[tuple[str, ...]] = ("get", "post", "put", "patch", "delete")

    get: WebAddress | None = Field(None, description="The address of a GET request.")
    post: WebAddress | None = Field(None, description="The address of a POST request.")
    put: WebAddress | None = Field(None, description="The address of a PUT request.")
    patch: WebAddress | None = Field(None, description="The address of a PATCH request.")
    delete: WebAddress | None = Field(None, description="The address of a DELETE request.")
    headers: dict[str, GapText] = Field(default_factory=dict, description="HTTP headers. `{secrets.NAME}` is a secret.")
    query: dict[str, Value] = Field(default_factory=dict, description="Query parameters, added to the address.")
    body: Value = Field(None, alias="json", description="What is sent, as JSON.")
    timeout: Duration = Field(5.0, description="How long one attempt may take.")
    retries: int = Field(
        1,
        ge=0,
        le=5,
        description="How often a failed request is repeated (get, put and delete only: these are safe to repeat).",
    )
    wait: Wait | None = Field(None, description="Said while callers wait.")

    @property
    def method(self) -> str:
        return next((method for method in self.METHODS if getattr(self, method) is not None), "get")

    @property
    def url(self) -> str:
        return str(getattr(self, self.method) or "")

    @model_validator(mode="after")
    def _one_method(self) -> ServiceRequest:
        if sum(getattr(self, method) is not None for method in self.METHODS) != 1:
            raise ValueError("exactly one of get, post, put, patch, delete, with the address")
        return self
