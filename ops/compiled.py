"""The zip with its modules compiled, which Chalice leaves to every cold start.

Lambda's code can't be written to, so that what isn't compiled in the zip is compiled each time a
container starts.  `unchecked-hash` is for that: the interpreter takes the .pyc without a look at
the source.  Our own source stays for tracebacks; that of packages stays out, as it is half a
megabyte that nobody reads there.  https://peps.python.org/pep-0552/
"""

import fnmatch
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from ops import sdk

#: Where Lambda unpacks the zip: what tracebacks name.
TASK = "/var/task"
#: The earliest that a zip can say, so that the same contents make the same zip.
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
#: What keeps its source.
_OWN = ("app.py", "chalicelib")
_COMPILER = (
    sys.executable, "-P", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash",
)  # fmt: skip
_MODES = {True: 0o755, False: 0o644}
#: What no function ever runs: pydantic's old and coming selves, what is for type checkers, lists.
_NEVER_RUN = (
    "pydantic/v1/*", "pydantic/deprecated/*", "pydantic/experimental/*", "pydantic/mypy.py",
    "annotated_types/test_cases.py", "*.pyi", "*/py.typed", "*.dist-info/RECORD",
)  # fmt: skip


def compile_zip(package: Path, runtime: str) -> bool:
    """Put in every module's .pyc and the SDK's data, take out what never runs; tell if it is done.

    It can't where this Python isn't the `runtime`'s (such as python3.12), which would take none of
    them.  The same contents always give the same zip.
    """
    if runtime != f"python{sys.version_info.major}.{sys.version_info.minor}":
        return False
    with tempfile.TemporaryDirectory(prefix="tillbridge-zip-") as folder:
        with zipfile.ZipFile(package) as found:
            found.extractall(folder, [name for name in found.namelist() if _runs(name)])
        sdk.write(Path(folder))
        _without_plugins(Path(folder))
        _compile(Path(folder))
        packed = package.with_suffix(".tmp")
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
            for path in sorted(path for path in Path(folder).rglob("*") if path.is_file()):
                out.writestr(_entry(path, path.relative_to(folder)), path.read_bytes())
    packed.replace(package)
    return True


def _runs(name: str) -> bool:
    return not any(fnmatch.fnmatch(name, pattern) for pattern in _NEVER_RUN)


def _without_plugins(folder: Path) -> None:
    """Let pydantic not look for plugins where there are none, which takes longer than our models.

    Its own switch, PYDANTIC_DISABLE_PLUGINS, comes after the import that takes the time.
    """
    found = any(
        "[pydantic]" in path.read_text() for path in folder.glob("*.dist-info/entry_points.txt")
    )
    loader = folder / "pydantic" / "plugin" / "_loader.py"
    if loader.exists() and not found:
        loader.write_text("def get_plugins():\n    return ()\n")


def _compile(folder: Path) -> None:
    """Compile in processes of their own: what is in memory here would show in the files."""
    own = [folder / name for name in _OWN if (folder / name).exists()]
    packages = [path for path in sorted(folder.iterdir()) if path not in own]
    for paths, beside in ((own, ()), (packages, ("-b",))):
        if paths:
            command = [*_COMPILER, *beside, "-s", folder, "-p", TASK, *paths]
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - our own
    for path in packages:
        for source in [path] if path.is_file() else path.rglob("*.py"):
            if source.suffix == ".py":
                source.unlink()


def _entry(path: Path, name: Path) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name.as_posix(), _LONG_AGO)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (stat.S_IFREG | _MODES[path.suffix == ".so"]) << 16
    return entry
