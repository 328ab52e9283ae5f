"""The ``voicebot`` command. Each subcommand is a module in ``voicebot/commands``; errors are one clear line."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from voicebot import __version__

app = typer.Typer(
    name="voicebot",
    help="A voice bot for the phone: SIP and RTP, Bot Framework dialogs, Azure Speech or offline speech.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Settings file (default: voicebot.toml, if there is one).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Options that come before a command."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def serve(
    config: ConfigOption = None,
    check: Annotated[bool, typer.Option("--check", help="Check the settings and exit.")] = False,
    as_json: JsonOption = False,
    exit_with_parent: Annotated[
        bool, typer.Option("--exit-with-parent", hidden=True, help="Stop when the parent process ends.")
    ] = False,
) -> None:
    """Answer calls until Ctrl-C or SIGTERM. Calls in progress may finish first."""
    from voicebot.commands.serve import run_serve
    from voicebot.parent import end_with_parent

    if exit_with_parent:
        end_with_parent()
    raise typer.Exit(run_serve(config, check_only=check, as_json=as_json))


@app.command()
def call(
    uri: Annotated[str, typer.Argument(help="Who to call, for example sip:bot@127.0.0.1:5060")],
    script: Annotated[Path | None, typer.Option("--script", "-s", help="What the caller says (YAML).")] = None,
    calls: Annotated[int, typer.Option(min=1, max=10000, help="How many calls to place in total.")] = 1,
    concurrency: Annotated[int, typer.Option(min=1, max=1000, help="How many calls to place at the same time.")] = 1,
    speech: Annotated[
        str, typer.Option(help="The caller's speech service, ws://host:port (default: starts an offline one).")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Folder for the call's audio and report.")] = None,
    ca: Annotated[Path | None, typer.Option(help="The only certificates to trust over TLS (PEM file).")] = None,
    codec: Annotated[str, typer.Option(help="Name of the codec to offer. An unknown name prints the list.")] = "PCMU",
    as_json: JsonOption = False,
) -> None:
    """Place one or many scripted calls and measure them on the wire."""
    from voicebot.commands.call import run_call

    raise typer.Exit(run_call(uri, script, calls, concurrency, speech, out, as_json=as_json, ca=ca, codec=codec))


@app.command()
def dial(
    to: Annotated[str, typer.Argument(help="Who to call: a number or a SIP address.")],
    config: ConfigOption = None,
    trunk: Annotated[str, typer.Option(help="The trunk or account to call through.")] = "",
    bot: Annotated[str, typer.Option(help="The bot that talks.")] = "",
    sender: Annotated[str, typer.Option("--from", help="The number to show.")] = "",
    context: Annotated[list[str] | None, typer.Option(help="A fact for the bot, name=value; repeatable.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until the call is over.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Have the running service call somebody, and report how the call goes."""
    from voicebot.commands.dial import run_dial

    raise typer.Exit(
        run_dial(to, config, trunk=trunk, bot=bot, sender=sender, context=context or [], wait=wait, as_json=as_json)
    )


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the demo's files.")] = Path("out"),
    by: Annotated[
        Literal["sip", "acs", "acs-platform"],
        typer.Option(
            help="How the caller reaches it; acs: by a double of Azure Communication Services; acs-platform: that "
            "speaks and listens itself."
        ),
    ] = "sip",
    stay: Annotated[bool, typer.Option("--stay", help="Keep the page with the call, until Ctrl-C (by sip).")] = False,
    as_json: JsonOption = False,
) -> None:
    """Start the bot, call it, go through the whole sample dialog, and show what happened."""
    from voicebot.commands.demo import run_demo

    raise typer.Exit(run_demo(out, by=by, stay=stay, as_json=as_json))


@app.command("assist-demo")
def assist_demo(
    script: Annotated[
        Path | None, typer.Option("--script", "-s", help="What the caller and the agent say (YAML).")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the demo's files.")] = Path("out"),
    stay: Annotated[bool, typer.Option("--stay", help="Keep the agent's page after the call, until Ctrl-C.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Start the service, let it listen to a call between two people, and show what helps the agent meanwhile."""
    from voicebot.commands.assist_demo import run_assist_demo

    raise typer.Exit(run_assist_demo(script, out, stay=stay, as_json=as_json))


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
def localspeech(context: typer.Context) -> None:
    """Run only the offline speech service (--help lists its options, --prepare prepares its models)."""
    from voicebot.localspeech.cli import main as localspeech_main

    raise typer.Exit(localspeech_main(context.args))


@app.command()
def doctor(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    beside_service: Annotated[
        bool, typer.Option("--beside-service", help="The service runs: leave out what it has or would feel.")
    ] = False,
) -> None:
    """Check settings, ports, models, speech service and clock, and say how to fix problems."""
    from voicebot.commands.doctor import run_doctor

    raise typer.Exit(run_doctor(config, as_json=as_json, beside_service=beside_service))


def _follow_settings(config: Path | None) -> None:
    """Use the SDK that the settings choose, so that dialogs are checked on the one that calls run them on."""
    from voicebot.commands.sdk import follow_settings

    if problem := follow_settings(config):
        typer.echo(problem, err=True)
        raise typer.Exit(2)


DialogsArgument = Annotated[Path, typer.Argument(help="The folder with the dialogs.")]


@app.command()
def check(
    dialogs: DialogsArgument = Path("dialogs"),
    as_json: JsonOption = False,
    github: Annotated[bool, typer.Option("--github", help="Print annotations for GitHub Actions.")] = False,
    errors_only: Annotated[bool, typer.Option("--errors-only", help="Fail on errors only, not on warnings.")] = False,
    config: ConfigOption = None,
) -> None:
    """Find mistakes in the dialogs. Each is shown with its file, line and column, and how to fix it."""
    _follow_settings(config)
    from voicebot.commands.check import run_check

    raise typer.Exit(run_check(dialogs, as_json=as_json, github=github, errors_only=errors_only))


@app.command()
def test(
    dialogs: DialogsArgument = Path("dialogs"),
    as_json: JsonOption = False,
    show_paths: Annotated[
        bool, typer.Option("--paths", help="List the paths between steps that no test takes.")
    ] = False,
    min_coverage: Annotated[
        float, typer.Option(min=0, max=100, help="Fail if the tests visit less than this percentage of the steps.")
    ] = 0.0,
    voice: Annotated[
        bool, typer.Option("--voice", help="Also run the tests as real calls, with offline speech.")
    ] = False,
    only: Annotated[str, typer.Option(help="With --voice: only tests with this text in their name.")] = "",
    config: ConfigOption = None,
) -> None:
    """Run the tests of the dialogs (dialogs/tests/*.yaml) in text, and list the steps that no test visits.

    With --voice, they also run as calls: a synthesised caller talks and presses keys, and the offline recogniser
    listens. What it misheard is shown. Tests that cannot run by voice are skipped, with the reason.
    """
    _follow_settings(config)
    if voice:
        if show_paths or min_coverage:
            raise typer.BadParameter("--paths and --min-coverage are about the tests in text; leave out --voice")
        from voicebot.commands.voice_test import run_voice_tests

        raise typer.Exit(run_voice_tests(dialogs, as_json=as_json, only=only))
    if only:
        raise typer.BadParameter("--only is for --voice; in text, all tests are run")
    from voicebot.commands.test import run_tests

    raise typer.Exit(run_tests(dialogs, as_json=as_json, show_paths=show_paths, min_coverage=min_coverage))


@app.command()
def chat(
    dialogs: DialogsArgument = Path("dialogs"),
    locale: Annotated[str, typer.Option(help="Language of the call (default: that of main.yaml).")] = "",
    outbound: Annotated[bool, typer.Option("--outbound", help="Act as in a call that the bot has placed.")] = False,
    context: Annotated[
        list[str] | None, typer.Option(help="A fact for such a call, name=value; repeatable. Implies --outbound.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Talk to the dialogs in text: type, /dtmf 12#, /silence, /state, /quit."""
    _follow_settings(config)
    from voicebot.commands.chat import run_chat

    raise typer.Exit(run_chat(dialogs, locale=locale, outbound=outbound, context=context or []))


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(help="The folder to create.")] = Path("dialogs"),
    starter: Annotated[str, typer.Option("--from", help="The starter to copy (see --list).")] = "",
    list_them: Annotated[bool, typer.Option("--list", help="List the starters.")] = False,
) -> None:
    """Create a folder of dialogs from a starter: a small, complete bot with tests."""
    from voicebot.commands.new import run_new

    raise typer.Exit(run_new(folder, starter, list_them=list_them))


@app.command()
def graph(
    dialogs: DialogsArgument = Path("dialogs"),
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File for the picture (default: standard output).")
    ] = None,
) -> None:
    """Draw the call flow as a picture (SVG). Steps and paths that no test takes are marked."""
    from voicebot.commands.graph import run_graph

    raise typer.Exit(run_graph(dialogs, out))


@app.command()
def schema(
    as_reference: Annotated[
        bool, typer.Option("--reference", help="Print the reference page (Markdown) instead.")
    ] = False,
) -> None:
    """Print the JSON Schema of dialog files, with which editors complete and explain words."""
    from voicebot.commands.schema import run_schema

    raise typer.Exit(run_schema(as_reference=as_reference))


records = typer.Typer(help="Find calls that were: their records, and the index of these.", no_args_is_help=True)
app.add_typer(records, name="records")


@records.command("index")
def records_index(config: ConfigOption = None) -> None:
    """Read all records anew, and make the index of them, also while the service runs. Prints how many there are."""
    from voicebot.commands.records import run_index

    raise typer.Exit(run_index(config))


@records.command("find")
def records_find(
    words: Annotated[list[str] | None, typer.Argument(help='What was said: words, or beginnings; "a phrase".')] = None,
    config: ConfigOption = None,
    number: Annotated[str, typer.Option(help="A part of the caller's or called number, or of the Call-ID.")] = "",
    since: Annotated[
        str, typer.Option(help="Began at this time or later: 2026-11-29, 2026-11-29T14:05:00Z (UTC).")
    ] = "",
    until: Annotated[str, typer.Option(help="Began before this time.")] = "",
    outcome: Annotated[str, typer.Option(help="Why it ended: caller, bot, transfer, busy, ...")] = "",
    bot: Annotated[str, typer.Option(help="The bot.")] = "",
    step: Annotated[str, typer.Option(help="The id of a step that the dialog came to.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many, the latest first.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """List the calls that have all of this, the latest first."""
    from voicebot.commands.records import run_find

    asked = {"number": number, "since": since, "until": until, "outcome": outcome, "bot": bot, "step": step}
    raise typer.Exit(run_find(config, {**asked, "words": " ".join(words or []), "limit": str(limit)}, as_json=as_json))


@records.command("ladder")
def records_ladder(
    call: Annotated[str, typer.Argument(help="The id of the call.")],
    config: ConfigOption = None,
    whole: Annotated[bool, typer.Option("--whole", help="Print the messages as well.")] = False,
) -> None:
    """Draw the SIP messages of a call (kept with calls.signalling = true)."""
    from voicebot.commands.records import run_ladder

    raise typer.Exit(run_ladder(config, call, whole=whole))


def main() -> None:
    """Entry point of the ``voicebot`` script."""
    try:
        app()
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(141)
