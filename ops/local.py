"""The app on the emulator, as one CloudFormation stack."""

import hashlib
import json
import platform
import tempfile
from pathlib import Path

from ops.emulator import ACCOUNT, REGION, Emulator
from ops.package import package
from ops.resources import prefix
from ops.stack import apply, settle_tables

STAGE = "local"
BUCKET = "tillbridge-local-code"
#: Workers a function.  The emulator unpacks the code anew for each of them, in one process.
WORKERS = 2
_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64"}


def deploy(emulator: Emulator, hash_key: str, stage: str = STAGE) -> int:
    """Package the app as Chalice does and deploy it; return the zip's size in bytes."""
    architecture = _ARCHITECTURES.get(platform.machine(), "x86_64")
    with tempfile.TemporaryDirectory(prefix="tillbridge-build-") as folder:
        out = Path(folder)
        template = package(stage, out, emulator.environment, lambda_architecture=architecture)
        code = (out / "deployment.zip").read_bytes()
    key = f"{hashlib.sha256(code).hexdigest()}.zip"
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=key, Body=code)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://{BUCKET}/{key}"
            for source in resource["Properties"].get("Events", {}).values():
                if source["Type"] == "SQS":
                    source["Properties"]["ScalingConfig"] = {"MaximumConcurrency": WORKERS}
    # By way of the bucket, as a sixth merchant makes it too long to be sent in the call.
    where = f"{prefix(stage)}.json"
    s3.put_object(Bucket=BUCKET, Key=where, Body=json.dumps(template).encode())
    url = f"{emulator.endpoint}/{BUCKET}/{where}"
    apply(emulator.client("cloudformation"), prefix(stage), template, url, HashKey=hash_key)
    settle_tables(emulator.client("dynamodb"), prefix(stage))
    return len(code)


def observe(emulator: Emulator, stage: str = STAGE) -> str:
    """Subscribe a queue that no function reads, to see what is published; return its name."""
    name, topic = f"{prefix(stage)}-observer", f"{prefix(stage)}-transactions"
    emulator.client("sqs").create_queue(QueueName=name)
    emulator.client("sns").subscribe(
        TopicArn=f"arn:aws:sns:{REGION}:{ACCOUNT}:{topic}",
        Protocol="sqs",
        Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
        Attributes={"RawMessageDelivery": "true"},
    )
    return name
