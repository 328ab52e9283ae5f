"""Settings: typed, strict, with errors that a person can act upon."""

from __future__ import annotations

import re
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from voicebot.address import Address, Domain
from voicebot.events import Pace
from voicebot.service.sip import codecs_in_use, media_preferences, trunk_media
from voicebot.settings import Settings, SettingsError, load_settings
from voicebot.turns import TurnPolicy

EXAMPLE = Path(__file__).parents[2] / "voicebot.example.toml"


def write(path: Path, text: str) -> Path:
    file = path / "voicebot.toml"
    file.write_text(text)
    return file


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings() == Settings()


def test_the_environment_wins_over_the_file_and_leaves_the_rest_of_its_section(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, "[sip]\nport = 5070\nmax_calls = 7\n")
    monkeypatch.setenv("VOICEBOT_SIP__PORT", "5099")
    settings = load_settings(file)
    assert (settings.sip.port, settings.sip.max_calls) == (5099, 7)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sip]\nprot = 1\n", "sip.prot: no such setting; did you mean port?"),
        ("[spi]\nport = 1\n", "spi: no such setting; did you mean sip?"),
        ('[language]\nkey = "x"\n', "set VOICEBOT_LANGUAGE__KEY or key_file"),
        ('[language]\nchat_key = "x"\n', "set VOICEBOT_LANGUAGE__CHAT_KEY or chat_key_file"),
        ('[language]\nkey_file = "/none"\n', "language.key_file: there is no file /none"),
        ('[language]\nchat_key_file = "/none"\n', "language.chat_key_file: there is no file /none"),
        ('[language]\nservice = "azure"\nkey_file = "/none"\n', "endpoint must be set"),
        ('[language]\nservice = "azure"\nendpoint = "http://x.example"\nkey_file = "/none"\n', "https://"),
        ('[language]\nservice = "azure"\nendpoint = "https://x.example"\n', "VOICEBOT_LANGUAGE__KEY"),
        ('[language]\nsummary = "chat"\nchat_model = "m"\n', "chat_url must be set"),
        ('[language]\nsummary = "chat"\nchat_url = "https://x.example/v1"\n', "needs chat_model"),
        ('[console]\nassist_key = "x"\n', "set VOICEBOT_CONSOLE__ASSIST_KEY or assist_key_file"),
        ('[console]\nassist_key_file = "/none"\n', "the assist_key_file /none cannot be read"),
        ('[console]\npublic_url = "assist.example.com"\n', "must look like"),
        ('[console]\nkey = "/etc/hostname"\n', "certificate and key belong together"),
        ('[console]\ncertificate = "/none"\nkey = "/none"\n', "there is no file /none"),
        ("[console]\nphone_calls = -1\n", "greater than or equal to 0"),
        (
            '[[console.tokens]]\nname = "a"\nrole = "king"\ntoken_env = "PATH"\n',
            "tokens.0.role: Input should be",
        ),
        ('[[console.tokens]]\nname = "a"\nrole = "agent"\n', "write token_file or token_env"),
        ('[[console.tokens]]\nname = "a\\n"\nrole = "agent"\ntoken_env = "PATH"\n', "console.tokens.0.name"),
        ('[[console.tokens]]\nname = "console"\nrole = "agent"\ntoken_env = "PATH"\n', "'console' is in use already"),
        (
            '[[console.tokens]]\nname = "a"\nrole = "agent"\ntoken_env = "NO_SUCH"\n',
            "NO_SUCH is not in",
        ),
        ('[[console.tokens]]\nname = "a"\nrole = "agent"\ntoken_file = "/none"\n', "tokens: a: there is no file /none"),
        ('[traces]\nendpoint = "collector:4318"\n', "must be a web address"),
        ('[traces]\nendpoint = "https://me:secret@collector"\n', "OTEL_EXPORTER_OTLP_HEADERS"),
        ("[traces]\nshare = 2\n", "less than or equal to 1"),
        ('[[trunks]]\nname = "page"\naddresses = ["192.0.2.1"]\n', "is the name of calls from the console's page"),
        ('[console]\npublic_url = "https://a@b.example/#x"\n', "must look like"),
        ('[[webhooks]]\nurl = "https://crm.example"\n', "webhooks.0.secret_file: Field required"),
        ('[[webhooks]]\nurl = "https://crm.example"\nsecret_file = "/none"\n', "/none cannot be read"),
        ('[siprec]\nnumbers = ["@desk.example"]\n', "siprec.numbers.0"),
        ('[siprec]\nagents = ["*"]\n', "siprec.agents.0"),
        ('[[trunks]]\nname = "a"\naddresses = ["192.0.2.1"]\nagents = ["7*"]\n', "agents without assist = true"),
        ('[assist]\nwithhold = ["cards"]\n', "assist.withhold.0"),
        ('[assist]\ncountry = "Germany"\n', "assist.country"),
        ('[assist]\ncaller_language = "german"\n', "assist.caller_language"),
        ('[assist]\nbot = "helper"\n', "there is no bot 'helper' in [[bots]]"),
        ("[assist]\npause_s = 0\n", "assist.pause_s"),
        ('[[assist.languages]]\ncaller = "de-DE"\n', "assist.languages.0: set trunk or numbers"),
        ('[[assist.languages]]\nnumbers = ["+49*"]\n', "assist.languages.0: set caller or agent"),
        ('[[assist.languages]]\nnumbers = ["+49*"]\ncaller = "german"\n', "assist.languages.0.caller"),
        ('[[assist.languages]]\nnumbers = ["49 30"]\ncaller = "de-DE"\n', "assist.languages.0.numbers.0"),
        ('[[assist.languages]]\ntrunk = "sbc"\ncaller = "de-DE"\n', "there is no trunk 'sbc'"),
        ("[sip]\nport = 70000\n", "sip.port: Input should be less than or equal to 65535"),
        ('[sip]\nport = "x"\n', "sip.port: Input should be a valid integer"),
        ('[sip]\nhost = "0.0.0.0"\n', "set advertised_host"),
        ('[sip]\nhost = "0.0.0.0"\nadvertised_host = "sbc.example.com"\n', "set media_host"),
        ('[sip]\nadvertised_host = "sbc.example.com:5061"\n', "without a port"),
        ('[sip]\nadvertised_host = "sip:sbc.example.com"\n', "host name"),
        ('[sip]\nadvertised_host = "300.2.3.4"\n', "host name"),
        ('[sip]\nadvertised_host = "[2001:db8::1]"\n', "host name"),
        ('[sip]\nmedia_host = "sbc.example.com"\n', "must be the IP address that audio is sent to"),
        ('[sip]\nmedia_host = "0.0.0.0"\n', "must be the IP address that audio is sent to"),
        ('[sip]\nmedia_host = "2001:db8::1"\n', "of the same IP version"),
        ('[[trunks]]\nname = "a"\naddresses = ["192.0.2.1"]\nsymmetric = "yes"\n', "'auto', 'always' or 'never'"),
        ('[[trunks]]\nname = "a"\naddresses = ["192.0.2.1"]\nfrom_domain = "a b"\n', "is not a SIP domain"),
        ('[sip]\nlisten = ["http:1.2.3.4:5"]\n', "must look like"),
        ('[sip]\nhost = "127.0.0.1"\nlisten = ["udp:192.0.2.1:5060"]\n', "peers are told 192.0.2.1: leave out host"),
        ('[sip]\nlisten = ["udp:0.0.0.0:5060"]\n', "set advertised_host to the one that peers reach"),
        ('[sip]\norigins = ["crm.example.com"]\n', 'must look like "https://crm.example.com"'),
        ('[sip]\norigins = ["https://crm.example.com/"]\n', "without a path"),
        ('[sip]\nlisten = ["udp:300.2.3.4:5"]\n', "does not appear to be an IPv4 or IPv6 address"),
        ("[tls]\nverify_clients = true\n", "needs ca_file"),
        ('[tls]\ncertificate = "none.pem"\n', "there is no file none.pem"),
        ('[[trunks]]\nname = "a"\n', "to receive calls"),
        ('[[trunks]]\nname = "a"\naddresses = ["192.0.2.1"]\ncodecs = ["G.722", "g729"]\n', "did you mean G722"),
        ("[sip]\ncodecs = []\n", "at least one codec"),
        ("[rtp]\nptime_ms = 25\n", "multiple of 10"),
        ('[[trunks]]\nname = "a"\naddresses = ["192.0.2.1/24"]\n', "has host bits set; it must look like"),
        ('[[trunks]]\nname = "a"\nusername = "u"\n', "belong together"),
        ('[[accounts]]\nname = "a"\nregistrar = "pbx"\nusername = "u"\n', "must be a SIP URI"),
        ('[[accounts]]\nname = "a"\nregistrar = "sip:p"\nusername = "u"\npassword = "p"\n', "no such setting"),
        ('[[accounts]]\nname = "a"\nregistrar = "sip:p"\nusername = "u"\npassword_file = "no"\n', "cannot be read"),
        ("[rtp]\nport_low = 30000\n", "port_high 20999 must be greater than port_low 30000"),
        ('[speech]\nservice = "azure"\n', 'needs region (for example "westeurope") or endpoint'),
        ('[speech]\nservice = "azure"\nregion = "westeurope"\n', "needs VOICEBOT_SPEECH__KEY in the environment"),
        ('[speech]\nservice = "url"\n', "needs url"),
        ('[speech]\nservice = "url"\nurl = "http://x"\n', "must begin with ws:// or wss://"),
        (
            '[speech]\nservice = "url"\nurl = "ws://speech.internal:5000"\n',
            "use wss:// or https://, or set speech.allow_unencrypted = true",
        ),
        ('[speech]\nservice = "url"\nurl = "ws://127.0.0.1:5000"\nregion = "westeurope"\n', "given: host, region"),
        (
            '[speech]\nservice = "azure"\nendpoint = "http://speech.internal/"\nentra_token_file = "t"\n',
            "in the clear",
        ),
        ('[speech]\nkey = "abc"\n', "secrets do not belong in this file"),
        ('[speech]\nkey_file = "/nowhere/key"\n', "there is no file /nowhere/key"),
        ("[turns]\nno_input_s = 0\n", "turns.no_input_s: Input should be greater than 0"),
        ('[turns]\npace = "slow"\n', "turns.pace: Input should be 'quick', 'usual' or 'patient'"),
        (
            '[calls]\nfallback_transfer = "sip:+1 555"\n',
            "fallback_transfer: 'sip:+1 555' is neither a number nor",
        ),
        ('[calls]\nfallback_transfer = "sip:a:b@pbx"\n', "leave out the password"),
        ("[calls]\nfallback_transfer = 7001\n", "calls.fallback_transfer: write it in quotes"),
        ('[calls]\ntransfer_domain = "a@pbx"\n', "calls.transfer_domain: 'a@pbx' is not a SIP domain"),
        ("[sip\n", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_the_place_and_the_mend(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(write(tmp_path, text))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_misspelt_variable_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEBOT_SIP_PORT", "5099")
    with pytest.raises(SettingsError, match="VOICEBOT_SIP_PORT: no such setting"):
        load_settings()


def test_a_wrong_variable_is_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VOICEBOT_SIP__PORT", "many")
    with pytest.raises(SettingsError, match=r"environment VOICEBOT_SIP__PORT: sip\.port"):
        load_settings()


def test_a_missing_file_that_was_named_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "none.toml")


def test_a_key_comes_from_the_environment_or_a_file_and_is_never_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, '[speech]\nservice = "azure"\nregion = "westeurope"\n')
    monkeypatch.setenv("VOICEBOT_SPEECH__KEY", "s3cret")
    settings = load_settings(file)
    assert settings.speech.secret() == "s3cret"
    assert "s3cret" not in repr(settings) + settings.model_dump_json()
    monkeypatch.delenv("VOICEBOT_SPEECH__KEY")
    (tmp_path / "key").write_text("from-file\n")
    file.write_text(f'[speech]\nservice = "azure"\nregion = "westeurope"\nkey_file = "{tmp_path}/key"\n')
    assert load_settings(file).speech.secret() == "from-file"


def test_a_wrong_setting_beside_a_secret_does_not_show_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VOICEBOT_SPEECH__KEY", "s3cret")
    with pytest.raises(SettingsError) as wrong:
        load_settings(write(tmp_path, '[speech]\nservice = "azure"\n'))
    assert "needs region" in str(wrong.value.__cause__)
    assert "s3cret" not in "".join(traceback.format_exception(wrong.value))


def test_the_turn_policy_has_the_settings() -> None:
    policy = load_settings(EXAMPLE).turn_policy()
    assert (policy.end_silence_ms, policy.race_grace_ms, policy.barge_in_resume_ms) == (350, 100, 800)


def test_a_pace_stands_for_numbers_of_which_those_that_are_set_win(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def policy(text: str) -> TurnPolicy:
        return load_settings(write(tmp_path, f"[turns]\n{text}\n")).turn_policy()

    assert policy('pace = "patient"') == policy("").at_pace(Pace.PATIENT)
    assert policy('pace = "usual"') == policy("")
    assert policy('pace = "quick"\nend_silence_ms = 999') == replace(policy('pace = "quick"'), end_silence_ms=999)
    monkeypatch.setenv("VOICEBOT_TURNS__PACE", "quick")
    assert policy("patience_ms = 1000") == replace(TurnPolicy().at_pace(Pace.QUICK), patience_ms=1000)


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("+1 555 0199", "+15550199"),
        ("0301234567", "0301234567"),
        ("1234", "1234"),
        ("tel:+1-555-0199;ext=7", "tel:+15550199;ext=7"),
        ("people@pbx.example", "sip:people@pbx.example"),
        ("", ""),
    ],
)
def test_the_fallback_is_an_address_in_the_file_and_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, means: str
) -> None:
    file = write(tmp_path, f'[calls]\nfallback_transfer = "{written}"\n')
    expected = Address.parse(means) if means else None
    assert load_settings(file).calls.fallback_transfer == expected
    assert load_settings(file).turn_policy().fallback_transfer == expected
    file.write_text("")
    monkeypatch.setenv("VOICEBOT_CALLS__FALLBACK_TRANSFER", written)
    settings = load_settings(file)
    assert settings.calls.fallback_transfer == expected
    assert settings.model_dump()["calls"]["fallback_transfer"] == means


def test_the_domain_of_transfers_is_one(tmp_path: Path) -> None:
    text = '[calls]\ntransfer_domain = "PBX.example:5070"\n'
    assert load_settings(write(tmp_path, text)).calls.transfer_domain == Domain("pbx.example", 5070)
    assert load_settings(write(tmp_path, '[calls]\ntransfer_domain = ""\n')).calls.transfer_domain is None


def test_an_empty_prompt_cache_directory_means_memory_only(tmp_path: Path) -> None:
    assert load_settings(write(tmp_path, '[speech]\nprompt_cache_dir = ""\n')).speech.prompt_cache_dir is None


BOT = '[[bots]]\nname = "desk"\nkind = "bot-framework"\nurl = "http://127.0.0.1:1/api/messages"\n'
ELSEWHERE = '[[bots]]\nname = "desk"\nkind = "bot-framework"\nurl = "https://bot.example.com/api/messages"\n'
SBC = '[[trunks]]\nname = "sbc"\naddresses = ["192.0.2.10"]\n'
REGISTERED = ELSEWHERE + 'app_id = "a"\nsecret_env = "DESK_SECRET"\n'


def test_a_trunk_has_its_own_way_with_audio_where_it_says_so(tmp_path: Path) -> None:
    text = """
        [sip]
        codecs = ["pcma", "PCMU"]
        [rtp]
        inband_dtmf = true
        [[trunks]]
        name = "wide"
        addresses = ["192.0.2.1"]
        codecs = ["g722", "PCMA"]
        codec_choice = "ours"
        ptime_ms = 30
        srtp = "required"
        inband_dtmf = false
        [[trunks]]
        name = "plain"
        addresses = ["192.0.2.2"]
    """
    settings = load_settings(write(tmp_path, text))
    media = trunk_media(settings)
    assert media["plain"] == media_preferences(settings)
    assert [codec.name for codec in media["plain"].codecs] == ["PCMA", "PCMU"]
    assert (media["plain"].srtp, media["plain"].inband_dtmf, media["plain"].codec_choice) == ("allowed", True, "theirs")
    wide = media["wide"]
    assert [codec.name for codec in wide.codecs] == ["G722", "PCMA"]
    assert (wide.codec_choice, wide.ptime_ms, wide.srtp, wide.inband_dtmf) == ("ours", 30, "required", False)
    assert [codec.name for codec in codecs_in_use(settings)] == ["PCMA", "PCMU", "G722"]


def test_bots_and_routes_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEBOT_DESK", "hush")
    text = REGISTERED.replace("DESK_SECRET", "VOICEBOT_DESK") + '[connector]\npublic_url = "https://us.example.com/"\n'
    settings = load_settings(write(tmp_path, text + '[routes]\nnumbers = {"+4930*" = "desk"}\n'))
    assert settings.routes.numbers == {"+4930*": "desk"}
    assert settings.bots[0].secret() == "hush"
    assert "hush" not in settings.model_dump_json()


def test_a_bots_secret_is_read_anew_from_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("one\n")
    text = f'[[bots]]\nname = "line"\nkind = "direct-line"\nsecret_file = "{secret}"\n'
    (bot,) = load_settings(write(tmp_path, text)).bots
    assert bot.secret() == "one"
    secret.write_text("two\n")
    assert bot.secret() == "two"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOT.replace("127.0.0.1:1/api", "bot.example.com/api"), "needs app_id"),
        (BOT + 'app_id = "a"\n', "app_id needs secret_file or secret_env"),
        (BOT + 'start_event = "go"\n', 'start_event is not a setting of kind = "bot-framework"'),
        (BOT.replace('url = "http', 'url = "ftp'), "must begin with https://"),
        (BOT.replace("bot-framework", "teams"), "bots.0.kind: Input should be 'bot-framework'"),
        (BOT.replace('"bot-framework"', "[]"), "bots.0.kind: "),
        (BOT.replace('kind = "bot-framework"', ""), "bots.0.kind: Field required"),
        (BOT + "reply_wiat_s = 1\n", "bots.0.reply_wiat_s: no such setting"),
        (BOT + "turn_timeout_s = 0\n", "bots.0.turn_timeout_s: Input should be greater than 0"),
        ('bots = ["desk"]\n', "bots.0"),
        (BOT + '[connector]\nhost = "0.0.0.0"\n', "connector.host must be 127.0.0.1"),
        (BOT + BOT, "the name 'desk' is in use already"),
        (BOT.replace("desk", "dialogs"), "the name 'dialogs' is in use already"),
        (BOT + '[routes]\ndefault = "disk"\n', "there is no bot 'disk', only: dialogs, desk"),
        (BOT + '[routes.trunks.sbc]\ndefault = "desk"\n', "there is no trunk or account 'sbc', only: page"),
        (
            BOT + SBC + '[routes.trunks.sbc]\nnumbers = {"1*" = "disk"}\n',
            "routes: trunks.sbc.1*: there is no bot 'disk'",
        ),
        (REGISTERED, "set connector.public_url"),
        (REGISTERED + "[connector]\npublic_url = 'https://us'\n", "DESK_SECRET is not in the environment"),
        ('[[bots]]\nname = "x"\nkind = "direct-line"\n', "needs either secret_file or secret_env, or token_url"),
        ('[[bots]]\nname = "x"\nkind = "copilot-studio"\n', "the token endpoint or the connection string"),
        (
            '[[bots]]\nname = "x"\nkind = "copilot-studio"\nurl = "https://e/copilotstudio/x"\nquiet_s = 1.0\n',
            "are for agents by their token endpoint",
        ),
        (
            '[[bots]]\nname = "x"\nkind = "bot-framework"\nurl = "http://127.0.0.1/"\npoll_s = 1.0\n',
            "is not a setting of kind",
        ),
        (
            '[[bots]]\nname = "x"\nkind = "copilot-studio"\nurl = "https://e/copilotstudio/x"\n',
            "a connection string needs app_id, tenant",
        ),
    ],
)
def test_a_bot_that_cannot_work_is_refused_and_mended(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(write(tmp_path, text))
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("tcp://127.0.0.1:6379", "redis://"),
        ("http://account.blob.core.windows.net/state", "in the clear"),
        ("https://account.blob.core.windows.net/", "needs a container"),
        ("https://account.blob.core.windows.net/state?sv=1&sig=abc", "VOICEBOT_STATE_PASSWORD"),
        ("redis://user:hush@127.0.0.1:6379/0", "VOICEBOT_STATE_PASSWORD"),
    ],
)
def test_a_state_server_that_cannot_be_meant_is_refused(tmp_path: Path, url: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_settings(write(tmp_path, f'[bot]\nstate_url = "{url}"\n'))


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('server = "192.0.2.1"', "pyvoip: server needs the username"),
        ('server = "a b"\nusername = "7000"', "pyvoip.server"),
        ('host = "0.0.0.0"', "pyvoip.host: '0.0.0.0' must be the IPv4 address by which the PBX reaches us"),
        ('host = "::1"', "pyvoip.host: '::1' must be the IPv4 address by which the PBX reaches us"),
        ('password_file = "/nowhere"', "pyvoip: the password_file /nowhere cannot be read"),
    ],
)
def test_an_extension_by_pyvoip_must_be_complete(tmp_path: Path, lines: str, told: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(told)):
        load_settings(write(tmp_path, f"[pyvoip]\n{lines}\n"))


ACS = """
[acs]
endpoint = "https://contoso.communication.azure.com"
public_url = "https://bot.example.com"
resource_id = "11111111-2222-3333-4444-555555555555"
"""
ACS_SECRETS = {"VOICEBOT_ACS__KEY": "a2V5", "VOICEBOT_ACS__EVENTS_KEY": "0123456789abcdef"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"endpoint": '"contoso"'}, "acs: endpoint must be set, and begin with https://"),
        ({"endpoint": '"http://contoso.example"'}, "acs: endpoint must be set, and begin with https://"),
        ({"public_url": '""'}, "acs: public_url must be set, and begin with https://"),
        ({"metadata_url": '"ftp://x"'}, "acs: metadata_url must be set"),
        ({"resource_id": '""'}, "acs: endpoint needs resource_id"),
        ({"number": '"4711"'}, "acs.number"),
        ({"lead_ms": "1000"}, "acs.lead_ms"),
        ({"mode": '"both"'}, "acs.mode"),
        ({"mode": '"platform"'}, 'acs: mode = "platform" needs speech_endpoint'),
        ({"speech_endpoint": '"contoso-speech"'}, "acs: speech_endpoint must be set, and begin with https://"),
        ({"speech_endpoint": '"https://westeurope.api.cognitive.microsoft.com/"'}, "NAME.cognitiveservices.azure.com"),
        ({"speech_endpoint": '"https://westeurope.tts.speech.microsoft.com/"'}, "NAME.cognitiveservices.azure.com"),
        ({"recording": '"both"'}, "acs.recording"),
        ({"recording_container": '"https://c.blob.core.windows.net/r"'}, 'recording = "platform"'),
        ({"recording": '"platform"', "recording_container": '"r"'}, "recording_container must be set, and begin with"),
        ({"key_file": '"/nowhere"'}, "the key_file /nowhere cannot be read"),
        ({"VOICEBOT_ACS__KEY": ""}, "endpoint needs an access key of the resource"),
        ({"VOICEBOT_ACS__KEY": "not base64!"}, "endpoint needs an access key of the resource"),
        ({"VOICEBOT_ACS__EVENTS_KEY": "short"}, "at least 16 letters, digits, - and _"),
        ({"VOICEBOT_ACS__EVENTS_KEY": "0123456789abcde/"}, "at least 16 letters, digits, - and _"),
    ],
)
def test_azure_communication_services_must_be_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], said: str
) -> None:
    for name, value in ACS_SECRETS.items():
        monkeypatch.setenv(name, change.get(name, value))
    lines = ACS
    for name, value in change.items():
        if not name.startswith("VOICEBOT"):
            lines = re.sub(rf"^{name} = .*\n", "", lines, flags=re.MULTILINE) + f"{name} = {value}\n"
    with pytest.raises(SettingsError, match=re.escape(said)):
        load_settings(write(tmp_path, lines))


def test_azure_communication_services_are_a_trunk_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ACS_SECRETS.items():
        monkeypatch.setenv(name, value)
    routes = '[routes.trunks.acs]\ndefault = "dialogs"\n'
    settings = load_settings(write(tmp_path, ACS + 'number = "+4930999"\n' + routes))
    assert settings.acs.options().events_key not in repr(settings.acs.options()) + repr(settings)
    with pytest.raises(SettingsError, match="there is no trunk or account 'acs'"):
        load_settings(write(tmp_path, routes))
    with pytest.raises(SettingsError, match="two have the name 'acs'"):
        load_settings(write(tmp_path, ACS + '[[trunks]]\nname = "acs"\naddresses = ["192.0.2.1"]\n'))
    outbound = '[calls]\noutbound_trunks = ["acs"]\n'
    with pytest.raises(SettingsError, match="outbound_trunks"):
        load_settings(write(tmp_path, ACS + outbound))
    load_settings(write(tmp_path, ACS + 'number = "+4930999"\n' + outbound))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sip = 5\n", "sip: "),
        ("bots = 5\n", "bots: "),
        ("bots = true\n", "bots: "),
        ("bots = [5]\n", "bots"),
        ('[tls]\ncertificate = "' + "a" * 5000 + '"\n', "aaa: File name too long"),
        ('[speech]\nkey_file = "' + "a" * 5000 + '"\n', "aaa: File name too long"),
    ],
)
def test_a_section_of_another_kind_and_a_file_that_cannot_be_looked_at_are_told(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(SettingsError) as told:
        load_settings(write(tmp_path, text), {"sip": {"max_calls": 5}})
    assert said in str(told.value)
    assert len(str(told.value)) < 1000


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "voicebot.toml"
    file.write_bytes(b"\xef\xbb\xbf[sip]\r\nport = 5070\r\n")
    assert load_settings(file).sip.port == 5070


@pytest.mark.parametrize("value", ["[", "nan", "\udcff", "9" * 5000, "[" * 20_000])
def test_a_variable_that_is_no_json_is_told(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEBOT_CALLS__TRANSFER_ALLOW", value)
    with pytest.raises(SettingsError, match="environment: "):
        load_settings()


def test_secrets_of_the_assistance_are_checked_when_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x" * 31)
    hook = f'[[webhooks]]\nurl = "{{}}"\nsecret_file = "{secret}"\n'
    with pytest.raises(SettingsError, match="less than 32 bytes"):
        load_settings(write(tmp_path, f'[console]\nassist_key_file = "{secret}"\n'))
    with pytest.raises(SettingsError, match="begins with https://"):
        load_settings(write(tmp_path, hook.format("http://crm.example.com")))
    settings = load_settings(write(tmp_path, hook.format("https://crm.example.com")))
    assert settings.webhooks[0].webhook().secret == "x" * 31
    secret.write_text("x" * 23)
    with pytest.raises(SettingsError, match="at least 24 bytes"):
        load_settings(write(tmp_path, hook.format("https://crm.example.com")))
    monkeypatch.setenv("VOICEBOT_CONSOLE__ASSIST_KEY", "x" * 31)
    with pytest.raises(SettingsError, match="less than 32 bytes"):
        load_settings(write(tmp_path, ""))


@pytest.mark.parametrize(
    ("text", "listens"),
    [
        ("", False),
        ('[siprec]\nnumbers = ["4711"]\n', True),
        ('[[trunks]]\nname = "sbc"\naddresses = ["192.0.2.1"]\nassist = true\n', True),
        ('[[trunks]]\nname = "sbc"\naddresses = ["192.0.2.1"]\n', False),
    ],
)
def test_calls_are_listened_to_where_a_number_or_trunk_is_set_up_for_it(
    tmp_path: Path, text: str, listens: bool
) -> None:
    assert load_settings(write(tmp_path, text)).listens is listens
