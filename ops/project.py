"""A copy of the project as Chalice deploys it: settings and policies follow from app.py."""

import json
import shutil
from pathlib import Path
from typing import Any

from chalicelib.wiring import DECLARED
from ops.door import FUNCTION, TIMEOUT_SECONDS, routed
from ops.merchants import declared, services
from ops.permissions import door_policy, policy, service_policy

ROOT = Path(__file__).parents[1]
SHIPPED = ("app.py", "chalicelib", "requirements.txt")


def build(stage: str, into: Path, environment: dict[str, str], place: str, **settings: Any) -> Path:
    """Write a Chalice project for that stage, a policy file per function included.

    `place` is region:account, as in an ARN.  HASH_KEY in the environment goes to the functions
    that hash, and to no other.  What Chalice keeps there of earlier deployments stays.
    """
    (into / ".chalice").mkdir(parents=True, exist_ok=True)
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.rmtree(into / name, ignore_errors=True)
            shutil.copytree(ROOT / name, into / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, into / name)
    shared = {name: value for name, value in environment.items() if name != "HASH_KEY"}
    config = json.loads((ROOT / ".chalice" / "config.json").read_text()) | settings
    section = config["stages"].get(stage, {})
    section["environment_variables"] = {"STAGE": stage, **shared}
    functions: dict[str, Any] = {}
    for one in declared(stage):
        functions[one.function] = _policed(policy(one, stage, place), stage, one.function, into)
        if one.merchant.personal == "hash":
            own = {"HASH_KEY": environment.get("HASH_KEY", "")}
            functions[one.function]["environment_variables"] = own
    for name in services(stage):
        document = service_policy(name, stage, place, declared(stage))
        functions[name] = _policed(document, stage, name, into)
    told = {one.merchant.id: one.told() for one in declared(stage)}
    (into / "chalicelib" / DECLARED).write_text(json.dumps(told, sort_keys=True))
    if routed(stage):
        document = door_policy(declared(stage), stage, place)
        functions[FUNCTION] = _policed(document, stage, FUNCTION, into)
        functions[FUNCTION]["lambda_timeout"] = TIMEOUT_SECONDS
    section["lambda_functions"] = functions
    config["stages"] = {stage: section}
    (into / ".chalice" / "config.json").write_text(json.dumps(config, indent=2))
    return into


def _policed(document: dict[str, Any], stage: str, function: str, into: Path) -> dict[str, Any]:
    """Write the policy of a function, and return the function's settings."""
    name = f"policy-{stage}-{function}.json"
    (into / ".chalice" / name).write_text(json.dumps(document, indent=2))
    return {"iam_policy_file": name}
