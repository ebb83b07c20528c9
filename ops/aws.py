"""Clients for the commands: the operator's own credentials and region, as boto3 finds them."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import Misconfigured

#: More connections than calls are made at once, for several pages of the console.
_SETTINGS = Config(max_pool_connections=50, retries={"mode": "standard"})
REMEDY = "run `aws configure`, or set AWS_PROFILE (or AWS_REGION and credentials)"


@cache
def client(service: str) -> Any:
    """Return a client of that service; AWS_ENDPOINT_URL is honoured, as everywhere."""
    session: Any = boto3.session.Session()
    try:
        return session.client(service, config=_SETTINGS)
    except BotoCoreError as fault:
        raise Misconfigured(f"AWS: {fault}: {REMEDY}") from fault


@cache
def place() -> str:
    """Return region:account, as an ARN has them."""
    sts = client("sts")
    try:
        account = sts.get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as fault:
        raise Misconfigured(f"AWS: {fault}: {REMEDY}") from fault
    return f"{sts.meta.region_name}:{account}"
