"""A tracking system to try the bot with: ``python service.py [PORT]`` serves ``data/parcels.json`` on this machine.

=============================  =======================================================================
GET /parcels/44710093          the parcel; 404 when there is none
GET /cards/SK471               the same, by the code on the card
PUT /parcels/44710093/delivery ``{"day": "2026-12-03"}`` changes its day; 409 on a Sunday or in the past
=============================  =======================================================================

Your own system takes its place: change ``service`` in ``main.yaml``. Days in the file count from today.
"""

from __future__ import annotations

import json
import sys
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PARCELS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "parcels.json").read_text("utf-8"))
for _parcel in PARCELS:
    if (_days := _parcel.pop("in_days", None)) is not None:
        _parcel["day"] = (date.today() + timedelta(days=_days)).isoformat()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        what, _, key = self.path.strip("/").partition("/")
        field = {"parcels": "number", "cards": "card"}.get(what, "")
        found = next((parcel for parcel in PARCELS if field and parcel[field] == key), None)
        self._answer(404 if found is None else 200, found)

    def do_PUT(self) -> None:
        _, number, *_ = [*self.path.strip("/").split("/"), ""]
        found = next((parcel for parcel in PARCELS if parcel["number"] == number), None)
        try:
            body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 10_000))
            day = date.fromisoformat(json.loads(body)["day"])
        except (ValueError, KeyError, TypeError):
            return self._answer(400, None)
        if found is None:
            return self._answer(404, None)
        if day <= date.today() or day.weekday() == 6:
            return self._answer(409, None)
        found["day"] = day.isoformat()
        return self._answer(200, found)

    def _answer(self, status: int, content: dict[str, Any] | None) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8095), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
