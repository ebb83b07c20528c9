"""The zips that are deployed, made by Chalice: with our measures, and without."""

import importlib.util
import os
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any
from unittest import mock

from ops.compiled import compile_zip
from ops.emulator import ACCOUNT, REGION
from ops.package import run_chalice
from ops.project import ROOT, build

#: What the managed runtime brings along.
SDK = ("boto3", "botocore", "s3transfer", "urllib3", "jmespath", "dateutil", "six")
_APP = "from benchmarks.{} import app, bench_shop, clients\n"
_MODULES = ("__init__", "place", "plain", "till")
_CONFIG = '{"version": "2.0", "app_name": "tillbridge", "stages": {"bench": {}}}'
POWERTOOLS = "aws-lambda-powertools"


def project(folder: Path, variant: str) -> Path:
    """Write a Chalice project whose one function is the variant's; return the zip of it."""
    shipped = folder / "vendor" / "benchmarks"
    shipped.mkdir(parents=True)
    for name in (*_MODULES, variant, *(("peer_model",) if variant == "peer" else ())):
        shutil.copy(ROOT / "benchmarks" / f"{name}.py", shipped)
    (folder / "app.py").write_text(_APP.format(variant))
    (folder / ".chalice").mkdir()
    (folder / ".chalice" / "config.json").write_text(_CONFIG)
    if variant == "ours":
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "chalicelib", folder / "chalicelib", ignore=ignored)
    (folder / "requirements.txt").write_text(_requirements(variant))
    with mock.patch.dict(os.environ, STAGE="bench"):
        run_chalice(folder, "package", "--stage", "bench", "out")
    return folder / "out" / "deployment.zip"


def unpacked(package: Path, folder: Path) -> Path:
    with zipfile.ZipFile(package) as found:
        found.extractall(folder)
    return folder


def sdk(folder: Path) -> Path:
    """Copy the SDK without any .pyc."""
    folder.mkdir(parents=True)
    for name in SDK:
        spec: Any = importlib.util.find_spec(name)
        where = Path(spec.origin)
        if where.name != "__init__.py":
            (folder / where.name).symlink_to(where)
        else:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(where.parent, folder / name, ignore=ignored, copy_function=os.symlink)
    return folder


def _requirements(variant: str) -> str:
    ours = (ROOT / "requirements.txt").read_text()
    if variant == "ours":
        return ours
    wanted = (ROOT / "requirements-bench.txt").read_text().splitlines()
    pinned = [line for line in wanted if line.startswith(POWERTOOLS)]
    kept = [line for line in ours.splitlines() if not line.startswith(("defusedxml", "tzdata"))]
    return "\n".join([*kept, *pinned, ""])


def app(folder: Path) -> tuple[Path, Path]:
    """Return the zips of app.py itself: as Chalice makes it, and as we ship it."""
    with mock.patch.dict(os.environ, STAGE="bench", AWS_DEFAULT_REGION=REGION):
        built = build("bench", folder, {}, f"{REGION}:{ACCOUNT}")
        run_chalice(built, "package", "--stage", "bench", "out")
    plain = (built / "out" / "deployment.zip").rename(folder / "plain.zip")
    return plain, shipped(plain)


def shipped(package: Path) -> Path:
    """Return the zip as our commands upload it."""
    found = Path(shutil.copy(package, package.with_name("shipped.zip")))
    compile_zip(found, f"python3.{sys.version_info.minor}")
    return found
