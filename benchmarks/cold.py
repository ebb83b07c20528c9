"""Cold start: fresh processes that import the app from the zip that is deployed."""

import compileall
import json
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode

from benchmarks import packages
from ops.emulator import ACCOUNT, REGION

#: As Lambda does: nothing of this machine's packages, and nothing is written.
_PYTHON = (sys.executable, "-I", "-S", "-B", "-c")
_CHILD = """
import json, sys, time
sys.path[:0] = sys.argv[1:3]
began = time.process_time()
{before}
import app
{ready}
print(json.dumps((time.process_time() - began) * 1000))
"""
#: What the first message of a merchant makes.
_OURS = f"""
from chalicelib.model import Merchant
from chalicelib.wiring import pipeline
merchant = Merchant("cold", app.square.adapt)
pipeline(merchant, "arn:aws:lambda:{REGION}:{ACCOUNT}:function:cold")
"""
_PEERS = "app.clients()"
#: What the code itself does for a quick start, undone before and after it is imported.
_UNDONE = "import chalicelib, gc; gc.set_threshold(700)"
_ASKING_ALL = "from chalicelib.clients import _Loader; del _Loader.list_available_services"
_ENVIRONMENT = {
    "STAGE": "bench",
    "AWS_ACCESS_KEY_ID": ACCOUNT,
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True)
class Rung:
    """One way to ship: the zip's contents, the SDK's, and what is ready when it is over."""

    task: Path
    sdk: Path
    ready: str = _OURS
    before: str = ""

    def start(self) -> float:
        """Start a fresh process; return the milliseconds of CPU until its clients are ready."""
        child = _CHILD.format(before=self.before, ready=self.ready)
        command = [*_PYTHON, child, str(self.task), str(self.sdk)]
        done = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, text=True)  # noqa: S603, PLW1510 - our own
        if done.returncode:
            raise RuntimeError(f"{self.task.name} doesn't start:\n{done.stderr}")
        return float(json.loads(done.stdout))


def ladder(folder: Path, plain: Path, shipped: Path, peer: Path) -> dict[str, Rung]:
    """Return the rungs of the three zips, unpacked in `folder`."""
    sdk = packages.sdk(folder / "sdk")
    built = compiled(packages.sdk(folder / "sdk-compiled"))
    tasks = {
        path.name: packages.unpacked(path, folder / path.stem) for path in (plain, shipped, peer)
    }
    whole = compiled(packages.unpacked(peer, folder / "peer-compiled"))
    undone = f"{_ASKING_ALL}\n{_OURS}", _UNDONE
    return {
        "plain, SDK in the zip": Rung(tasks[plain.name], sdk, *undone),
        "plain": Rung(tasks[plain.name], built, *undone),
        "ours": Rung(tasks[shipped.name], built),
        "ours, SDK not compiled": Rung(tasks[shipped.name], sdk),
        "peer, plain": Rung(tasks[peer.name], built, _PEERS),
        "peer, compiled": Rung(whole, built, _PEERS),
    }


def climb(
    rungs: Mapping[str, Rung], times: int, each: Callable[[], None]
) -> list[dict[str, dict[str, float]]]:
    """Start every rung in random order, round by round."""
    dice, rows = random.Random(1), []  # noqa: S311 - no secret
    for turn in range(times + 1):
        order = list(rungs)
        dice.shuffle(order)
        row = {name: {"cpu": rungs[name].start()} for name in order}
        if turn:  # the first brings the files into memory
            rows.append(row)
        each()
    return rows


def compiled(folder: Path) -> Path:
    """Compile everything in a folder, as a build step would."""
    mode = PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(folder, quiet=2, invalidation_mode=mode, workers=2)
    return folder
