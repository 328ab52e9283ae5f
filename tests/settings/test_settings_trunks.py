"""Trunks, accounts and listeners from the file to the endpoint."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from waiting import until

from voicebot.address import Address
from voicebot.service.figures import sip_figures
from voicebot.service.sip import listeners, recordings, sip_endpoint
from voicebot.settings import SettingsError, load_settings
from voicebot.settings.sip import listen_at
from voicebot.sip import ListenAt, SipEndpoint, SipRequest, TrunkState, offer_answer

TRUNK = '[[trunks]]\nname = "sbc"\naddresses = ["192.0.2.1"]\n'
FILE = """
[sip]
listen = ["udp:127.0.0.1:0", "tcp:127.0.0.1:0", "tls:127.0.0.1:0"]
advertised_host = "198.51.100.7"
[[trunks]]
name = "sbc"
addresses = ["192.0.2.0/28", "2001:db8::/32"]
[[trunks]]
name = "phone"
username = "phone"
password_file = "{folder}/password"
secure = true
outbound = "sip:phone.example.com;transport=tls"
options_s = 0
max_calls = 3
[rates]
invite = [1, 2]
trunk_factor = 3
[[accounts]]
name = "pbx"
registrar = "sip:pbx.example.com;transport=tls"
username = "7000"
password_file = "{folder}/password"
register = false
"""


async def test_a_file_with_everything_makes_an_endpoint_that_listens(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    file = tmp_path / "voicebot.toml"
    file.write_text(FILE.format(folder=tmp_path))
    settings = load_settings(file)
    assert "secret" not in repr(settings)
    trunk = settings.trunks[1].trunk()
    assert (trunk.name, trunk.username, trunk.password, trunk.secure) == ("phone", "phone", "secret", True)
    assert (trunk.outbound, trunk.options_s, trunk.max_calls) == ("sip:phone.example.com;transport=tls", 0, 3)
    account = settings.accounts[0].account()
    line = account.line
    assert line.own == Address.parse("sip:7000@pbx.example.com") and line.credentials is not None and not line.registers
    endpoint = sip_endpoint(settings)
    await endpoint.start()
    try:
        assert [listener.transport for listener in endpoint.listeners] == ["UDP", "TCP", "TLS"]
        assert {listener.host for listener in endpoint.listeners} == {"198.51.100.7"}
        assert endpoint.registrations["pbx"].status == 0
        assert endpoint.fit_line(list(endpoint.lines)) == "phone", "the other trunk has no outbound"
        assert endpoint.fit_line(["pbx", "phone"]) == "pbx"
        assert str(endpoint.lines["phone"].domain) == "sip:phone.example.com;transport=tls"
        assert not endpoint.trunk_states, "no OPTIONS are wanted"
    finally:
        await endpoint.close()


async def test_rates_and_limits_of_the_file_are_in_force(tmp_path: Path) -> None:
    file = tmp_path / "voicebot.toml"
    file.write_text(
        "[sip]\nport = 0\n[rates]\ninvite = [0.001, 2]\ntrunk_factor = 2\n"
        '[[trunks]]\nname = "here"\naddresses = ["127.0.0.1"]\nmax_calls = 3\n'
    )
    called = sip_endpoint(load_settings(file))
    await called.start()
    caller = SipEndpoint(ListenAt(port=0))
    await caller.start()
    called.on_invite = lambda call: call.ring()
    offer = offer_answer.offer("127.0.0.1", 40000)
    answers = []
    for _ in range(5):
        told = asyncio.get_running_loop().create_future()
        call = caller.invite(Address.parse(f"sip:bot@127.0.0.1:{called.port}"), offer)
        call.on_progress = lambda progress, told=told: told.set_result(progress.status)  # type: ignore[misc]
        call.on_end = lambda end, told=told: told.done() or told.set_result(end.status)  # type: ignore[misc]
        async with asyncio.timeout(20):
            answers.append(await told)
    assert answers == [180, 180, 180, 503, 503], "three calls at once; two at once, twice as many for a trunk"
    assert called.counters.rejected_by_status[503] == 2
    await caller.close()
    await called.close()


async def test_whether_a_trunk_is_there_is_known_and_told(tmp_path: Path) -> None:
    far = SipEndpoint(ListenAt(port=0))
    await far.start()
    file = tmp_path / "voicebot.toml"
    file.write_text(
        f'[sip]\nport = 0\n[[trunks]]\nname = "far"\noutbound = "sip:127.0.0.1:{far.port}"\n'
        '[[trunks]]\nname = "silent"\noutbound = "sip:127.0.0.1:9"\n'
    )
    endpoint = sip_endpoint(load_settings(file))
    await endpoint.start()
    await until(lambda: endpoint.trunk_states["far"] is TrunkState.UP)
    figures = {figure.name: figure.values for figure in sip_figures(endpoint)}
    assert figures["trunk_up"] == {"far": 1.0}, "of the other one nothing is known yet"
    assert endpoint.fit_line(list(endpoint.lines)) == "far" and far.counters.requests_by_method == {"OPTIONS": 1}
    await endpoint.close()
    await far.close()


def test_recording_clients_are_taken_by_trunk_and_by_number(tmp_path: Path) -> None:
    file = tmp_path / "voicebot.toml"
    file.write_text(
        '[siprec]\nnumbers = ["+1555020*"]\nagents = ["7*"]\npause_at_source = false\n'
        f'{TRUNK}assist = true\nagents = ["@desk.example"]\n{TRUNK.replace("sbc", "provider")}'
    )
    taken = recordings(load_settings(file))
    invite = SipRequest("INVITE", "sip:bot@198.51.100.7")
    assert taken.takes(invite, "sbc") and not taken.takes(invite, "provider") and not taken.takes(invite, "")
    assert taken.takes(SipRequest("INVITE", "sip:0015550200123@198.51.100.7"), "provider")
    assert taken.agents_of("sbc").has(["sip:anna@desk.example"]) and taken.agents_of("provider").has(["7001"])
    assert not taken.pause_at_source and not taken.on_transfer


@pytest.mark.parametrize("groups", ["Assist", "Assist,Archive", "7"])
def test_an_sbc_may_be_asked_to_record_when_a_caller_is_transferred(tmp_path: Path, groups: str) -> None:
    (file := tmp_path / "voicebot.toml").write_text(f'{TRUNK}record_on_transfer = "{groups}"\n')
    assert recordings(load_settings(file)).on_transfer == {"sbc": groups}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[rates]\ninvite = [0, 5]\n", "greater than 0"),
        ("[rates]\nregistration = [1]\n", "rates.registration"),
        (TRUNK + 'outbound = "tel:+1"\n', "must be a SIP URI"),
        (TRUNK + 'outbound = "sip:pbx.example:0"\n', "must be a SIP URI"),
        (TRUNK + 'secure = true\noutbound = "sip:192.0.2.1"\n', "add ;transport=tls"),
        (TRUNK + "max_calls = -1\n", "greater than or equal to 0"),
        (TRUNK + 'record_on_transfer = "Assist;x=1"\n', "record_on_transfer"),
    ],
)
def test_what_cannot_be_is_refused_and_mended(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "voicebot.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=re.escape(said)):
        load_settings(file)


async def test_without_trunks_this_machine_is_one(tmp_path: Path) -> None:
    file = tmp_path / "voicebot.toml"
    file.write_text("[sip]\nport = 0\n")
    endpoint = sip_endpoint(load_settings(file))
    await endpoint.start()
    assert len(endpoint.listeners) == 1
    await endpoint.close()


@pytest.mark.parametrize(
    ("sip", "wanted"),
    [
        ("", ""),
        ('advertised_host = "198.51.100.7"', ""),
        ('advertised_host = "sbc.example.com"', "127.0.0.1"),
        ('host = "192.0.2.1"\nadvertised_host = "sbc.example.com"\nmedia_host = "198.51.100.7"', "198.51.100.7"),
        ('host = "0.0.0.0"\nadvertised_host = "sbc.example.com"\nmedia_host = "198.51.100.7"', "198.51.100.7"),
        ('host = "0.0.0.0"\nadvertised_host = "198.51.100.7"\nmedia_host = "198.51.100.8"', "198.51.100.8"),
    ],
)
def test_session_descriptions_have_an_address_also_where_messages_have_a_name(
    tmp_path: Path, sip: str, wanted: str
) -> None:
    file = tmp_path / "voicebot.toml"
    file.write_text(f"[sip]\n{sip}\n")
    assert load_settings(file).sip.host_for_media == wanted


@pytest.mark.parametrize(
    ("sip", "host", "reached_at"),
    [
        ('listen = ["udp:203.0.113.10:5060", "tls:203.0.113.10:5061"]', "203.0.113.10", "203.0.113.10"),
        ('listen = ["udp:10.0.0.5:5060"]\nadvertised_host = "203.0.113.10"', "10.0.0.5", "203.0.113.10"),
        ('listen = ["udp:[2001:db8::1]:5060"]', "2001:db8::1", "2001:db8::1"),
        ('listen = ["udp:203.0.113.10:5060"]\nhost = "203.0.113.11"', "203.0.113.11", "203.0.113.10"),
        ("", "127.0.0.1", "127.0.0.1"),
    ],
)
def test_audio_arrives_where_we_listen_unless_host_says_otherwise(
    tmp_path: Path, sip: str, host: str, reached_at: str
) -> None:
    file = tmp_path / "voicebot.toml"
    file.write_text(f"[sip]\n{sip}\n")
    settings = load_settings(file)
    assert settings.sip.host == host
    assert listeners(settings)[0].reached_at == reached_at


def test_a_trunk_and_an_account_may_be_symmetric_and_a_trunk_see_our_own_domain(tmp_path: Path) -> None:
    file = tmp_path / "voicebot.toml"
    file.write_text(
        '[[trunks]]\nname = "teams"\noutbound = "sip:sip.pstnhub.microsoft.com;transport=tls"\nnumber = "+15550100"\n'
        'from_domain = "sbc.example.com"\nsymmetric = "never"\n'
        '[[accounts]]\nname = "pbx"\nregistrar = "sip:192.0.2.9"\nusername = "7000"\nsymmetric = "always"\n'
    )
    settings = load_settings(file)
    (trunk,), (account,) = settings.trunks, settings.accounts
    assert (trunk.trunk().symmetric, account.account().symmetric) == ("never", "always")
    line = trunk.trunk().line
    assert line is not None and line.own.uri == "sip:+15550100@sbc.example.com"
    assert Address.parse("+15550177").at(line.domain).uri == ("sip:+15550177@sip.pstnhub.microsoft.com;transport=tls")


def test_an_advertised_address_is_for_listeners_of_its_family() -> None:
    assert listen_at("udp:0.0.0.0:5060", "198.51.100.7") == ListenAt("UDP", "0.0.0.0", 5060, "198.51.100.7")
    assert listen_at("TLS:[::]:5061", "198.51.100.7") == ListenAt("TLS", "::", 5061, "")
    assert listen_at("wss:0.0.0.0:443", "", ("https://a.example",)).origins == ("https://a.example",)
    assert listen_at("ws:127.0.0.1:80", "").transport == "WS"
    assert listen_at("tls:[::1]:5061", "sip.example.com").advertised_host == "sip.example.com"


@pytest.mark.parametrize(
    ("table", "answer"),
    [
        ("", 180),
        ('[[accounts]]\nname = "pbx"\nregistrar = "sip:127.0.0.1:9"\nusername = "7000"\n', None),
        ('[[trunks]]\nname = "far"\naddresses = ["192.0.2.1"]\n', None),
    ],
)
async def test_with_an_account_alone_this_machine_is_not_let_in_by_itself(
    tmp_path: Path, table: str, answer: int | None
) -> None:
    file = tmp_path / "voicebot.toml"
    file.write_text(f"[sip]\nport = 0\n{table}")
    called, caller = sip_endpoint(load_settings(file)), SipEndpoint(ListenAt(port=0))
    called.on_invite = lambda call: call.ring()
    await called.start()
    await caller.start()
    call = caller.invite(Address.parse(f"sip:bot@127.0.0.1:{called.port}"), offer_answer.offer("127.0.0.1", 40000))
    told: list[int] = []
    call.on_progress = lambda progress: told.append(progress.status)
    await until(lambda: told or called.counters.strangers)
    assert told == ([answer] if answer is not None else [])
    await caller.close()
    await called.close()


def test_the_realms_of_a_password_are_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("secret")
    file = tmp_path / "voicebot.toml"
    rest = f'username = "7000"\npassword_file = "{tmp_path / "pw"}"\nrealms = ["a", "b"]\n'
    file.write_text(
        f'[[accounts]]\nname = "p"\nregistrar = "sip:192.0.2.10"\n{rest}[[trunks]]\nname = "t"\n'
        f'outbound = "sip:192.0.2.10"\n{rest}'
    )
    lines = sip_endpoint(load_settings(file)).lines
    for name in ("p", "t"):
        request, credentials = SipRequest("REGISTER", "sip:192.0.2.10"), lines[name].credentials
        assert credentials is not None
        told = [{"realm": realm} for realm in ("c", "b", "a")]
        assert [fields["realm"] for fields in credentials.choose(told, request)] == ["b", "a"]
