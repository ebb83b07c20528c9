"""What is stored for the door about each merchant, and what its vendor calls it."""

import json
from datetime import datetime
from importlib import import_module
from typing import Any

from ops import door
from ops.aws import client
from ops.merchants import Declared
from ops.resources import prefix

#: What each vendor calls its secret, and where it is told.
WHERE = {
    "square": "the signature key: Developer Console, Webhooks, the subscription",
    "shopify": "the client secret of the app: Dev Dashboard, Settings",
    "toast": "the secret of the subscription: Toast Web, Webhooks",
    "lightspeed": "the client secret of the OAuth application that made the webhook",
    "zettle": "the signingKey that the answer to the subscription has",
    "clover": "the Auth Code: Developer Dashboard, the app, Webhooks, once the URL is verified",
    "adyen": "the HMAC key in hex: Customer Area, Developers, Webhooks",
    "stripe": "the signing secret, whsec_...: Workbench, Webhooks, the endpoint",
}


def stored(stage: str) -> dict[str, tuple[dict[str, Any], datetime | None]]:
    """Return what the door knows of each merchant, and when it was stored."""
    path, found = f"/tillbridge/{stage}/door", {}
    pages = client("ssm").get_paginator("get_parameters_by_path").paginate(
        Path=path, WithDecryption=True
    )  # fmt: skip
    for page in pages:
        for one in page["Parameters"]:
            name = one["Name"].rpartition("/")[2]
            found[name] = (json.loads(one["Value"]), one.get("LastModifiedDate"))
    return found


def signs(one: Declared) -> Any:
    """Return how the merchant's vendor signs, or None."""
    return getattr(import_module(f"chalicelib.adapters.{one.vendor}"), "verify", None)


def target(one: Declared, stage: str) -> str:
    """Return the URL of the merchant's webhooks, as far as it is known."""
    return f"{door.url(prefix(stage)) or '(not deployed)'}/v1/{one.merchant.id}/webhook"
