"""What the turn machine wants of a call is done: keys, voices, languages, recordings, transfers; over doubles."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import pytest
from call_world import World

from voicebot.address import Address, Domain
from voicebot.calls import (
    TransferRules,
)
from voicebot.events import (
    BotMessage,
    CallConfigured,
    KeysAsked,
    RecordingAction,
    RecordingAsked,
    TransferAsked,
)
from voicebot.speech import Voices

pytestmark = pytest.mark.virtual_time


async def test_a_target_that_is_not_on_the_list_is_never_asked_for() -> None:
    world = await World(transfers=TransferRules(("70??",), Domain.parse("pbx.example"))).greeted()
    world.line.pull(60)
    world.bot.on_event(TransferAsked(world.now, Address.parse("+19005550123")))
    await world.until(lambda: bool(world.bot.told) and world.bot.told[-1].get("name") == "handoff.status")
    assert world.bot.told[-1]["value"]["state"] == "failed"
    assert not any(did.startswith("transfer") for did in world.line.did)


async def test_a_refused_transfer_is_told_to_the_bot() -> None:
    world = await World(transfers=TransferRules(("*",), Domain.parse("pbx.example"))).greeted()
    world.line.pull(60)
    world.bot.on_event(TransferAsked(world.now, Address.parse("+15550123"), {"X-Case": "7"}))
    await world.until(lambda: world.line.did[-1] == "transfer sip:+15550123@pbx.example")
    assert world.line.headers == {"X-Case": "7"}
    await world.settle()
    assert world.bot.told[-1]["name"] == "handoff.status"
    assert world.bot.told[-1]["value"]["state"] == "failed"
    await world.line.hang_up()
    await world.over()


async def test_a_transfer_tells_its_target_what_the_bot_wants_it_to_know() -> None:
    world = await World(transfers=TransferRules(("*",), Domain.parse("pbx.example"))).greeted()
    world.line.pull(60)
    world.bot.on_event(TransferAsked(world.now, Address.parse("+1425"), {"User-to-User": "abc", "X-Skill": "bill"}))
    await world.until(lambda: world.line.did[-1] == "transfer sip:+1425@pbx.example")
    assert world.line.headers == {"User-to-User": "abc", "X-Skill": "bill"}
    await world.line.hang_up()
    await world.over()


async def test_a_bot_presses_keys_and_changes_its_voice() -> None:
    world = await World(voice_name="Jenny").greeted()
    world.line.pull(60)
    world.bot.on_event(KeysAsked(world.now, "12#"))
    world.bot.on_event(CallConfigured(world.now, voice="Aria"))
    world.says("Hello again")
    assert "keys 12#" in world.line.did
    assert world.mouth.voices == ["Jenny", "Aria"]
    await world.line.hang_up()
    await world.over()


async def test_each_message_is_spoken_by_the_voice_of_its_language() -> None:
    voices = Voices("Jenny", "en-US", {"de": "Katja", "fr-FR": "Denise"})
    world = await World(voice_name="Jenny", voices=voices).greeted()
    world.line.pull(60)
    for locale in ("de-DE", "", "fr-FR", "de-AT", "pl-PL"):
        world.bot.on_event(BotMessage(world.now, 0, "x", "x", locale=locale))
    assert world.mouth.voices[1:] == ["Katja", "Jenny", "Denise", "Katja", "Jenny"]
    assert world.mouth.languages[1:] == ["de-DE", "en-US", "fr-FR", "de-AT", "pl-PL"]
    world.bot.on_event(CallConfigured(world.now, language="de-DE"))
    world.says("Guten Tag")
    assert world.mouth.voices[-1] == "Katja"
    await world.line.hang_up()
    await world.over()


async def test_a_bot_changes_the_language_in_which_it_speaks_and_listens() -> None:
    world = await World().greeted()
    world.line.pull(100)
    world.bot.on_event(CallConfigured(world.now, phrases=("factura",)))
    world.bot.on_event(CallConfigured(world.now, language="es-ES", voice="Elvira"))
    await world.settle()
    first, second = world.all_ears
    assert (first.stopped, second.language, second.phrases, second.stopped) == (True, "es-ES", ("factura",), False)
    world.session.frame(b"\xff" * 160, world.now)
    assert (first.received_bytes, second.received_bytes) == (0, 160)
    await world.caller_says("mi factura")
    assert world.bot.told[-1]["locale"] == "es-ES"
    world.says("Claro")
    assert world.mouth.languages[-1] == "es-ES"
    await world.line.hang_up()
    await world.over()
    assert second.stopped


async def test_a_language_that_cannot_be_had_leaves_the_ears_as_they_are() -> None:
    world = await World().greeted()
    world.bot.on_event(CallConfigured(world.now, language="xx-XX"))
    await world.settle()
    assert [ears.stopped for ears in world.all_ears] == [False, True]
    await world.line.hang_up()
    await world.over()
    assert all(ears.stopped for ears in world.all_ears)


async def test_what_is_said_while_the_bot_does_not_listen_never_reaches_the_recogniser() -> None:
    world = await World().greeted()
    world.line.pull(100)
    voice = bytes(range(160))
    world.session.frame(voice, world.now)
    world.bot.on_event(CallConfigured(world.now, listening=False))
    world.session.frame(voice, world.now)
    world.bot.on_event(CallConfigured(world.now, listening=True))
    world.session.frame(voice, world.now)
    assert [frame == voice for frame in world.ears.written[-3:]] == [True, False, True]
    await world.line.hang_up()
    await world.over()


async def test_a_bot_commands_the_recording_and_hears_what_became_of_it(tmp_path: Path) -> None:
    world = await World(tmp_path).greeted()

    def command(action: str) -> dict[str, Any]:
        world.bot.on_event(RecordingAsked(world.now, RecordingAction(action), action[0]))
        assert world.bot.told[-1]["type"] == "commandResult"
        assert world.bot.told[-1]["name"] == f"channel/vnd.microsoft.telephony.recording.{action}"
        return dict(world.bot.told[-1]["value"])

    assert command("pause")["error"]["message"] == "there is no recording"
    assert command("start") == {"commandId": "s"}
    world.line.pull(4)
    assert command("pause") == {"commandId": "p"}
    world.line.pull(4)
    await world.line.hang_up()
    await world.over()
    with wave.open(str(tmp_path / f"{world.session.id}.wav")) as recording:
        assert recording.getnframes() == 640


async def test_without_a_place_for_recordings_the_bot_is_told() -> None:
    world = await World().greeted()
    world.bot.on_event(RecordingAsked(world.now, RecordingAction.START, "c1"))
    assert world.bot.told[-1]["value"]["error"]["message"] == "recordings are not kept here"
    await world.line.hang_up()
    await world.over()
