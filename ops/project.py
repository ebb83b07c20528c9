"""A copy of the project as Chalice deploys it: settings and policies follow from app.py."""

import json
import shutil
from pathlib import Path
from typing import Any

from ops.merchants import declared
from ops.permissions import policy

ROOT = Path(__file__).parents[1]
SHIPPED = ("app.py", "chalicelib", "requirements.txt")


def build(stage: str, into: Path, environment: dict[str, str], **settings: Any) -> Path:
    """Write a Chalice project for that stage, a policy file per function included.

    What Chalice keeps there of earlier deployments stays: it knows its functions from it.
    """
    (into / ".chalice").mkdir(parents=True, exist_ok=True)
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            shutil.rmtree(into / name, ignore_errors=True)
            shutil.copytree(ROOT / name, into / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, into / name)
    config = json.loads((ROOT / ".chalice" / "config.json").read_text()) | settings
    section = config["stages"].get(stage, {})
    section["environment_variables"] = {"STAGE": stage, **environment}
    section["lambda_functions"] = {
        one.function: _function(stage, one.function, policy(one, stage), into)
        for one in declared(stage)
    }
    config["stages"] = {stage: section}
    (into / ".chalice" / "config.json").write_text(json.dumps(config, indent=2))
    return into


def _function(stage: str, function: str, document: dict[str, Any], into: Path) -> dict[str, str]:
    name = f"policy-{stage}-{function}.json"
    (into / ".chalice" / name).write_text(json.dumps(document, indent=2))
    return {"iam_policy_file": name}
