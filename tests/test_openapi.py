"""The door as `chalice local` serves it does what its OpenAPI document says, whatever is sent."""

import copy
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from requests import PreparedRequest
from requests.auth import AuthBase
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from chalicelib.signatures import sign
from ops import aws, openapi
from tests.callers import Till
from tests.operator import STAGE
from tests.test_door_local import SECRETS, till  # noqa: F401 - a fixture

JSON, MERCHANT = "application/json", "elm-street-books"
#: Random signatures are none, and random text is no JSON line: both are refused, and rightly.
REFUSED = [positive_data_acceptance, negative_data_rejection]


class Signed(AuthBase):
    """Signs as a till does, once all else of a request is ready."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body or b""
        raw = body.encode() if isinstance(body, str) else bytes(body)
        url = urlsplit(request.url or "")
        place = unquote(url.path) + (f"?{url.query}" if url.query else "")
        value = sign("till", int(time.time()), f"{request.method} {place}", raw)
        request.headers["Tillbridge-Signature"] = value
        return request


@pytest.fixture
def door(till: Till) -> Till:  # noqa: F811
    """A door at which a merchant that has rewards may call as often as it likes."""
    name = f"/tillbridge/{STAGE}/door/{MERCHANT}"
    value = json.dumps(SECRETS | {"rate": 1_000_000})
    aws.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString")
    return till


def for_one_who_signs() -> dict[str, Any]:
    """Return the document for a caller whose signature is seen to."""
    found = copy.deepcopy(openapi.document())
    for path in found["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
            for one in operation.get("parameters", ()):
                if one["name"] == "merchant":
                    one["schema"] = {"enum": [MERCHANT]}
    return found


def tried(door: Till, document: dict[str, Any], check: Callable[[schemathesis.Case], None]) -> None:
    """Make calls as the document allows and forbids them, at each of its operations."""
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=door.base)
    rejection = schema.config.checks.negative_data_rejection
    rejection.expected_statuses = [*rejection.expected_statuses, "413"]
    for found in schema.get_all_operations():
        for mode in GenerationMode:
            if mode is GenerationMode.NEGATIVE and found.ok().path == "/health":
                continue  # which takes nothing that could be wrong
            made = found.ok().as_strategy(generation_mode=mode)
            # How much of what it makes is thrown away is schemathesis's affair.
            wasteful = [HealthCheck.filter_too_much, HealthCheck.too_slow]
            settings(max_examples=25, suppress_health_check=wasteful)(given(made)(check))()


def test_a_signed_call_is_answered_as_the_document_says(door: Till) -> None:
    def check(case: schemathesis.Case) -> None:
        loose = case.operation.label.endswith("/webhook") or case.media_type not in {None, JSON}
        # The same key may come with another body, and 1.0 is an integer to JSON Schema, but no
        # count of cents to us: both are refused, too.
        cents = case.body.get("total") if isinstance(case.body, dict) else None
        odd = "Idempotency-Key" in case.headers or isinstance(cents, float)
        again = [positive_data_acceptance] if odd else []
        case.call_and_validate(auth=Signed(), excluded_checks=REFUSED if loose else again)

    tried(door, for_one_who_signs(), check)


def test_a_call_that_is_not_signed_is_refused(door: Till) -> None:
    def check(case: schemathesis.Case) -> None:
        answer = case.call_and_validate(excluded_checks=REFUSED)
        assert answer.status_code in {401, 403} or case.path == "/health"

    tried(door, openapi.document(), check)


def test_the_document_s_schemas_are_ones() -> None:
    for one in openapi.document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(one)
