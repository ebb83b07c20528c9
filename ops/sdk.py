"""The SDK's own data, without what no function reads: it is parsed at every cold start.

botocore keeps a description of each service, most of it documentation, and every service's
endpoints.  The runtime's botocore takes ours first, and its own for all that isn't there.
"""

import json
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

from chalicelib.clients import CALLED, SDK_DATA

#: What every merchant's function uses.  What only some of the others do has long descriptions,
#: which stay with the runtime.
SERVICES = ("dynamodb", "sns", "sqs")


def write(task: Path) -> None:
    """Write the data beside the app's modules, where `clients` looks for it."""
    loader = Loader()
    for service in SERVICES:
        version = loader.determine_latest_version(service, "service-2")
        model = loader.load_data(f"{service}/{version}/service-2")
        _write(task / SDK_DATA / service / version / "service-2.json", _bare(model))
    endpoints = loader.load_data("endpoints")
    partitions = [_ours(partition) for partition in endpoints["partitions"]]
    _write(task / SDK_DATA / "endpoints.json", {**endpoints, "partitions": partitions})


def _ours(partition: dict[str, Any]) -> dict[str, Any]:
    services = {k: v for k, v in partition["services"].items() if k in CALLED}
    return {**partition, "services": services}


def _bare(part: Any) -> Any:
    """Return a service's description without its documentation, which is text."""
    if isinstance(part, dict):
        kept = part.items()
        return {k: _bare(v) for k, v in kept if k != "documentation" or not isinstance(v, str)}
    return [_bare(one) for one in part] if isinstance(part, list) else part


def _write(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, separators=(",", ":"), ensure_ascii=False))
