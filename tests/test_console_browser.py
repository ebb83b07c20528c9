"""What a newcomer must find in the console in under a minute each: in a real browser, on a phone.

Each begins on the front page and knows nothing but what is written there.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from chalicelib.errors import Code, Rejected
from ops import aws, deadletters
from ops.console import pages, place
from ops.tills import Sale, shopify_order, square_payment
from tests import browser
from tests.hands import Hands
from tests.operator import STAGE, Operator
from tests.test_console import PAN, Clock

expect.set_options(timeout=browser.PATIENCE_MS)
NOT_PAID = Rejected(Code.UNKNOWN_STATUS, "unknown payment status")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    browser.needed()
    with browser.chromium() as found:
        yield found


@pytest.fixture
def stage(operator: Operator, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> place.Stage:
    assert operator
    monkeypatch.setattr(pages, "REFRESH_EMULATED", 1)
    monkeypatch.setattr(deadletters, "_WAIT_SECONDS", 0)  # the emulator answers with all there is
    return place.staged(STAGE, clock)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def page(stage: place.Stage, chromium: Browser) -> Iterator[Page]:
    with browser.served(stage) as address, browser.opened(chromium, address) as found:
        yield found


@pytest.mark.emulator
def test_why_a_receipt_has_no_points(operator: Operator, stage: place.Stage, page: Page) -> None:
    sales = (Sale(800, 300, member="ann@example.com"), Sale(801, 9900, member="ann@example.com"))
    Hands(operator, stage).sell("elm-street-books", *map(shopify_order, sales))
    page.get_by_role("link", name="Why has a receipt no points?").click()
    page.get_by_label("Receipt number or id").fill("#1800")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Published and committed")).to_be_visible()
    main = page.get_by_role("main")
    expect(main).to_contain_text("No points: it is worth less than the minimum of 5 USD.")
    expect(main).to_contain_text("sale of 3.00 USD")
    page.get_by_role("link", name="email:hmac-sha256:").click()
    expect(page.get_by_role("main")).to_contain_text("Balance990")
    page.wait_for_load_state()  # a key pressed before the script has run is lost
    page.keyboard.press("/")  # nothing here has a search field but the head of the page
    page.keyboard.type("1801")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Published and committed")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("It earned 990 points.")


@pytest.mark.emulator
def test_what_is_in_quarantine_and_since_when(operator: Operator, page: Page) -> None:
    operator.set_aside("harbour-coffee", f'{{"note": "<b>{PAN}</b>"}}', NOT_PAID)
    operator.set_aside("harbour-coffee", square_payment(Sale(1, 100)), NOT_PAID)
    [first, _] = operator.messages("harbour-coffee-dead")
    assert first
    expect(page.get_by_role("heading", name="Nothing is stuck.")).to_be_visible()
    page.get_by_role("link", name="What is in quarantine, and since when?").click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("2 messages are in quarantine, the oldest since 20")
    main.get_by_role("link", name="unknown_status 2").click()
    expect(main).to_contain_text("unknown payment status")
    expect(main).to_contain_text("look it up in the vendor's documentation")
    page.get_by_text("Masked payload").first.click()
    expect(main).to_contain_text("<b>************1111</b>")
    expect(main).not_to_contain_text(PAN)
    page.get_by_role("button", name="What would sending them again do?").click()
    expect(main).to_contain_text("1 would be published")
    assert operator.messages("harbour-coffee") == []
    page.get_by_role("button", name="Send 2 messages again").click()
    expect(main).to_contain_text("2 of 2 messages were sent again.")
    assert len(operator.messages("harbour-coffee")) == 2


@pytest.mark.emulator
def test_whether_anything_is_stuck(operator: Operator, clock: Clock, page: Page) -> None:
    # S3 has told this queue that it is going to tell it of files; its function isn't there.
    aws.client("sqs").purge_queue(QueueUrl=operator.url("files"))
    expect(page.get_by_role("heading", name="Nothing is stuck.")).to_be_visible()
    url = operator.url("nordmarkt")  # whose function isn't there
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    card = page.get_by_role("row").filter(has_text="nordmarkt")
    expect(card.locator("td[data-label=Waiting]")).to_have_text("1")
    expect(page.get_by_role("heading", name="Nothing is stuck.")).to_be_visible()
    clock.ahead = 180
    alert = page.get_by_role("alert")  # it came by itself: nobody has loaded the page again
    expect(alert).to_contain_text("Something is stuck.")
    expect(alert).to_contain_text("nordmarkt: 1 message has waited for 3 min")
    expect(alert).to_contain_text("python -m ops doctor")
    aws.client("sqs").purge_queue(QueueUrl=url)
    expect(page.get_by_role("heading", name="Nothing is stuck.")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("q")
    expect(page.get_by_role("heading", name="Quarantine", exact=True)).to_be_visible()
