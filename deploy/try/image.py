"""The container image: built, run read-only and without root, called, and drained by SIGTERM while a call is up.

    python deploy/try/image.py                           # builds from Docker Hub's Python
    python deploy/try/image.py --debian                  # from a base of Debian's packages, without a registry
    python deploy/try/image.py --mount /etc/pip.conf     # with what pip needs here to reach an index

Needs podman, and root or its rootless set-up; ``--debian`` also mmdebstrap. Takes some minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp
from local_fleet import caller_options, script_of
from program import NotInstalled, ProgramFailed, free_port
from trial import tried

from voicebot.address import Address
from voicebot.caller import Phone

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.21"
NAME = "voicebot-try"
IMAGE = "localhost/voicebot:try"
BASE = "localhost/voicebot-base"
DEBIAN = ("python3", "python3-venv", "ca-certificates")
READY_S = 300.0
DRAIN_S = 60
CALL = script_of("listen:", "pause_s: 8")


async def run(folder: Path, *, debian: bool, mounts: Sequence[Path]) -> bool:
    """Whether all went well."""
    for program, needed in (("podman", True), ("mmdebstrap", debian)):
        if needed and shutil.which(program) is None:
            raise NotInstalled(f"{program}: apt-get install {program}")
    if debian:
        await _make_base(folder)
    volumes = [f"--volume={mount}:{mount}:ro" for mount in mounts]
    base = [f"--build-arg=BASE={BASE}", "--pull=never"] if debian else []
    build = ["build", "--format=docker", "--network=host", *base, *volumes, f"--tag={IMAGE}"]
    await podman(*build, f"--file={ROOT / 'deploy' / 'image' / 'Dockerfile'}", str(ROOT))
    wrong = await tried_out()
    for why in wrong:
        print(f"WRONG: {why}")
    return not wrong


async def tried_out() -> list[str]:
    """What is wrong with the image that was built."""
    sip, console = free_port(HOST), free_port(HOST)
    settings = {"SIP__HOST": HOST, "SIP__PORT": sip, "CONSOLE__HOST": HOST, "CONSOLE__PORT": console}
    settings |= {"BOT__HTTP_PORT": 0, "BOT__DIALOGS": "/srv/dialogs", "CALLS__DRAIN_S": DRAIN_S}
    given = [f"--env=VOICEBOT_{name}={value}" for name, value in settings.items()]
    confined = ["--read-only", "--read-only-tmpfs=false", "--tmpfs=/tmp:size=256m,mode=1777", "--cap-drop=all"]
    confined += [
        "--security-opt=no-new-privileges",
        "--network=host",
        "--ulimit=nofile=20000:20000",
        "--ulimit=nproc=4096:4096",
    ]
    await podman("run", "--detach", f"--name={NAME}", *confined, *given, IMAGE, "serve")
    try:
        await _ready(f"http://{HOST}:{console}/readyz")
        wrong = [*await _inside(), *await _called(Address.parse(f"sip:bot@{HOST}:{sip}"))]
    finally:
        print(await podman("logs", "--tail=5", NAME, check=False))
        await podman("rm", "--force", "--volumes", NAME, check=False)
    return wrong


async def _make_base(folder: Path) -> None:
    """What stands for Docker Hub's Python where no registry is reached."""
    archive = folder / "base.tar"
    argv = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(DEBIAN)}", "bookworm", str(archive)]
    process = await asyncio.create_subprocess_exec(*argv)
    if await process.wait() != 0:
        raise ProgramFailed("mmdebstrap made no base")
    await podman("import", "--quiet", str(archive), BASE)


async def podman(*argv: str, check: bool = True) -> str:
    """What it printed. Raises :class:`ProgramFailed`."""
    runtime = ["--runtime=runc"] if shutil.which("runc") else []
    process = await asyncio.create_subprocess_exec(
        "podman", *runtime, *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told = (await process.communicate())[0].decode(errors="replace").strip()
    if check and process.returncode != 0:
        raise ProgramFailed(f"podman {argv[0]}: {told[-3000:]}")
    return told


async def _ready(url: str) -> None:
    async with aiohttp.ClientSession() as http, asyncio.timeout(READY_S):
        while True:
            try:
                async with http.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            if await podman("inspect", "--format={{.State.Running}}", NAME) != "true":
                raise ProgramFailed(await podman("logs", "--tail=20", NAME))
            await asyncio.sleep(0.5)


async def _inside() -> list[str]:
    """What is wrong with what the process in it may do, and with what is in it."""
    wrong = []
    if (user := await podman("exec", NAME, "id", "-u")) == "0":
        wrong.append("it runs as root")
    writes = await podman("exec", NAME, "sh", "-c", "touch /opt/voicebot/x /srv/dialogs/x /x; ls /x", check=False)
    if "No such file" not in writes:
        wrong.append(f"its root file system can be written to: {writes}")
    listed = json.loads(await podman("exec", NAME, "cat", "/opt/voicebot/sbom.cdx.json"))
    names = {component["name"] for component in listed["components"]}
    if not {"aiohttp", "onnxruntime", "redis", "azure-cognitiveservices-speech"} <= names:
        wrong.append("packages are missing in the list of what is in it")
    if (telemetry := await podman("exec", NAME, "printenv", "ORT_DISABLE_TELEMETRY", check=False)) != "1":
        wrong.append(f"ORT_DISABLE_TELEMETRY is {telemetry!r}")
    await podman("healthcheck", "run", NAME)
    size = int(await podman("image", "inspect", "--format={{.Size}}", IMAGE)) / 1e6
    print(f"  user {user}, read-only, healthy; {len(names)} packages are listed; {size:.0f} MB", flush=True)
    return wrong


async def _called(bot: Address) -> list[str]:
    """A call, in the middle of which the container is told to stop: it goes on, and then the container ends well."""
    async with Phone(bot, caller_options()) as phone:
        call = asyncio.create_task(phone.call(bot, CALL))
        await asyncio.sleep(3)
        stop = asyncio.create_task(podman("stop", f"--time={DRAIN_S + 20}", NAME))
        report = await call
        began = asyncio.get_running_loop().time()
        await stop
    waited_s = asyncio.get_running_loop().time() - began
    state = await podman("inspect", "--format={{.State.ExitCode}}", NAME)
    print(f"  a call of {report.duration_s:.1f} s went on after SIGTERM; {waited_s:.1f} s later, exit status {state}")
    wrong = [] if report.ok else [f"the call: {report.reason}"]
    return wrong + ([] if state == "0" else [f"the container ended with {state}"])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debian", action="store_true", help="make the base of Debian's packages")
    parser.add_argument("--mount", type=Path, action="append", default=[], help="a file or folder that pip needs")
    options = parser.parse_args()
    sys.exit(tried(lambda folder: run(folder, debian=options.debian, mounts=options.mount)))
