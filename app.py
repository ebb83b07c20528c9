"""Who our merchants are, how their sales reach us, and whose tills they use.

One merchant, one function.  To add one, copy a neighbour and change its name, its queue (or topic)
and its vendor; queues, alarms and permissions follow from what stands here.  Whatever is true of
one merchant only belongs into that merchant's function.

The merchants below are made up: put your own in their place.
"""

from typing import Any

from chalice.app import Chalice, Response, SNSEvent, SQSEvent

from chalicelib.adapters import poslog, shopify, square
from chalicelib.doorway import knock
from chalicelib.mechanics import HappyHour, Mechanics, Tier
from chalicelib.model import Merchant
from chalicelib.wiring import APP, keep, named, relay, reward, unpack

app = Chalice(app_name=APP)
app.api.binary_types.append("application/gzip")


@app.on_sqs_message(queue=named("harbour-coffee"), batch_size=10)
def harbour_coffee(event: SQSEvent) -> None:
    relay(event, Merchant("harbour-coffee", square.adapt))


@app.on_sqs_message(queue=named("elm-street-books"), batch_size=10)
def elm_street_books(event: SQSEvent) -> None:
    relay(event, Merchant("elm-street-books", shopify.adapt, also=("ledger",), personal="hash"))


@app.on_sqs_message(queue=named("nordmarkt"), batch_size=10)
def nordmarkt(event: SQSEvent) -> None:
    relay(event, Merchant("nordmarkt", poslog.adapt, timezone="Europe/Berlin", currency="EUR"))


@app.on_sqs_message(queue=named("sakura-bakery"), batch_size=10)
def sakura_bakery(event: SQSEvent) -> None:
    relay(event, Merchant("sakura-bakery", square.adapt, personal="hash"))


@app.on_sns_message(topic=named("night-market"))
def night_market(event: SNSEvent) -> None:
    relay(event, Merchant("night-market", shopify.adapt))


@app.on_sqs_message(queue=named("archive"), batch_size=1000, maximum_batching_window_in_seconds=60)
def archive(event: SQSEvent) -> None:
    """Keep what all of them publish, for subscribers yet to come: `ops replay`."""
    keep(event)


@app.on_sqs_message(queue=named("files"), batch_size=1)
def files(event: SQSEvent) -> None:
    """Take apart what is dropped into the inbox, each merchant's files into its own queue."""
    unpack(event)


#: What sales earn.  Mechanics that stand aren't edited: newer ones join them, see docs/REWARDS.md.
REWARDS = {
    "elm-street-books": Mechanics(
        "USD", "America/New_York", points=10, minimum=5,
        happy_hours=(HappyHour("08:00", "10:00"),),
        tiers=(Tier("reader", 250, "1.2"), Tier("bookworm", 1000, "1.5")),
    ),
    "nordmarkt": Mechanics("EUR", "Europe/Berlin", rounding="half_up"),
}  # fmt: skip


@app.on_sqs_message(queue=named("rewards"), batch_size=10)
def rewards(event: SQSEvent) -> None:
    """Let what all of them publish earn points, where a merchant has mechanics."""
    reward(event, REWARDS)


@app.route("/health")
def health() -> Response:
    return through("health")


@app.route("/v1/{merchant}/webhook", methods=["POST"], content_types=["*/*"])
def webhook(merchant: str) -> Response:
    return through("webhook", merchant=merchant)


@app.route("/v1/{merchant}/transactions", methods=["POST"], content_types=["*/*"])
def transactions(merchant: str) -> Response:
    return through("transactions", merchant=merchant)


@app.route("/v1/{merchant}/transactions/{identity}")
def transaction(merchant: str, identity: str) -> Response:
    return through("transaction", merchant=merchant, identity=identity)


@app.route("/v1/{merchant}/members/{identity}")
def member(merchant: str, identity: str) -> Response:
    return through("member", merchant=merchant, identity=identity)


@app.route("/v1/{merchant}/claims", methods=["POST"], content_types=["*/*"])
def claims(merchant: str) -> Response:
    return through("claims", merchant=merchant)


def through(what: str, **names: str) -> Response:
    """Let a call through the door: tills that can't speak AWS, and members' apps.  docs/HTTP.md."""
    call: Any = app.current_request
    arn = getattr(call.lambda_context, "invoked_function_arn", "")
    return Response(**vars(knock(what, call.to_original_event(), arn, REWARDS, **names)))
