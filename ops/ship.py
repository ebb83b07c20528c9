"""Ship a stage as CloudFormation alone: package it, and apply it if there is a bucket for it."""

import hashlib
import json
import shutil
from pathlib import Path

from rich.console import Console

from chalicelib.errors import Misconfigured
from ops import door
from ops.aws import client
from ops.deploy import apply_all, told
from ops.merchants import declared, services
from ops.package import package
from ops.parts import Resource, logical_id
from ops.resources import prefix, stack_name, stacks
from ops.secret import hash_key
from ops.stack import MOST_RESOURCES, settle_tables, status

#: What SAM makes of one function: itself, its source's mapping or subscription, a permission.
_PER_FUNCTION = 3


def ship(stage: str, folder: Path, bucket: str = "") -> int:
    """Write the stage's zip and template(s) into `folder`; with a bucket, apply them as well."""
    console, merchants = Console(), declared(stage)
    folder.mkdir(parents=True, exist_ok=True)
    with console.status("package    chalice package"):
        found = package(stage, folder, {})
    shutil.rmtree(folder / "project")
    templates = split(found, stage)
    for name, one in templates.items():
        (folder / f"{name}.json").write_text(json.dumps(one, indent=1))
    (folder / "sam.json").unlink()
    code = (folder / "deployment.zip").read_bytes()
    count = len(merchants)
    console.print(
        f"package    {count} merchants, {len(templates)} template(s), {len(code) / 1e6:.1f} MB zip"
    )
    if not bucket:
        told = _TOLD.format(stage=stage, folder=folder, name=prefix(stage))
        console.print(told, soft_wrap=True)
        return 0
    if status(client("cloudformation"), f"{prefix(stage)}-core") and prefix(stage) in templates:
        raise Misconfigured(f"stage {stage} was shipped by `make deploy`: go on with that")
    _apply(templates, code, bucket, console, hash_key(stage, merchants))
    settle_tables(client("dynamodb"), prefix(stage))
    if where := door.url(prefix(stage)):
        console.print(f"door       {where}", soft_wrap=True)
    console.print(f"Next: python -m ops doctor --stage {stage}")
    return 0


def split(found: Resource, stage: str) -> dict[str, Resource]:
    """Return the stage's stacks: one if CloudFormation takes it, else one for each merchant."""
    merchants = declared(stage)
    count = len(found["Resources"]) + _PER_FUNCTION * (len(merchants) + len(services(stage)))
    if count <= MOST_RESOURCES:
        return {prefix(stage): found}
    rest = {key: value for key, value in found.items() if key not in {"Resources", "Outputs"}}
    left, parts = dict(found["Resources"]), {}
    names = {stack_name(stage, one): logical_id(one.function) for one in merchants}
    for name, part in stacks(stage).items():
        keys = list(part["Resources"])
        keys += [names[name], f"{names[name]}Role"] if name in names else []
        parts[name] = rest | part | {"Resources": {key: left.pop(key) for key in keys}}
    core = next(iter(parts.values()))  # what is of no merchant: the archive, the inbox, the door
    core["Resources"] |= left
    core["Outputs"] = found.get("Outputs", {})
    return parts


def _apply(
    templates: dict[str, Resource], code: bytes, bucket: str, console: Console, key: str
) -> None:
    """Put the zip and the templates into the bucket, and apply the stacks in their order."""
    s3 = client("s3")
    zipped = f"tillbridge/{hashlib.sha256(code).hexdigest()}.zip"
    s3.put_object(Bucket=bucket, Key=zipped, Body=code)
    urls = {}
    for name, one in templates.items():
        located(one, f"s3://{bucket}/{zipped}")
        body = json.dumps(one, separators=(",", ":")).encode()
        where = f"tillbridge/{name}-{hashlib.sha256(body).hexdigest()[:16]}.json"
        s3.put_object(Bucket=bucket, Key=where, Body=body)
        urls[name] = f"{s3.meta.endpoint_url.rstrip('/')}/{bucket}/{where}"
    changed = apply_all(templates, console, urls, HashKey=key)
    console.print(f"stacks     {told(changed)}", soft_wrap=True)


def located(found: Resource, code_uri: str) -> None:
    """Tell every function of a template where its code lies."""
    for resource in found["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code_uri


_TOLD = """
Nothing was deployed. Give a bucket of yours to deploy it:
  make package STAGE={stage} BUCKET=my-bucket
or, for each of the templates, AWS's own commands:
  aws cloudformation package --use-json --s3-bucket my-bucket \\
      --template-file {folder}/{name}.json --output-template-file {folder}/packaged.json
  aws cloudformation deploy --stack-name {name} --template-file {folder}/packaged.json \\
      --capabilities CAPABILITY_IAM CAPABILITY_AUTO_EXPAND
      (and --parameter-overrides HashKey=... where a merchant hashes personal data)"""
