"""What replaces the clock, the web services and the Python functions of a dialog while a test runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from voicebot.authoring.as_written import as_written
from voicebot.authoring.functions import AsyncFunction
from voicebot.authoring.http import HttpFailed, HttpRequest
from voicebot.authoring.transcripts import DialogTest, matches


class Stubs:
    """The stubs of one test. ``unknown``: requests that the test has no answer for."""

    def __init__(self, test: DialogTest) -> None:
        self._test = test
        self.unknown: list[str] = []

    def now(self) -> datetime:
        return self._test.now

    async def fetch(self, request: HttpRequest) -> Any:
        """What the service answers. Raises ``HttpFailed``."""
        for service in self._test.http:
            if service.method == request.method and matches(service.url, request.url):
                if service.fails is not None or service.status >= 400:
                    raise HttpFailed(service.fails or f"the service answered {service.status}", service.status)
                return service.gives
        self.unknown.append(f"{request.method} {request.url}: no service under http: stands in for this")
        raise HttpFailed("nothing stands in for this service")

    def function(self, name: str) -> AsyncFunction:
        """What is called instead of the function ``name``."""

        async def instead(**given: Any) -> Any:
            return self.answer(name, given)

        return instead

    def answer(self, name: str, given: dict[str, Any]) -> Any:
        """What the function gives back. Raises RuntimeError where it is to fail, LookupError for what is unknown."""
        for answer in self._test.functions[name]:
            wanted = answer.given or {}
            if all(str(given.get(key)) == str(value) for key, value in wanted.items()):
                if answer.fails is not None:
                    raise RuntimeError(answer.fails)
                return answer.gives
        told = as_written(given)
        self.unknown.append(f"{name} with {told}: nothing under functions: stands in for this")
        raise LookupError(f"nothing stands in for {name} with {told}")


class AnySecret(dict[str, str]):
    """Every secret is there in a test, and is its own name."""

    def get(self, name: str, default: Any = None) -> Any:
        return name
