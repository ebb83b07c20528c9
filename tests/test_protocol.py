"""The guarantee, against real conditional writes: nothing lost, nothing twice."""

import json
from collections.abc import Callable

import pytest

from chalicelib.claims import Claim
from chalicelib.publish import event
from chalicelib.receive import Message
from tests import faults
from tests.world import INVOCATION_MS, World, adapt, message, sale


def batch(count: int = 10) -> list[Message]:
    return [message(sale(number)) for number in range(count)]


def test_ten_new_transactions_cost_three_calls_and_eleven_writes(world: World) -> None:
    units = 0.0

    def count_units(params: dict, **_: object) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def add_units(parsed: dict, **_: object) -> None:
        nonlocal units
        consumed = parsed.get("ConsumedCapacity") or []
        for one in consumed if isinstance(consumed, list) else [consumed]:
            units += one["CapacityUnits"]

    events = world.dynamodb.meta.events
    events.register("provide-client-params.dynamodb.*", count_units)
    events.register("after-call.dynamodb.*", add_units)
    with faults.wire() as wire:
        assert not world.run(*batch())
    assert wire.calls == ["BatchExecuteStatement", "PublishBatch", "PutItem"]
    assert 0 < units <= 11
    assert len(world.events()) == 10


def test_one_new_transaction_costs_three_calls(world: World) -> None:
    with faults.wire() as wire:
        assert not world.run(message(sale(1)))
    assert wire.calls == ["PutItem", "PublishBatch", "PutItem"]


def test_a_resend_to_a_container_that_remembers_costs_no_call(world: World) -> None:
    worker, messages = world.worker(), batch()
    world.run(*messages, worker=worker)
    with faults.wire() as wire:
        assert not world.run(*messages, worker=worker)
    assert wire.calls == []
    assert world.logged[-1]["duplicate"] == 10


def test_a_resend_to_a_new_container_costs_three_calls(world: World) -> None:
    messages = batch()
    world.run(*messages)
    with faults.wire() as wire:
        assert not world.run(*messages)
    assert wire.calls == ["BatchExecuteStatement", "BatchGetItem", "BatchGetItem"]
    assert len(world.events()) == 10


def test_a_single_resend_is_answered_by_the_refused_put(world: World) -> None:
    world.run(message(sale(1)))
    with faults.wire() as wire:
        assert not world.run(message(sale(1)))
    assert wire.calls == ["PutItem", "BatchGetItem"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(4), ids=["claim", "publish", "commit", "quarantine"])
@pytest.mark.parametrize("size", [1, 10])
def test_a_worker_killed_at_any_call_loses_nothing(
    world: World, number: int, size: int, *, after: bool
) -> None:
    messages = [*batch(size), message(raw="not json")]
    with faults.wire(faults.killed_at(number, after=after)):
        left = world.run(*messages)
    assert left == messages
    world.later()
    world.settle(*left)

    events = world.events()
    copies = {
        subject: [e["id"] for e in events if e["subject"] == subject]
        for subject in map(str, range(size))
    }
    between_publish_and_commit = (number, after) in {(1, True), (2, False)}
    for identities in copies.values():
        assert len(identities) == (2 if between_publish_and_commit else 1)
        assert len(set(identities)) == 1
    assert len(events) == sum(map(len, copies.values()))
    assert len(world.dead()) == (2 if (number, after) == (3, True) else 1)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(6))
def test_a_worker_killed_while_taking_over_loses_nothing(
    world: World, number: int, *, after: bool
) -> None:
    messages = batch(3)
    with faults.wire(faults.killed_at(0, after=True)):
        world.run(*messages)
    world.later()
    with faults.wire(faults.killed_at(number, after=after)) as wire:
        left = world.run(*messages)
    assert left == messages
    world.later()
    world.settle(*left)
    events = world.events()
    assert {event["subject"] for event in events} == {"0", "1", "2"}
    published_uncommitted = wire.counts["PublishBatch"] and (number, after) in {
        (4, True),
        (5, False),
    }
    assert len(events) == (6 if published_uncommitted else 3)
    assert len({event["id"] for event in events}) == 3


def test_a_revert_to_an_earlier_content_is_what_stands_at_the_end(world: World) -> None:
    for revision, total in ((1, 100), (2, 200), (3, 100)):
        world.settle(message(sale("a", total, revision)))
    assert [event["data"]["total"] for event in world.events()] == [100, 200, 100]


def test_equal_content_advances_the_revision_so_that_a_late_one_between_is_superseded(
    world: World,
) -> None:
    world.settle(message(sale("a", 100, 1)))
    world.settle(message(sale("a", 100, 3)))
    world.settle(message(sale("a", 200, 2)))
    assert [event["data"]["total"] for event in world.events()] == [100]
    assert world.logged[-2]["duplicate"] == 1
    assert world.logged[-1]["superseded"] == 1


def test_a_refused_publish_of_a_revision_leaves_the_memory_of_the_one_before(world: World) -> None:
    first, second = message(sale("a", 100, 1)), message(sale("a", 200, 2))
    world.settle(first)
    with faults.wire(faults.failing("PublishBatch")):
        assert world.run(second) == [second]
    world.later()
    assert world.run(first) == []  # a resend of the earlier revision is published by nobody
    world.settle(second)
    assert [event["data"]["total"] for event in world.events()] == [100, 200]


@pytest.mark.parametrize("size", [1, 10])
def test_a_lost_answer_to_our_own_insert_is_not_taken_for_another_worker(
    world: World, size: int
) -> None:
    operation = "PutItem" if size == 1 else "BatchExecuteStatement"
    with faults.wire(faults.lost(operation)):
        assert not world.run(*batch(size))
    assert len(world.events()) == size
    assert world.logged[-1]["published"] == size


def test_a_lost_answer_to_a_take_over_is_recognised_as_ours(world: World) -> None:
    with faults.wire(faults.killed_at(0, after=True)):
        world.run(*batch(3))
    world.later()

    inserts = iter(range(100))

    def fault(name: str, call: object) -> object:
        if name == "BatchExecuteStatement" and next(inserts) == 1:
            return faults.lost(name)(name, call)
        return call()

    with faults.wire(fault):
        assert not world.run(*batch(3))
    assert len(world.events()) == 3


def test_a_claim_of_a_living_worker_is_left_alone(world: World) -> None:
    messages = batch(2)
    with faults.wire(faults.killed_at(1, after=False)):
        world.run(*messages)
    assert world.run(*messages) == messages
    assert world.logged[-1]["left"] == 2
    assert world.events() == []


def test_other_content_under_the_same_revision_is_a_conflict(world: World) -> None:
    world.settle(message(sale("a", 100)))
    world.settle(message(sale("a", 200)))
    assert [event["data"]["total"] for event in world.events()] == [100]
    [dead] = world.dead()
    assert dead["MessageAttributes"]["code"]["StringValue"] == "conflict"


def test_repeats_inside_a_batch_are_published_once_and_the_newest_last(world: World) -> None:
    messages = [message(sale("a", 100, 1)), message(sale("a", 100, 1)), message(sale("a", 300, 2))]
    world.settle(*messages, message(sale("b")))
    assert sorted(event["data"]["total"] for event in world.events()) == [100, 300]
    line = world.logged[-1]
    assert (line["published"], line["superseded"]) == (2, 2)


def test_an_entry_refused_inside_a_good_answer_is_all_that_is_left(world: World) -> None:
    messages = batch(3)
    with faults.wire(faults.refusing("PublishBatch", 1)):
        assert world.run(*messages) == [messages[1]]
    assert world.acknowledged == [([messages[0].id, messages[2].id], [messages[1].id])]


def test_what_one_destination_took_is_owed_only_to_the_other(world: World) -> None:
    ledger = world.queue("ledger")
    world.destinations.append(world.arn("ledger"))
    sent = message(sale("a"))
    with faults.wire(faults.failing("SendMessageBatch")):
        assert world.run(sent) == [sent]
    world.later()
    world.settle(sent)
    assert len(world.events()) == 1
    assert len(world.events(ledger)) == 1


def test_a_good_neighbour_goes_out_and_a_redrive_of_the_whole_message_is_safe(world: World) -> None:
    mixed = message(sale("a"), {"id": "b"}, sale("c"), {"open": True})
    world.settle(mixed)
    assert {event["subject"] for event in world.events()} == {"a", "c"}
    [dead] = world.dead()
    assert '"position": 2' in dead["MessageAttributes"]["reasons"]["StringValue"]
    world.settle(message(raw=dead["Body"]))
    assert world.events() == []
    assert world.logged[-1] | {"duplicate": 2, "quarantined": 1, "ignored": 1} == world.logged[-1]


def test_an_invocation_stops_before_its_deadline_and_leaves_the_rest(world: World) -> None:
    messages = batch(2)
    worker = world.worker()
    assert world.run_until(world.now + 30_000, *messages, worker=worker) == messages
    assert world.logged[-1]["left"] == 2
    assert world.logged[-1]["conserved"]


@pytest.mark.parametrize(
    "operation", ["BatchExecuteStatement", "PublishBatch", "PutItem", "SendMessage"]
)
def test_an_outage_of_one_service_loses_nothing_and_repeats_at_most_once(
    world: World, operation: str
) -> None:
    messages = [*batch(3), message(raw="<")]
    with faults.wire(faults.failing(operation)):
        left = world.run(*messages)
    assert left
    world.later()
    world.settle(*left)
    events = world.events()
    assert len({event["id"] for event in events}) == 3
    assert len(events) == (6 if operation == "PutItem" else 3)
    assert len(world.dead()) == 1


def test_every_invocation_logs_counts_that_add_up(world: World) -> None:
    world.settle(*batch(3), message(raw="<"), message({"open": True}))
    by_code, line = world.logged
    assert (by_code["code"], by_code["quarantined"]) == ("not_json", 1)
    parts = ("published", "duplicate", "superseded", "ignored", "quarantined", "left")
    assert line["in"] == 5 == sum(line[part] for part in parts)
    assert line["conserved"]
    assert len(line["lag"]) == line["published"] == 3
    assert len(line["batches"]) == 1


def test_what_was_refused_is_not_remembered_as_published(world: World) -> None:
    worker, messages = world.worker(), batch(2)
    with faults.wire(faults.refusing("PublishBatch", 1)):
        left = world.run(*messages, worker=worker)
    world.events()
    world.later()
    assert world.run(*left, worker=worker) == []
    assert [event["subject"] for event in world.events()] == ["1"]


def test_of_two_workers_that_take_over_one_wins_and_the_other_sees_a_duplicate(
    world: World,
) -> None:
    sent = batch(2)
    with faults.wire(faults.killed_at(0, after=True)):
        world.run(*sent)
    world.later()
    statements = iter(range(100))
    overtaken = []

    def overtake(name: str, call: Callable[[], faults.Answer]) -> faults.Answer:
        if name == "BatchExecuteStatement" and next(statements) == 1 and not overtaken:
            overtaken.append(True)
            assert world.run(*sent) == []
        return call()

    with faults.wire(overtake):
        assert world.run(*sent) == []
    assert len(world.events()) == 2
    assert world.logged[-1]["duplicate"] == 2


def test_nothing_is_published_when_claiming_took_too_long(world: World) -> None:
    def slow(name: str, call: Callable[[], faults.Answer]) -> faults.Answer:
        world.now += 90_000 if name == "BatchExecuteStatement" else 0
        return call()

    messages = batch(2)
    with faults.wire(slow) as wire:
        assert world.run(*messages) == messages
    assert wire.counts["PublishBatch"] == 0


def test_a_message_goes_to_quarantine_only_when_all_else_of_it_is_done(world: World) -> None:
    mixed = message(sale("a"), {"id": "b"})
    with faults.wire(faults.failing("PublishBatch")):
        assert world.run(mixed) == [mixed]
    assert world.dead() == []
    assert world.logged[-1]["left"] == 2
    world.later()
    world.settle(mixed)
    assert len(world.dead()) == 1


def test_why_something_is_left_is_logged_without_quoting_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.destinations = [world.topic + "-that-was-deleted"]
    sent = message(sale("a"))
    assert world.run(sent) == [sent]
    assert "NotFound" in caplog.text
    assert "PublishBatch" in caplog.text


def test_a_claim_that_somebody_damaged_leaves_its_message_and_harms_no_other(world: World) -> None:
    item = {"pk": {"S": "test-shop#claim#4:test1:0"}}
    world.dynamodb.put_item(TableName="claims", Item=item)
    messages = batch(2)
    assert world.run(*messages)
    assert world.logged[-1]["conserved"]


def test_a_claim_that_was_written_though_told_failed_is_not_committed_with_its_neighbours(
    world: World,
) -> None:
    messages = batch(3)
    with faults.wire(faults.told_failed(0, 1)):
        assert world.run(*messages) == [messages[1]]
    world.later()
    world.settle(messages[1])
    assert sorted(event["subject"] for event in world.events()) == ["0", "1", "2"]


def test_a_take_over_that_was_written_though_told_failed_owes_what_was_owed(world: World) -> None:
    ledger = world.queue("ledger")
    world.destinations.append(world.arn("ledger"))
    messages = batch(2)
    with faults.wire(faults.failing("SendMessageBatch")):
        assert world.run(*messages) == messages
    world.later()
    with faults.wire(faults.told_failed(1, 0)):
        assert world.run(*messages) == [messages[0]]
    world.later()
    world.settle(messages[0])
    assert sorted(event["subject"] for event in world.events()) == ["0", "1"]
    assert sorted(event["subject"] for event in world.events(ledger)) == ["0", "1"]


def test_who_commits_while_we_look_is_not_taken_over(world: World) -> None:
    """The lease is over only after we have read that there is no marker."""
    found = event(next(adapt(json.dumps(sale(1)), world.merchant)))  # type: ignore[arg-type]
    theirs = Claim(
        found.key, "theirs", found.revision, found.fingerprint, world.now + INVOCATION_MS
    )
    them, late = world.worker(), [True]
    them.store.claim([theirs], world.now)

    def commit_late(name: str, call: Callable[[], faults.Answer]) -> faults.Answer:
        answer = call()
        if name == "BatchGetItem" and late:
            late.clear()
            them.publisher.publish([(found, ())])
            them.store.commit([theirs], {})
            world.now = theirs.lease_until + 1
        return answer

    with faults.wire(commit_late):
        left = world.run_until(world.now + 10 * INVOCATION_MS, message(sale(1)))
    assert not late
    world.settle(*left)
    assert len(world.events()) == 1
