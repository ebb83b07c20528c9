"""The usual tool, AWS Lambda Powertools, as its documentation recommends, and tuned.

https://docs.powertools.aws.dev/lambda/python/latest/utilities/batch/
https://docs.powertools.aws.dev/lambda/python/latest/utilities/idempotency/

Tuned: one session, the parser straight from JSON, idempotency over key and hash instead of over
the whole order (no copies of it), a fixed key prefix, the deadline registered, the local cache on.
"""

import hashlib
import os
import uuid
from typing import Any

import boto3
from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from chalice.app import Chalice, SQSEvent

from benchmarks import place, plain
from benchmarks.peer_model import Envelope, transaction

os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "tillbridge")
app = Chalice(app_name="tillbridge")
_session = boto3.Session()
_sns = _session.client("sns", config=place.SETTINGS)
_dynamodb = _session.client("dynamodb", config=place.SETTINGS)
_store = DynamoDBPersistenceLayer(table_name=f"{place.name()}-peer", boto3_client=_dynamodb)
_config = IdempotencyConfig(
    event_key_jmespath="key",
    payload_validation_jmespath="hash",
    expires_after_seconds=14 * 24 * 3600,
    use_local_cache=True,
    local_cache_max_items=10_000,
    raise_on_no_idempotency_key=True,
)
_processor = BatchProcessor(event_type=EventType.SQS)


@app.on_sqs_message(queue=f"{place.name()}-bench-shop", batch_size=10)
def bench_shop(event: SQSEvent) -> Any:
    context: Any = event.context
    _config.register_lambda_context(context)
    return process_partial_response(event.to_dict(), _one, _processor, context)


handle = bench_shop


def clients() -> list[Any]:
    """Return the clients that a batch uses, for the meter to listen at."""
    return [_dynamodb, _sns]


def forget() -> None:
    """Forget what this container has seen."""
    _store._cache.clear()  # noqa: SLF001 - there is no other way to


def _one(record: SQSRecord) -> None:
    found = transaction(Envelope.model_validate_json(record.body).order, plain.MERCHANT)
    told = {"key": found["id"], "hash": hashlib.sha256(record.body.encode()).hexdigest()}
    _publish(told=told, found=found)


@idempotent_function(  # type: ignore[untyped-decorator]
    data_keyword_argument="told",
    persistence_store=_store,
    config=_config,
    key_prefix=plain.MERCHANT,
)
def _publish(*, told: dict[str, str], found: dict[str, Any]) -> None:  # noqa: ARG001 - `told` is for the decorator
    _sns.publish(
        TopicArn=place.topic(),
        Message=plain.body(found, uuid.uuid4().hex),
        MessageAttributes=plain.attributes(found),
    )
