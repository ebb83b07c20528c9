"""Deliberate bugs in what leads to the store and away from it."""

from tests.simulation.mutations import bug

_PIPELINE = (
    bug(
        "the-lease-is-too-short",
        "pipeline",
        ("deadline_ms + LEASE_MARGIN_MS", "self.now_ms() + 30_000"),
    ),
    bug(
        "the-lease-has-no-margin",
        "pipeline",
        ("deadline_ms + LEASE_MARGIN_MS", "deadline_ms"),
        budget=40_000,
    ),
    bug(
        "commit-before-publish",
        "pipeline",
        ("        refused = self.publisher.publish(",
         "        self.store.commit(ours, busy)\n        refused = self.publisher.publish("),
        (("        if isinstance(attempt(lambda claims: self.store.commit(claims, owing), ours),"
         " Exception):\n"), "        if owing is None:\n"),
    ),
    bug(
        "acknowledge-busy",
        "pipeline",
        ("                busy[key] = claim.owed\n",
         ("                busy[key] = claim.owed\n"
         "                ready[key].fate = Fate.DUPLICATE\n")),
    ),
    bug(
        "unconfirmed-claims-are-committed",
        "pipeline",
        ("owing = {**busy, **refused}", "owing = dict(refused)"),
    ),
    bug(
        "unconfirmed-claims-are-owed-all",
        "pipeline",
        ("busy[key] = claim.owed", "busy[key] = ()"),
        budget=60_000,
    ),
    bug(
        "the-refused-are-published",
        "pipeline",
        ("return [claim.key for claim in ours if claim.key not in refused]",
         "return [claim.key for claim in ours]"),
    ),
    bug(
        "a-refused-claim-is-deleted",
        "pipeline",
        ("        owing = {**busy, **refused}\n",
         ("        owing = {**busy, **refused}\n"
         "        for key in refused:\n"
         "            table = self.store._table\n"
         '            table._client.delete_item(TableName=table._name, Key={"pk": {"S": key}})\n')),
    ),
    bug(
        "set-aside-whether-it-could-be-or-not",
        "pipeline",
        (("            self.quarantine.put(delivery.message, [reason for _, reason in"
         " delivery.refused])\n"
         "            for piece, _ in delivery.refused:\n"
         "                piece.fate = Fate.QUARANTINED\n"),
         ("            for piece, _ in delivery.refused:\n"
         "                piece.fate = Fate.QUARANTINED\n"
         "            self.quarantine.put(delivery.message, [reason for _, reason in"
         " delivery.refused])\n")),
    ),
    bug(
        "acknowledge-all",
        "pipeline",
        ("done = [one.message for one in deliveries if one.finished]",
         "done = [one.message for one in deliveries]"),
    ),
    bug(
        "return-with-messages-left",
        "pipeline",
        ('raise Retry(f"{len(left)} of', 'return None and str(f"{len(left)} of'),
    ),
    bug(
        "count-a-message-as-one",
        "pipeline",
        ("tally.arrived += len(delivery.pieces)", "tally.arrived += 1"),
    ),
)  # fmt: skip

_OTHERS = (
    bug(
        "a-key-twice-in-a-round",
        "delivery",
        ("first.setdefault(piece.event.key, piece)", "first.setdefault(piece.event.body, piece)"),
        ("if first[piece.event.key] is not piece", "if first[piece.event.body] is not piece"),
    ),
    bug(
        "repeats-are-never-settled",
        "delivery",
        ("waiting = [piece for piece in waiting if first[piece.event.key] is not piece]",
         "waiting = []"),
    ),
    bug(
        "ignore-a-failed-entry",
        "publish",
        ("if isinstance(taken, Exception) or str(place) not in taken:",
         "if isinstance(taken, Exception):"),
    ),
    bug(
        "ignore-a-failed-call",
        "publish",
        ("if isinstance(taken, Exception) or str(place) not in taken:",
         "if not isinstance(taken, Exception) and str(place) not in taken:"),
    ),
    bug(
        "an-event-id-without-content",
        "publish",
        ('f"{key}#{fingerprint}".encode()', "key.encode()"),
    ),
    bug(
        "an-event-id-of-its-own-each-time",
        "publish",
        ('f"{key}#{fingerprint}".encode()',
         'f"{key}#{fingerprint}#{__import__(\'time\').time_ns()}".encode()'),
    ),
    bug(
        "a-fifo-topic-knows-content-only",
        "publish",
        ('f"{found.id}-{found.revision}"', "found.id"),
        budget=20_000,
    ),
    bug(
        "publish-to-all-whatever-is-owed",
        "publish",
        ("if not arns or arn in arns", "if arn"),
    ),
    bug(
        "publish-to-the-first-destination",
        "publish",
        ("for arn, destination in self._destinations.items()",
         "for arn, destination in list(self._destinations.items())[:1]"),
    ),
    bug(
        "quarantine-without-masking",
        "quarantine",
        ("_masked(body, self.policy, self.key), encoding", "body.encode(), encoding"),
    ),
    bug(
        "delete-what-is-left",
        "acknowledge",
        ("(_postpone, left)", "(_delete, left)"),
    ),
    bug(
        "receive-the-first-record",
        "receive",
        ('for r in event["Records"]]', 'for r in event["Records"][:1]]'),
    ),
    bug(
        "an-unreadable-message-is-nothing",
        "reading",
        ("        return [reason]\n", "        return []\n"),
    ),
    bug(
        "free-text-is-not-masked",
        "sanitise",
        ("return mask(tidy)[:MAX_TEXT]", "return tidy[:MAX_TEXT]"),
    ),
)  # fmt: skip

BUGS = (*_PIPELINE, *_OTHERS)
