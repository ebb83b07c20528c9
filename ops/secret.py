"""The key that personal data is hashed with: made once a stage, and kept in Parameter Store."""

import secrets

from ops.aws import client
from ops.merchants import Declared


def hash_key(stage: str, merchants: list[Declared]) -> str:
    """Return the key that hashing needs: empty where no merchant hashes.

    The key is a SecureString.  Whoever loses it can't match new hashes to old ones.
    """
    if not any(one.merchant.personal == "hash" for one in merchants):
        return ""
    ssm, name = client("ssm"), f"/tillbridge/{stage}/hash-key"
    try:
        found = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        found = secrets.token_hex(32)
        ssm.put_parameter(Name=name, Value=found, Type="SecureString", Overwrite=False)
    return str(found)
