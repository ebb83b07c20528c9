"""What is uploaded: complete, compiled, small, and the same whenever its contents are."""

import marshal
import re
import string
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from benchmarks import packages
from ops import package as packaging
from ops import sdk
from ops.compiled import compile_zip
from ops.project import ROOT, build

LIMIT = 4_000_000
RUNTIME = f"python3.{sys.version_info.minor}"
UNCHECKED_HASH = 0b01


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("package")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STAGE", "local")
        packaging.package("local", folder, {})
        yield folder / "deployment.zip"


@pytest.fixture(scope="module")
def task(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package) as found:
        found.extractall(folder)
    return folder


def test_every_module_is_compiled_for_the_functions_python(task: Path) -> None:
    own = list(task.rglob("*.py"))
    assert {path.relative_to(task).parts[0] for path in own} == {"app.py", "chalicelib"}
    packages = [path for path in task.rglob("*.pyc") if path.parent.name != "__pycache__"]
    assert {"pydantic", "chalice", "tzdata"} <= {
        path.relative_to(task).parts[0] for path in packages
    }
    for module in (*own, *(path.with_suffix(".py") for path in packages)):
        name = f"{module.stem}.{sys.implementation.cache_tag}.pyc"
        beside = module.with_suffix(".pyc")
        compiled = (module.parent / "__pycache__" / name if module in own else beside).read_bytes()
        assert int.from_bytes(compiled[4:8], "little") == UNCHECKED_HASH
        where = marshal.loads(compiled[16:]).co_filename  # noqa: S302 - our own
        assert where == f"/var/task/{module.relative_to(task)}"


def test_the_zip_is_small(package: Path) -> None:
    assert package.stat().st_size <= LIMIT


def test_every_licence_is_shipped_along(task: Path) -> None:
    packages = list(task.glob("*.dist-info"))
    assert packages
    for each in packages:
        names = {path.name for path in each.rglob("*")}
        assert "METADATA" in names
        assert any(name.startswith("LICENSE") for name in names), each.name


def test_the_same_contents_make_the_same_zip(tmp_path: Path) -> None:
    zips = []
    for name in ("one", "two"):
        packed = tmp_path / f"{name}.zip"
        with zipfile.ZipFile(packed, "w") as out:
            letters = ", ".join(f'"{letter}"' for letter in string.ascii_letters)
            out.writestr("app.py", f"def known(x):\n    return x in {{{letters}}}\n")
            out.writestr("lib/more.py", f'"""Text."""\n{"x = 1"}\n')
        assert compile_zip(packed, RUNTIME)
        zips.append(packed.read_bytes())
    assert zips[0] == zips[1]


def test_nothing_is_compiled_for_another_python_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = tmp_path / "one.zip"
    with zipfile.ZipFile(packed, "w") as out:
        out.writestr("app.py", "x = 1\n")
    before = packed.read_bytes()
    packaging._compiled(packed, "python3.99")
    assert packed.read_bytes() == before
    assert "the functions run python3.99" in capsys.readouterr().err


def test_chalice_deploys_the_zip_that_was_compiled(tmp_path: Path) -> None:
    project = build("dev", tmp_path, {}, "us-east-1:000000000000")
    packaging.prepare(project, "dev")
    [made] = (project / ".chalice" / "deployments").glob("*.zip")
    before = made.read_bytes()
    assert b"__pycache__" in before
    said = packaging.run_chalice(project, "package", "--stage", "dev", "again")
    assert "Reusing existing deployment package" in said
    assert (project / "again" / "deployment.zip").read_bytes() == before


def client(service: str, region: str, data: Path | None) -> Any:
    session = botocore.session.get_session()
    if data:
        session.set_config_variable("data_path", str(data))
    return session.create_client(service, region_name=region)


@pytest.mark.parametrize("service", sdk.SERVICES)
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"])
def test_the_sdks_data_say_what_botocores_own_say(task: Path, service: str, region: str) -> None:
    ours, own = client(service, region, task / "sdk"), client(service, region, None)
    assert ours.meta.endpoint_url == own.meta.endpoint_url
    assert ours.meta.config.signature_version == own.meta.config.signature_version
    assert ours.meta.method_to_api_mapping == own.meta.method_to_api_mapping
    for operation in own.meta.method_to_api_mapping.values():
        models = [one.meta.service_model.operation_model(operation) for one in (ours, own)]
        told, expected = (
            [shape and list(shape.members) for shape in (one.input_shape, one.output_shape)]
            for one in models
        )
        assert told == expected
    [path] = (task / "sdk" / service).glob("*/service-2.json")
    assert '"documentation":"' not in path.read_text()


def called() -> set[str]:
    """Return every service that the app makes a client of."""
    made = re.compile(r"(?:client|_Later)\(\s*\"(\w+)\"")
    return {
        name
        for path in (ROOT / "chalicelib").rglob("*.py")
        for name in made.findall(path.read_text())
    }


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"])
def test_every_service_is_found_where_botocores_own_data_find_it(task: Path, region: str) -> None:
    """Without its endpoints S3 is not found in us-east-1, and other services are."""
    services = called()
    assert services >= {"dynamodb", "sns", "sqs", "s3"}
    for service in services:
        ours, own = client(service, region, task / "sdk"), client(service, region, None)
        assert ours.meta.endpoint_url == own.meta.endpoint_url
        assert ours.meta.config.signature_version == own.meta.config.signature_version


@pytest.mark.parametrize(
    ("function", "services"),
    [("tillbridge-local-elm_street_books", "dynamodb sns"), ("tillbridge-local-archive", "s3"),
     ("tillbridge-local-rewards", "dynamodb sqs"), ("tillbridge-local-files", "s3 sqs dynamodb"),
     ("tillbridge-local", "dynamodb sqs ssm"), ("", "")],
)  # fmt: skip
def test_a_function_makes_its_clients_while_it_starts(
    task: Path, function: str, services: str
) -> None:
    code = (
        "import sys, gc; sys.path[:0] = sys.argv[1:]; from botocore.session import Session;"
        "made, make = [], Session.create_client;"
        "Session.create_client = lambda *a, **k: made.append(a[1]) or make(*a, **k);"
        "from chalicelib import clients as w, wiring;"
        "print(w._session().get_component('data_loader').search_paths[0],"
        "gc.get_freeze_count() > 10_000, *made)"
    )
    name = {"AWS_LAMBDA_FUNCTION_NAME": function} if function else {}
    told = start(task, code, AWS_DEFAULT_REGION="us-east-1", **name)
    assert told == [str(task / "sdk"), str(bool(function)), *services.split()]


def test_pydantics_plugins_are_looked_for_only_if_there_are_any(tmp_path: Path) -> None:
    packed = tmp_path / "some.zip"
    for entry, looks in (("[console_scripts]", False), ("[pydantic]", True)):
        with zipfile.ZipFile(packed, "w") as out:
            out.writestr("pydantic/plugin/_loader.py", "import importlib.metadata\n")
            out.writestr("some-1.dist-info/entry_points.txt", f"{entry}\nname = some:thing\n")
        compile_zip(packed, RUNTIME)
        with zipfile.ZipFile(packed) as found:
            assert (b"importlib" in found.read("pydantic/plugin/_loader.pyc")) is looks


def start(task: Path, code: str, **environment: str) -> list[str]:
    """Run code with the zip's contents and the managed runtime's SDK, and nothing else of here."""
    runtime = task.parent / "runtime"
    if not runtime.exists():
        packages.sdk(runtime)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", code, str(task), str(runtime)],
        env={"STAGE": "local", **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split()


def test_the_app_starts_from_the_zip_alone(task: Path) -> None:
    code = "import sys; sys.path[:0] = sys.argv[1:]; import app; print(*sys.modules)"
    modules = start(task, code)
    assert "chalicelib.wiring" in modules
    assert "boto3" not in modules
    plugins = [name for name in modules if name.startswith("pydantic.v1") or "hypothesis" in name]
    assert not plugins
