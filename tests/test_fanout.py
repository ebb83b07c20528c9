"""What leaves, over the wire: limits of size, ordered destinations, envelopes."""

import json

from chalicelib.receive import messages
from tests import faults
from tests.world import World, message, sale

LONG = "x" * 480


def wide(identity: object, lines: int) -> dict:
    """A sale whose event has about `lines` times 600 bytes."""
    return sale(identity, lines=[LONG] * lines)


def test_events_are_split_over_calls_by_their_bytes(world: World) -> None:
    with faults.wire() as wire:
        world.settle(*(message(wide(number, 100)) for number in range(9)))
    assert wire.counts["PublishBatch"] > 1
    assert len(world.events()) == 9


def test_what_no_topic_could_take_is_quarantined_and_its_neighbour_goes_out(world: World) -> None:
    world.settle(message(wide("large", 600)), message(sale("small")))
    assert [event["subject"] for event in world.events()] == ["small"]
    [dead] = world.dead()
    assert dead["MessageAttributes"]["code"]["StringValue"] == "too_large"
    [reason] = json.loads(dead["MessageAttributes"]["reasons"]["StringValue"])
    assert reason["transaction"] == "large"


def test_a_fifo_queue_gets_every_revision_in_order_a_return_to_the_first_included(
    world: World,
) -> None:
    url = world.sqs.create_queue(QueueName="ledger.fifo", Attributes={"FifoQueue": "true"})
    world.destinations.append(world.arn("ledger.fifo"))
    for revision, total in ((1, 100), (2, 200), (3, 100)):
        world.settle(message(sale("a", total, revision)))
    assert [e["data"]["total"] for e in world.events(url["QueueUrl"])] == [100, 200, 100]


def test_a_fifo_queue_drops_the_copy_that_a_crash_makes(world: World) -> None:
    url = world.sqs.create_queue(QueueName="ledger.fifo", Attributes={"FifoQueue": "true"})
    world.destinations = [world.arn("ledger.fifo")]
    sent = message(sale("a"))
    with faults.wire(faults.killed_at(1, after=True)):
        world.run(sent)
    world.later()
    world.settle(sent)
    assert len(world.events(url["QueueUrl"])) == 1


def test_a_topic_that_feeds_the_queue_may_wrap_what_it_delivers_or_not(world: World) -> None:
    topic = world.sns.create_topic(Name="till")["TopicArn"]
    for name, raw in (("wrapped", "false"), ("bare", "true")):
        world.queue(name)
        world.sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=world.arn(name),
            Attributes={"RawMessageDelivery": raw},
        )
    world.sns.publish(TopicArn=topic, Message=json.dumps(sale("a")))
    for name in ("wrapped", "bare"):
        [found] = world.taken(world.queue(name))
        record = {
            "messageId": found["MessageId"],
            "receiptHandle": "r",
            "body": found["Body"],
            "attributes": {"ApproximateReceiveCount": "1"},
            "eventSourceARN": world.arn(name),
        }
        world.settle(*messages({"Records": [record]}))
    assert len(world.events()) == 1
    assert [line["published"] for line in world.logged] == [1, 0]
    assert [line["duplicate"] for line in world.logged] == [0, 1]


def test_subscribers_can_filter_by_attributes(world: World) -> None:
    for merchant in ("test-shop", "other-shop"):
        world.queue(merchant)
        world.sns.subscribe(
            TopicArn=world.topic,
            Protocol="sqs",
            Endpoint=world.arn(merchant),
            Attributes={
                "RawMessageDelivery": "true",
                "FilterPolicy": json.dumps({"merchant": [merchant], "kind": ["sale"]}),
            },
        )
    world.settle(message(sale("a")))
    assert len(world.events(world.queue("test-shop"))) == 1
    assert world.events(world.queue("other-shop")) == []
