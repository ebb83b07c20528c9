"""The app with merchants of the tests' own, deployed to the emulator as Lambda functions."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from chalicelib.calls import batches
from ops.emulator import ACCOUNT, REGION, Emulator
from ops.logged import Log, logged
from ops.project import ROOT

#: Seconds a function may run: the least in which the slowest of our steps still fits, so that
#: a dead worker's lease is over soon.
TIMEOUT = 80
#: Seconds until a message whose worker died comes back: as on AWS, its time is over by then.
HIDDEN = 90
HEAD = """
from chalice.app import Chalice, SQSEvent

from chalicelib.adapters import square
from chalicelib.model import Merchant
from chalicelib.wiring import APP, keep, named, relay, unpack

app = Chalice(app_name=APP)


@app.on_sqs_message(queue=named("archive"), batch_size=10)
def archive(event: SQSEvent) -> None:
    keep(event)


@app.on_sqs_message(queue=named("files"), batch_size=1)
def files(event: SQSEvent) -> None:
    unpack(event)
"""
MERCHANT = """

@app.on_sqs_message(queue=named("{name}"), batch_size=10)
def {function}(event: SQSEvent) -> None:
    relay(event, Merchant("{name}", square.adapt, also={also}))
"""
DEPLOY = """
import sys
from pathlib import Path
from ops.emulator import Emulator
from ops.local import deploy
endpoint, log, stage = sys.argv[1:]
deploy(Emulator(endpoint, Path(log)), "not-a-secret", stage)
"""
_COUNTS = tuple(f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed"))


@dataclass(frozen=True)
class Shop:
    """A stage on the emulator, whose functions are told another endpoint than ours."""

    emulator: Emulator
    stage: str
    merchants: tuple[str, ...]

    def name(self, what: str) -> str:
        return f"tillbridge-{self.stage}-{what}"

    def url(self, queue: str) -> str:
        return f"{self.emulator.endpoint}/{ACCOUNT}/{self.name(queue)}"

    def function(self, merchant: str) -> str:
        return self.name(merchant.replace("-", "_"))

    def send(self, merchant: str, bodies: Sequence[str]) -> None:
        sqs = self.emulator.client("sqs")
        for part in batches(bodies, 10):
            entries = [{"Id": str(at), "MessageBody": body} for at, body in enumerate(part)]
            answer = sqs.send_message_batch(QueueUrl=self.url(merchant), Entries=entries)
            assert not answer.get("Failed"), answer["Failed"]

    @contextlib.contextmanager
    def paused(self, merchant: str) -> Iterator[None]:
        """Keep the function from the queue, so that what is sent meanwhile comes in one batch."""
        functions = self.emulator.client("lambda")
        named = functions.list_event_source_mappings(FunctionName=self.function(merchant))
        [mapping] = [one["UUID"] for one in named["EventSourceMappings"]]
        functions.update_event_source_mapping(UUID=mapping, Enabled=False)
        try:
            yield
        finally:
            functions.update_event_source_mapping(UUID=mapping, Enabled=True)

    def left(self, queue: str) -> int:
        """Return how many messages are in the queue, in flight ones included."""
        found = self.emulator.client("sqs").get_queue_attributes(
            QueueUrl=self.url(queue), AttributeNames=_COUNTS
        )
        return sum(int(found["Attributes"][name]) for name in _COUNTS)

    def receives(self, queue: str) -> list[int]:
        """Return how often each message in the queue was received; to look changes nothing."""
        asked = urllib.parse.urlencode({"QueueUrl": self.url(queue)})
        where = f"{self.emulator.endpoint}/_ministack/sqs/messages?{asked}"
        with urllib.request.urlopen(where, timeout=30) as answer:  # noqa: S310 - loopback
            found = json.load(answer)["messages"]
        queues = [q for regions in found.values() for one in regions.values() for q in one.values()]
        return [message["ReceiveCount"] for one in queues for message in one]

    def log(self, merchant: str) -> Log:
        """Return what the merchant's function has logged by now."""
        group = f"/aws/lambda/{self.function(merchant)}"
        return Log.of(logged(self.emulator.client("logs"), group))

    def behind(self, endpoint: str, timeout: int = TIMEOUT) -> None:
        """Let the merchants' functions find AWS at the endpoint, and nobody else."""
        functions = self.emulator.client("lambda")
        for merchant in self.merchants:
            name = self.function(merchant)
            found = functions.get_function_configuration(FunctionName=name)
            variables = found["Environment"]["Variables"] | {"AWS_ENDPOINT_URL": endpoint}
            functions.update_function_configuration(
                FunctionName=name, Timeout=timeout, Environment={"Variables": variables}
            )
            self.hide(merchant, HIDDEN)

    def hide(self, merchant: str, seconds: int) -> None:
        """Set when a message whose worker died comes back."""
        self.emulator.client("sqs").set_queue_attributes(
            QueueUrl=self.url(merchant), Attributes={"VisibilityTimeout": str(seconds)}
        )


def deployed(
    emulator: Emulator, stage: str, merchants: Sequence[str], also: tuple[str, ...] = ("ledger",)
) -> Shop:
    """Deploy a copy of the project in which app.py has these merchants."""
    written = HEAD + "".join(
        MERCHANT.format(name=name, function=name.replace("-", "_"), also=also) for name in merchants
    )
    with tempfile.TemporaryDirectory(prefix="tillbridge-wire-") as made:
        folder = Path(made)
        for name in ("ops", "chalicelib", ".chalice"):
            shutil.copytree(ROOT / name, folder / name)
        shutil.copy(ROOT / "requirements.txt", folder)
        if (ROOT / ".local" / "wheels").exists():
            shutil.copytree(ROOT / ".local" / "wheels", folder / ".local" / "wheels")
        (folder / "app.py").write_text(written)
        subprocess.run(
            [sys.executable, "-c", DEPLOY, emulator.endpoint, str(emulator.log), stage],
            cwd=folder, env=os.environ | emulator.environment, check=True,
        )  # fmt: skip
    shop = Shop(emulator, stage, tuple(merchants))
    _without_archive(shop)
    return shop


def _without_archive(shop: Shop) -> None:
    """Let the archive have nothing: it is no part of the path, and would do half of the work."""
    sns = shop.emulator.client("sns")
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:{shop.name('transactions')}"
    for one in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        if one["Endpoint"].endswith("-archive"):
            sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
