"""The whole settings file: its sections, and the rules across sections.

In the environment, section and name are joined by two underscores: ``VOICEBOT_SIP__PORT=5080``. Secrets are read from
the environment or from the file that a setting ``..._file`` names, are held in a ``SecretStr`` and are never logged.
"""

from __future__ import annotations

from typing import Self

from pydantic import model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from voicebot.legs.acs_options import ACS
from voicebot.own_trunks import PAGE_TRUNK
from voicebot.settings.acs import AcsSettings
from voicebot.settings.assist import AssistSettings
from voicebot.settings.bots import RemoteBotSettings
from voicebot.settings.calls import CallSettings, LogSettings, TurnSettings
from voicebot.settings.dialogs import BotSettings
from voicebot.settings.fleet import FleetSettings
from voicebot.settings.http import ConnectorSettings, ConsoleSettings
from voicebot.settings.language import LanguageSettings
from voicebot.settings.media import RtpSettings
from voicebot.settings.pyvoip import PyVoipSettings
from voicebot.settings.routes import RouteSettings
from voicebot.settings.sip import RateSettings, SipSettings, TlsSettings
from voicebot.settings.siprec import SiprecSettings
from voicebot.settings.speech import SpeechSettings
from voicebot.settings.traces import TraceSettings
from voicebot.settings.trunks import AccountSettings, TrunkSettings
from voicebot.settings.values import default, options
from voicebot.settings.webhooks import WebhookSettings
from voicebot.turns import TurnPolicy, numbers_of


class Settings(BaseSettings):
    """All settings. Each is explained in its section."""

    model_config = SettingsConfigDict(
        env_prefix="VOICEBOT_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    sip: SipSettings = SipSettings()
    tls: TlsSettings = TlsSettings()
    rates: RateSettings = RateSettings()
    trunks: tuple[TrunkSettings, ...] = ()
    accounts: tuple[AccountSettings, ...] = ()
    siprec: SiprecSettings = SiprecSettings()
    pyvoip: PyVoipSettings = PyVoipSettings()
    acs: AcsSettings = AcsSettings()
    fleet: FleetSettings = FleetSettings()
    rtp: RtpSettings = RtpSettings()
    speech: SpeechSettings = SpeechSettings()
    assist: AssistSettings = AssistSettings()
    language: LanguageSettings = LanguageSettings()
    bot: BotSettings = BotSettings()
    turns: TurnSettings = TurnSettings()
    calls: CallSettings = CallSettings()
    log: LogSettings = LogSettings()
    traces: TraceSettings = TraceSettings()
    console: ConsoleSettings = ConsoleSettings()
    webhooks: tuple[WebhookSettings, ...] = ()
    connector: ConnectorSettings = ConnectorSettings()
    routes: RouteSettings = RouteSettings()
    bots: tuple[RemoteBotSettings, ...] = ()

    @model_validator(mode="after")
    def _bots_fit(self) -> Self:
        names = [bot.name for bot in self.bots]
        for name in names:
            if name == "dialogs" or names.count(name) > 1:
                raise ValueError(f"bots: the name {name!r} is in use already")
        if self.assist.bot and self.assist.bot not in names:
            raise ValueError(f"assist.bot: there is no bot {self.assist.bot!r} in [[bots]]")
        self.routes.check(names, [*self._line_names, PAGE_TRUNK])
        for bot in self.bots:
            try:
                bot.check_connector(self.connector.host, self.connector.public_url)
            except ValueError as error:
                raise ValueError(f"bots: {bot.name}: {error}") from error
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment overrides the file, whose values are the arguments of the constructor."""
        return env_settings, init_settings

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = self._line_names
        if PAGE_TRUNK in names:
            raise ValueError(f"trunks and accounts: {PAGE_TRUNK!r} is the name of calls from the console's page")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            ours = " (with [acs], one of them is that of Azure Communication Services)" if twice[0] == ACS else ""
            raise ValueError(f"trunks and accounts: two have the name {twice[0]!r}{ours}")
        if not self.fleet.url and (limited := [trunk.name for trunk in self.trunks if trunk.fleet_calls]):
            raise ValueError(f"trunk {limited[0]}: fleet_calls without fleet.url: use max_calls")
        if not self.fleet.url and self.fleet.max_calls:
            raise ValueError("fleet: max_calls without url: use sip.max_calls")
        if unknown := [one.trunk for one in self.assist.languages if one.trunk and one.trunk not in names]:
            raise ValueError(f"assist.languages: there is no trunk {unknown[0]!r}")
        outbound = [t.name for t in self.trunks if t.outbound] + [account.name for account in self.accounts]
        if self.acs.endpoint and self.acs.number:
            outbound.append(ACS)
        if unknown := [name for name in self.calls.outbound_trunks if name not in outbound]:
            raise ValueError(f"calls: outbound_trunks: there is no account, and no trunk with outbound, {unknown[0]!r}")
        return self

    @property
    def _line_names(self) -> list[str]:
        """The names by which routes and bots know where a call comes from."""
        names = [trunk.name for trunk in self.trunks] + [account.name for account in self.accounts]
        return [*names, ACS] if self.acs.endpoint else names

    @property
    def listens(self) -> bool:
        """Whether there may be calls between people that are listened to."""
        return bool(self.siprec.numbers) or any(trunk.assist for trunk in self.trunks)

    def turn_policy(self) -> TurnPolicy:
        """The rules for the turn machine."""
        turns = self.turns
        paced = {
            name: number
            for name, number in numbers_of(turns.pace).items()
            if getattr(turns, name) == default(TurnPolicy, name)
        }
        return options(TurnPolicy, turns, fallback_transfer=self.calls.fallback_transfer, **paced)
