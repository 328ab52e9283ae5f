"""``python -m bench.authoring``: what YAML dialogs cost.

A turn: from the activity to the stored state, inside the dialog host without its socket, for the utility company's
sample (look-ups answer at once). Loading: a folder of 200 files of eight steps each, read, checked and compiled.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from voicebot.authoring.compiler import compile_dialogs
from voicebot.authoring.loader import load_dialogs
from voicebot.host.adapter import TelephonyAdapter
from voicebot.host.bot import DialogBot
from voicebot.host.loader import load_dialogs as load_for_host
from voicebot.host.sdk import activity_from_json
from voicebot.host.storage import SqliteStorage
from voicebot.host.warm import warm_up
from voicebot.telephony_channel import PHONE_CHANNEL

SAMPLE = Path(__file__).parents[1] / "dialogs"
CALLS = 300
TALK = ["my bill please", "one two three four five six", "no, one one two three three four", "yes that's right",
        "is there an outage", "what?", "when are you open", "purple monkey", "no thank you"]  # fmt: skip
FILES = 200
PROGRAM = """
inputs: [x]
outputs: [y]
steps:
  - {{id: hello, say: "Hello, this is dialog number {n}."}}
  - id: menu
    ask: What would you like in dialog {n}?
    retry: [Please say one or two in dialog {n}., Press 1 or 2 in dialog {n}.]
    choice: {{one: {{say: [one, first, number one], key: "1", next: number}}, two: {{say: [two, second], key: "2"}}}}
  - {{id: count, set: {{y: "{{x + 1}}"}}}}
  - {{id: enough, if: y > 10 and not x == 3, then: bye}}
  - id: number
    ask: And the account number?
    digits: {{length: 6, rest: And the rest?}}
    save: account
    confirm: I have {{account|digits}}. Is that right?
  - {{id: look, http: {{get: "https://crm.example/{{account}}"}}, save: found, on_error: bye}}
  - {{id: told, say: "You owe {{found.due|money}}.", next: menu}}
  - {{id: bye, say: Goodbye from dialog {n}.}}
"""


async def turns() -> dict[str, list[tuple[float, float]]]:
    """Seconds of each turn, by what was said: by the clock, and of the processor (storage's thread included)."""
    loaded = load_for_host(SAMPLE)
    for name, module in list(sys.modules.items()):
        if name.endswith(".customers"):
            vars(module)["ANSWER_AFTER_S"] = 0
    with tempfile.TemporaryDirectory() as folder:
        storage = SqliteStorage(Path(folder) / "state.sqlite")
        await storage.open()
        bot = DialogBot(loaded.root, storage)
        await warm_up(loaded, bot, "en-US")
        adapter = TelephonyAdapter()
        took: dict[str, list[tuple[float, float]]] = defaultdict(list)

        async def drop(turn: int, conversation: str, activity: dict[str, Any]) -> None:
            """The replies are not needed."""

        for call in range(CALLS):
            for number, text in enumerate(["", *TALK], 1):
                content: dict[str, Any] = {"type": "message", "text": text} if text else {
                    "type": "conversationUpdate", "membersAdded": [{"id": "caller"}]}  # fmt: skip
                envelope = {
                    "id": f"{call}|{number}", "channelId": PHONE_CHANNEL, "serviceUrl": "urn:bench", "locale": "en-US",
                    "from": {"id": "caller"}, "recipient": {"id": "bot"}, "conversation": {"id": f"c{call}"},
                }  # fmt: skip
                start, cpu = time.perf_counter(), time.process_time()
                await adapter.process(activity_from_json(envelope | content), bot.on_turn, number, drop)
                took[text or "(the call begins)"].append((time.perf_counter() - start, time.process_time() - cpu))
        await storage.close()
    return took


def loading() -> tuple[float, float]:
    """Seconds to read and check, and to compile, :data:`FILES` files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        calls = "".join(f"  - {{id: c{n}, call: d{n}, with: {{x: 1}}, save: {{z: y}}}}\n" for n in range(FILES - 1))
        (folder / "main.yaml").write_text("steps:\n" + calls)
        for n in range(FILES - 1):
            (folder / f"d{n}.yaml").write_text(PROGRAM.format(n=n))
        gc.collect()
        start = time.perf_counter()
        dialogs = load_dialogs(folder)
        read = time.perf_counter() - start
        if not dialogs.usable:
            raise SystemExit("\n".join(map(str, dialogs.problems[:5])))
        start = time.perf_counter()
        compile_dialogs(dialogs)
        return read, time.perf_counter() - start


def _part(values: list[float], part: float) -> float:
    return values[min(int(len(values) * part), len(values) - 1)] * 1000


def main() -> int:
    took = asyncio.run(turns())
    print(f"{'a turn of the sample, ms':36} {'p50':>7} {'p99':>7} {'max':>7}   {'CPU p50':>7} {'CPU p99':>7}")
    for name, pairs in [*took.items(), ("all turns", [one for some in took.values() for one in some])]:
        clock, cpu = sorted(pair[0] for pair in pairs), sorted(pair[1] for pair in pairs)
        figures = [_part(clock, 0.5), _part(clock, 0.99), _part(clock, 1), _part(cpu, 0.5), _part(cpu, 0.99)]
        print("{:36} {:7.2f} {:7.2f} {:7.2f}   {:7.2f} {:7.2f}".format(name, *figures))
    best = min((loading() for _ in range(3)), key=sum)
    print(f"{FILES} files: read and checked in {best[0]:.2f} s, compiled in {best[1]:.2f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
