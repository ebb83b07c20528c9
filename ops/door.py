"""What the HTTPS door needs: its function's log and alarms, its API's settings, and where it is.

A door is there if app.py has routes.
"""

import json
from typing import Any

from ops import watch
from ops.aws import client
from ops.merchants import load
from ops.parts import KEPT, Resource, log_group

#: What Chalice calls the function of all routes, and the API's stage.
FUNCTION, API_STAGE = "api_handler", "api"
#: API Gateway gives up after 29 seconds.
TIMEOUT_SECONDS = 30
#: Calls a second, and at once, for the whole door: beyond them API Gateway itself answers 429.
CALLS_A_SECOND, CALLS_AT_ONCE = 200, 400
#: No body, no header and no query: a signature isn't a secret, but a log isn't its place either.
LOGGED = {
    "requestId": "$context.requestId", "time": "$context.requestTime",
    "method": "$context.httpMethod", "path": "$context.path", "status": "$context.status",
    "bytes": "$context.responseLength", "ms": "$context.responseLatency",
    "ip": "$context.identity.sourceIp", "error": "$context.error.responseType",
}  # fmt: skip


def routed(stage: str) -> bool:
    """Return whether app.py has routes."""
    return bool(load(stage).app.routes)


def shared(name: str) -> Resource:
    """Return what stands beside the door's function; `name` is what all names begin with."""
    return {"DoorLog": log_group(name)} | {
        f"Door{label}Alarm": alarm for label, alarm in watch.door_alarms(name)
    }


def packaged(name: str) -> Resource:
    """Return what is merged into the function and the API of Chalice's template."""
    limits = {
        "ResourcePath": "/*",
        "HttpMethod": "*",
        "ThrottlingRateLimit": CALLS_A_SECOND,
        "ThrottlingBurstLimit": CALLS_AT_ONCE,
    }
    api = {
        "Name": name,
        "DefinitionBody": {"info": {"title": name}},
        # Whatever comes is handed on byte by byte, as signatures need it.
        "BinaryMediaTypes": ["*/*"],
        "MethodSettings": [limits],
        "AccessLogSetting": {
            "DestinationArn": {"Fn::GetAtt": ["DoorAccessLog", "Arn"]},
            "Format": json.dumps(LOGGED),
        },
    }
    access = log_group("")
    access["Properties"]["LogGroupName"] = f"/aws/apigateway/{name}"
    return {
        "APIHandler": {"DependsOn": ["DoorLog"], "Properties": {"FunctionName": name}},
        "RestAPI": {"DependsOn": ["DoorLogging"], "Properties": api},
        "DoorAccessLog": access,
        "DoorLoggingRole": _logging_role(),
        # One for all APIs of a region: it stays, as others may have come to need it.
        "DoorLogging": KEPT | {
            "Type": "AWS::ApiGateway::Account",
            "Properties": {"CloudWatchRoleArn": {"Fn::GetAtt": ["DoorLoggingRole", "Arn"]}},
        },
    }  # fmt: skip


def _logging_role() -> Resource:
    managed = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return KEPT | {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "ManagedPolicyArns": [
                {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{managed}"}
            ],
        },
    }


def settle(name: str, api: str) -> None:
    """Set what `chalice deploy` has no word for: the API's name, whole bytes, and limits."""
    gateway = client("apigateway")
    changes = [{"op": "replace", "path": "/name", "value": name}]
    if "*/*" not in gateway.get_rest_api(restApiId=api).get("binaryMediaTypes", ()):
        changes.append({"op": "add", "path": "/binaryMediaTypes/*~1*"})
    gateway.update_rest_api(restApiId=api, patchOperations=changes)
    gateway.create_deployment(restApiId=api, stageName=API_STAGE)
    limits = {"rateLimit": CALLS_A_SECOND, "burstLimit": CALLS_AT_ONCE}
    gateway.update_stage(
        restApiId=api,
        stageName=API_STAGE,
        patchOperations=[
            {"op": "replace", "path": f"/*/*/throttling/{key}", "value": str(value)}
            for key, value in limits.items()
        ],
    )


def api_of(state: dict[str, Any]) -> str:
    """Return the API's id, as Chalice's own state has it, or nothing."""
    found = (one.get("rest_api_id", "") for one in state.get("resources", ()))
    return next(filter(None, found), "")


def url(name: str) -> str:
    """Return where the door is, up to /v1, or nothing if it isn't deployed."""
    gateway = client("apigateway")
    pages = gateway.get_paginator("get_rest_apis").paginate()
    there = {api["name"]: api["id"] for page in pages for api in page["items"]}
    api = there.get(name, "")
    end, region = gateway.meta.endpoint_url, gateway.meta.region_name
    if api and "amazonaws" not in end:  # an emulator
        return f"{end}/restapis/{api}/{API_STAGE}/_user_request_"
    return f"https://{api}.execute-api.{region}.amazonaws.com/{API_STAGE}" if api else ""
