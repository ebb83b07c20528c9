"""What a POSLog transaction is: a sale, a return, a void, or nothing that counts (yet)."""

from xml.etree.ElementTree import Element

from chalicelib import payload
from chalicelib.errors import Code, Ignored, Rejected
from chalicelib.poslog import header
from chalicelib.poslog.elements import flagged, word

#: What may stand in a transaction instead of a sale.
NO_SALES = {
    "ControlTransaction": "control transaction",
    "TenderControlTransaction": "tender control transaction",
    "InventoryControlTransaction": "inventory control transaction",
    "ForeCourtTransaction": "forecourt transaction",
    "ForecourtTransaction": "forecourt transaction",
    "POSLogControlTransaction": "control transaction",
}
#: Flags, types and states of what is no sale, or none yet.
FLAGS = {
    "CancelFlag": "cancelled before payment", "SuspendFlag": "suspended transaction",
    "SuspendedFlag": "suspended transaction", "LayawayFlag": "layaway",
}  # fmt: skip
NOT_FINAL = {
    "Cancel": "cancelled before payment", "Cancelled": "cancelled before payment",
    "Canceled": "cancelled before payment", "CancelOrphaned": "cancelled before payment",
    "Failed": "failed", "InProcess": "open transaction",
    "Totaled": "open transaction", "Suspend": "suspended transaction",
    "Suspended": "suspended transaction", "SuspendedDeleted": "suspended transaction",
    "Layaway": "layaway", "GiftReceipt": "gift receipt", "NoSale": "no sale",
    "Training": "training transaction",
}  # fmt: skip
#: Types and states of what is final -> what they say of it beside that.
FINAL = {
    "": "", "00": "", "Sale": "", "Sales": "", "Retail": "", "Exchange": "", "Finished": "",
    "Completed": "", "Tendered": "", "Delivered": "", "Shipped": "", "Return": "return",
    "Refund": "return", "ExchangeReturn": "return", "Void": "void", "Voided": "void",
    "PostVoid": "void", "PostVoided": "void",
}  # fmt: skip


def retail_of(record: Element) -> Element:
    """Return what stands in a transaction if it is a sale, and ignore what is known as no sale."""
    if flagged(record, "TrainingModeFlag"):
        raise Ignored("training transaction")  # a real one may have the same number
    retail = record.find("RetailTransaction")
    if retail is None:
        kinds = [child.tag for child in record if child.tag.endswith("Transaction")]
        if _post_void(record):
            raise Rejected(Code.UNSUPPORTED, "a post-void without a RetailTransaction")
        if known := next((kind for kind in kinds if kind in NO_SALES), None):
            raise Ignored(NO_SALES[known])
        code = Code.UNSUPPORTED if kinds else Code.BAD_SHAPE
        raise Rejected(code, "neither a RetailTransaction nor a control transaction is in it")
    if retail.find("LineItem") is None and retail.find("Total") is None:
        raise Ignored("empty transaction")
    return retail


def state_of(record: Element, retail: Element) -> str:
    """Return "void" or "return" if a final transaction says that it is one, else nothing."""
    for flag, reason in FLAGS.items():
        if flagged(record, flag) or flagged(retail, flag):
            raise Ignored(reason)
    kind = word(record, "TransactionType", "@TypeCode").removesuffix("Transaction")
    words = (kind, status_of(record, retail))
    for said in words:
        if said in NOT_FINAL:
            raise Ignored(NOT_FINAL[said])
    what = "type or status of a transaction"
    states = {payload.known(FINAL, said, what, Code.UNKNOWN_STATUS) for said in words}
    reasons = header.reasons(record, retail)
    if "void" in states and not reasons and retail.find("LineItem/Tender") is None:
        raise Ignored("cancelled before payment")
    undone = flagged(record, "VoidFlag", "VoidedFlag") or _post_void(record)
    if "void" in states or undone or reasons.intersection(header.VOIDS):
        return "void"
    return "return" if "return" in states else ""


def _post_void(record: Element) -> bool:
    """Tell whether Xstore's own type says that an earlier transaction is undone."""
    return record.get("TransactionType") == "POST_VOID"


def status_of(record: Element, retail: Element) -> str:
    """Return the status as it is written, or nothing."""
    return word(retail, "@TransactionStatus") or word(record, "@TransactionStatus")
