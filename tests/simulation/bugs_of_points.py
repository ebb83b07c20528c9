"""Deliberate bugs in what makes points of events: caught by the whole chain, `--points`."""

from functools import partial

from tests.simulation import mutations

bug = partial(mutations.bug, budget=500, runs="tests.simulation.points.running")

_INBOX = (
    bug(
        "the-memory-comes-after-the-effect",
        "inbox",
        ("            writes += effect(then, now, news)\n        self.shelf.write(writes)",
         ("            if own := list(effect(then, now, news)):\n"
          "                self.shelf.write(own)\n        self.shelf.write(writes)")),
    ),
    bug(
        "the-effect-comes-after-the-memory",
        "inbox",
        ("            writes += effect(then, now, news)\n        self.shelf.write(writes)",
         ("            own = list(effect(then, now, news))\n"
          "            self.shelf.write(writes)\n            writes = own\n"
          "        if writes:\n            self.shelf.write(writes)")),
    ),
    bug(
        "a-release-forgets-its-condition",
        "inbox",
        ("[self.shelf.root(one.source, found, after)]",
         ('[{"Put": {name: value for name, value in self.shelf.root(one.source, found, after)'
          '["Put"].items() if "Expression" not in name}}]')),
    ),
    bug(
        "what-waits-is-not-listed",
        "inbox",
        ("for subject, due in sorted(waits - waited)", "for subject, due in ()"),
    ),
    bug(
        "a-wait-that-can-not-be-found-is-deleted",
        "inbox",
        ("            return Outcome.DUPLICATE  # or a part",
         ("            self.shelf.write([self.shelf.no_wait(one.source, one.subject, one.due)])\n"
          "            return Outcome.DUPLICATE  # or a part")),
        budget=3_000,
    ),
    bug(
        "a-story-that-is-joined-is-not-pointed-on",
        "inbox",
        ("        if joined.root != own.root:", "        if False:"),
    ),
    bug(
        "a-story-that-is-joined-is-forgotten",
        "inbox",
        ("before = own.story | joined.story", "before = joined.story"),
    ),
    bug(
        "what-always-loses-is-done",
        "inbox",
        ('raise Retry("other workers', 'return Outcome.DUPLICATE or Retry("other workers'),
    ),
)  # fmt: skip

_STORE = (
    bug(
        "a-story-is-written-whatever-stands-there",
        "shelf",
        ("return put(self.table, item, place.version, new=place.version is None)",
         "return put(self.table, item)"),
    ),
    bug(
        "a-lost-race-is-taken-for-won",
        "shelf",
        ("                raise LostRace from fault", "                return"),
    ),
    bug(
        "a-transaction-put-off-is-taken-for-done",
        "shelf",
        ('raise Retry(f"DynamoDB cancelled', 'return None and str(f"DynamoDB cancelled'),
        (': {sorted(map(str, codes))}") from fault', ': {sorted(map(str, codes))}")'),
    ),
    bug(
        "an-account-is-written-whatever-stands-there",
        "ledger",
        ("            writes.append(put(self.table, item, new=True))",
         "            writes.append(put(self.table, item))"),
        ("put(self.table, item, known, new=known is None)", "put(self.table, item)"),
    ),
    bug(
        "purchases-are-read-before-their-account",
        "ledger",
        ("        account = self.account(member)\n        before, after",
         "        before, after"),
        ("        others = self._others(member, account, before, after)\n",
         ("        others = self._others(member, Account(), before, after)\n"
          "        account = self.account(member)\n")),
    ),
    bug(
        "what-is-not-seen-yet-is-not-waited-for",
        "ledger",
        ("            raise LostRace\n", "            pass\n"),
        budget=3_000,
    ),
    bug(
        "later-tiers-stay-as-they-were",
        "ledger",
        ('*([("tier", made.others)] if made.others else [])', ""),
    ),
)  # fmt: skip

_OTHERS = (
    bug(
        "a-return-before-its-sale-counts-at-once",
        "story",
        ("        if chapter is None:\n            return False",
         "        if chapter is None:\n            return True"),
    ),
    bug(
        "an-older-revision-applies",
        "story",
        ("if known and chapter.rank <= known.rank:", "if known and chapter.rank == known.rank:"),
    ),
    bug(
        "a-receipt-is-claimed-by-two",
        "members",
        ("claim = CLAIM + subject ", "claim = CLAIM + subject + name "),
    ),
    bug(
        "what-fails-is-done",
        "subscriber",
        ('fates.append((message, fate if isinstance(fate, str) else "left"))',
         'fates.append((message, fate if isinstance(fate, str) else "ignored"))'),
    ),
    bug(
        "what-is-left-is-acknowledged",
        "subscriber",
        ('if fate != "left"], left)', "if fate], [])"),
    ),
    bug(
        "a-batch-with-messages-left-is-done",
        "subscriber",
        ('raise Retry(f"{len(left)} of', 'return None and str(f"{len(left)} of'),
    ),
    bug(
        "what-is-no-event-is-dropped",
        "subscriber",
        ("            self.quarantine.put(message, [reason])\n",
         "            attempt(lambda one: self.quarantine.put(one, [reason]), message)\n"),
        budget=3_000,
    ),
)  # fmt: skip

BUGS = (*_INBOX, *_STORE, *_OTHERS)
