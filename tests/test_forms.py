"""A form that is written out once is the form that botocore would have written twice."""

from typing import Any
from urllib.parse import quote_plus

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import clients, forms


@given(st.text())
def test_values_are_quoted_as_forms_are(text: str) -> None:
    assert forms.quoted(text) == quote_plus(text)


def test_every_byte_is_quoted_as_forms_are() -> None:
    text = "".join(map(chr, range(0x250))) + "あンパン🍞"
    assert forms.quoted(text) == quote_plus(text)


TOPIC = "arn:aws:sns:us-east-1:123456789012:t"


class Sent(Exception):
    """Stops a request where it would leave."""


def bodies(client: Any) -> list[bytes]:
    found: list[bytes] = []

    def stop(request: Any, **_: Any) -> None:
        found.append(request.body)
        raise Sent

    client.meta.events.register("before-send.sns.PublishBatch", stop)
    attributes = {"kind": {"DataType": "String", "StringValue": "sale & + 100%/é"}}
    told = {"MessageAttributes": attributes}
    entries = [
        {"Id": str(place), "Message": f'{{"a": "{"あ" * place} ~é\\n"}}', **told}
        for place in range(10)
    ]
    with pytest.raises(Sent):
        client.publish_batch(
            TopicArn="arn:aws:sns:us-east-1:1:t", PublishBatchRequestEntries=entries
        )
    return found


def test_what_leaves_is_what_botocore_would_have_sent() -> None:
    plain = botocore.session.get_session().create_client("sns")
    [expected] = bodies(plain)
    clients.client.cache_clear()
    [sent] = bodies(clients.client("sns", clients.PUBLISHES))
    clients.client.cache_clear()
    told = expected.decode() if isinstance(expected, bytes) else expected
    assert sent.decode() == told


def test_it_is_written_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should botocore write forms out once some day, or in another place, this isn't needed."""
    calls = []
    monkeypatch.setattr(forms, "quoted", lambda text: calls.append(text) or "x")
    clients.client.cache_clear()
    [_] = bodies(clients.client("sns", clients.PUBLISHES))
    clients.client.cache_clear()
    assert sum('"a"' in text for text in calls) == 10
