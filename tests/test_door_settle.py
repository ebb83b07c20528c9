"""What `chalice deploy` leaves out of the door's API is set after it."""

import json

from ops import aws, door
from tests.operator import STAGE, Operator

NAME = f"tillbridge-{STAGE}"


def test_name_bytes_and_limits_are_set(operator: Operator) -> None:
    gateway = operator.emulator and aws.client("apigateway")
    api = gateway.create_rest_api(name="tillbridge")["id"]
    gateway.create_deployment(restApiId=api, stageName=door.API_STAGE)
    assert door.url(NAME) == ""
    for _ in range(2):  # as often as it is deployed
        door.settle(NAME, api)
    assert door.url(NAME).endswith(f"/restapis/{api}/api/_user_request_")
    media = gateway.get_rest_api(restApiId=api)["binaryMediaTypes"]
    assert {one.replace("~1", "/") for one in media} == {"*/*"}
    limits = gateway.get_stage(restApiId=api, stageName=door.API_STAGE)["methodSettings"]["*/*"]
    assert limits["throttlingRateLimit"] == door.CALLS_A_SECOND
    assert limits["throttlingBurstLimit"] == door.CALLS_AT_ONCE


def test_the_api_is_known_from_what_chalice_has_written() -> None:
    state = {"resources": [{"name": "role"}, {"name": "rest_api", "rest_api_id": "a1"}]}
    assert door.api_of(json.loads(json.dumps(state))) == "a1"
    assert door.api_of({"resources": []}) == door.api_of({}) == ""
