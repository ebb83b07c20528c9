"""The deliberate bugs, module by module."""

from tests.simulation.mutations import Mutation


def _bug(name: str, module: str, *changes: tuple[str, str], budget: int = 2_000) -> Mutation:
    return Mutation(name, module, changes, budget)


_CLAIMS = (
    _bug(
        "take-a-living-claim-over",
        "claims",
        ("if not committed and now <= found.lease_until:", "if False:"),
    ),
    _bug(
        "equal-content-is-a-duplicate",
        "claims",
        ("return Verdict.ADVANCE if newer else Verdict.DUPLICATE", "return Verdict.DUPLICATE"),
    ),
    _bug(
        "an-older-revision-takes-over",
        "claims",
        ("if ours.revision < found.revision:", "if False:"),
        ("newer = ours.revision > found.revision", "newer = ours.revision != found.revision"),
    ),
    _bug(
        "an-older-revision-takes-an-uncommitted-claim-over",
        "claims",
        ("if ours.revision < found.revision:", "if committed and ours.revision < found.revision:"),
    ),
    _bug(
        "a-conflict-is-published",
        "claims",
        ("return Verdict.TAKE_OVER if newer else Verdict.CONFLICT", "return Verdict.TAKE_OVER"),
    ),
    _bug(
        "a-conflict-is-a-duplicate",
        "claims",
        ("Verdict.TAKE_OVER if newer else Verdict.CONFLICT",
         "Verdict.TAKE_OVER if newer else Verdict.DUPLICATE"),
    ),
    _bug(
        "skip-the-fingerprint",
        "claims",
        ("    if found.fingerprint == ours.fingerprint:\n        return Verdict.ADVANCE",
         "    if True:\n        return Verdict.ADVANCE"),
    ),
    _bug(
        "a-take-over-forgets-what-was-owed",
        "claims",
        ("return replace(ours, owed=owed)", "return ours"),
    ),
    _bug(
        "other-content-is-owed-what-was-owed",
        "claims",
        ("if verdict is Verdict.TAKE_OVER and found.fingerprint == ours.fingerprint:",
         "if verdict is Verdict.TAKE_OVER:"),
    ),
    _bug(
        "an-advance-stores-no-revision",
        "claims",
        ("return replace(found, revision=ours.revision)", "return found"),
    ),
)  # fmt: skip

_TABLE = (
    _bug(
        "an-update-observes-nothing",
        "table",
        ("""'WHERE "pk"=? AND "batch_id"=? AND "revision"=?'""", """'WHERE "pk"=?'"""),
        ('return [{"S": found.key}, {"S": found.batch_id}, {"N": str(found.revision)}]',
         'return [{"S": found.key}]'),
    ),
    _bug(
        "an-update-observes-no-batch",
        "table",
        ("""'WHERE "pk"=? AND "batch_id"=? AND "revision"=?'""",
         """'WHERE "pk"=? AND "revision"=?'"""),
        ('{"S": found.key}, {"S": found.batch_id}, {"N"', '{"S": found.key}, {"N"'),
    ),
    _bug(
        "an-update-observes-no-revision",
        "table",
        ("""'WHERE "pk"=? AND "batch_id"=? AND "revision"=?'""",
         """'WHERE "pk"=? AND "batch_id"=?'"""),
        ('{"S": found.batch_id}, {"N": str(found.revision)}]', '{"S": found.batch_id}]'),
        budget=20_000,
    ),
    _bug(
        "an-unread-key-is-no-item",
        "table",
        ('for key in unread["Keys"] if unread else ():', "for key in ():"),
    ),
    _bug(
        "a-failed-read-found-nothing",
        "table",
        ("            if isinstance(answer, Exception):\n",
         ("            if isinstance(answer, Exception):\n"
         "                found |= dict.fromkeys(part)\n")),
    ),
    _bug("a-marker-names-nothing", "table", ("        if uncovered:", "        if False:")),
    _bug(
        "reads-are-not-consistent",
        "table",
        ('"ConsistentRead": True', '"ConsistentRead": False'),
    ),
    _bug("markers-go-before-claims", "table", ("430 * _DAY", "380 * _DAY"), budget=20_000),
    _bug("claims-last-a-month", "table", ("= 400 * _DAY", "= 30 * _DAY")),
    _bug(
        "a-put-overwrites",
        "table",
        ('ConditionExpression="attribute_not_exists(pk)"', 'ConditionExpression=""'),
    ),
    _bug(
        "errors-inside-a-200-are-none",
        "table",
        ('[entry.get("Error", {}).get("Code") for entry', "[None for entry"),
    ),
)  # fmt: skip

_DEDUPE = (
    _bug(
        "remember-before-commit",
        "dedupe",
        ("        self._table.put_marker(",
         ("        for claim in batch:\n"
         "            self._remember(claim)\n"
         "        self._table.put_marker(")),
    ),
    _bug(
        "remember-what-is-owed",
        "dedupe",
        ("            if claim.key not in owing:\n", "            if True:\n"),
    ),
    _bug(
        "a-marker-covers-all",
        "dedupe",
        ("committed = marker is not None and found.key not in owing",
         "committed = marker is not None"),
    ),
    _bug(
        "a-lost-race-is-won",
        "dedupe",
        ("            if code is not None:\n",
         '            if code is not None and code != "ConditionalCheckFailed":\n'),
    ),
    _bug(
        "no-answer-to-a-put-is-success",
        "dedupe",
        ("        if standing is None:\n            answers",
         "        if not isinstance(standing, Claim):\n            answers"),
    ),
    _bug(
        "a-refused-statement-is-ours",
        "dedupe",
        ('            elif code == "DuplicateItem":\n                lost.append(claim)',
         ('            elif code == "DuplicateItem":\n'
         "                answers[claim.key] = (Verdict.OURS, claim)")),
    ),
    _bug(
        "memory-says-duplicate",
        "dedupe",
        ("return verdict if verdict in {Verdict.DUPLICATE, Verdict.SUPERSEDED} else _ASK",
         "return Verdict.DUPLICATE"),
    ),
    _bug(
        "what-is-judged-uncommitted-is-remembered",
        "dedupe",
        ("        if committed:\n            self._remember(found)",
         "        self._remember(found)"),
    ),
)  # fmt: skip

_PIPELINE = (
    _bug(
        "the-lease-is-too-short",
        "pipeline",
        ("deadline_ms + LEASE_MARGIN_MS", "self.now_ms() + 30_000"),
    ),
    _bug(
        "the-lease-has-no-margin",
        "pipeline",
        ("deadline_ms + LEASE_MARGIN_MS", "deadline_ms"),
        budget=40_000,
    ),
    _bug(
        "commit-before-publish",
        "pipeline",
        ("        refused = self.publisher.publish(",
         "        self.store.commit(ours, busy)\n        refused = self.publisher.publish("),
        (("        if isinstance(attempt(lambda claims: self.store.commit(claims, owing), ours),"
         " Exception):\n"), "        if owing is None:\n"),
    ),
    _bug(
        "acknowledge-busy",
        "pipeline",
        ("                busy[key] = claim.owed\n",
         ("                busy[key] = claim.owed\n"
         "                ready[key].fate = Fate.DUPLICATE\n")),
    ),
    _bug(
        "unconfirmed-claims-are-committed",
        "pipeline",
        ("owing = {**busy, **refused}", "owing = dict(refused)"),
    ),
    _bug(
        "unconfirmed-claims-are-owed-all",
        "pipeline",
        ("busy[key] = claim.owed", "busy[key] = ()"),
        budget=60_000,
    ),
    _bug(
        "the-refused-are-published",
        "pipeline",
        ("return [claim.key for claim in ours if claim.key not in refused]",
         "return [claim.key for claim in ours]"),
    ),
    _bug(
        "a-refused-claim-is-deleted",
        "pipeline",
        ("        owing = {**busy, **refused}\n",
         ("        owing = {**busy, **refused}\n"
         "        for key in refused:\n"
         "            table = self.store._table\n"
         '            table._client.delete_item(TableName=table._name, Key={"pk": {"S": key}})\n')),
    ),
    _bug(
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
    _bug(
        "acknowledge-all",
        "pipeline",
        ("done = [one.message for one in deliveries if one.finished]",
         "done = [one.message for one in deliveries]"),
    ),
    _bug(
        "return-with-messages-left",
        "pipeline",
        ('raise Retry(f"{len(left)} of', 'return None and str(f"{len(left)} of'),
    ),
    _bug(
        "count-a-message-as-one",
        "pipeline",
        ("tally.arrived += len(delivery.pieces)", "tally.arrived += 1"),
    ),
)  # fmt: skip

_OTHERS = (
    _bug(
        "a-key-twice-in-a-round",
        "delivery",
        ("first.setdefault(piece.event.key, piece)", "first.setdefault(piece.event.body, piece)"),
        ("if first[piece.event.key] is not piece", "if first[piece.event.body] is not piece"),
    ),
    _bug(
        "repeats-are-never-settled",
        "delivery",
        ("waiting = [piece for piece in waiting if first[piece.event.key] is not piece]",
         "waiting = []"),
    ),
    _bug(
        "ignore-a-failed-entry",
        "publish",
        ("if isinstance(taken, Exception) or str(place) not in taken:",
         "if isinstance(taken, Exception):"),
    ),
    _bug(
        "ignore-a-failed-call",
        "publish",
        ("if isinstance(taken, Exception) or str(place) not in taken:",
         "if not isinstance(taken, Exception) and str(place) not in taken:"),
    ),
    _bug(
        "an-event-id-without-content",
        "publish",
        ('f"{key}#{fingerprint}".encode()', "key.encode()"),
    ),
    _bug(
        "an-event-id-of-its-own-each-time",
        "publish",
        ('f"{key}#{fingerprint}".encode()',
         'f"{key}#{fingerprint}#{__import__(\'time\').time_ns()}".encode()'),
    ),
    _bug(
        "a-fifo-topic-knows-content-only",
        "publish",
        ('f"{found.id}-{found.revision}"', "found.id"),
        budget=20_000,
    ),
    _bug(
        "publish-to-all-whatever-is-owed",
        "publish",
        ("if not arns or arn in arns", "if arn"),
    ),
    _bug(
        "publish-to-the-first-destination",
        "publish",
        ("for arn, destination in self._destinations.items()",
         "for arn, destination in list(self._destinations.items())[:1]"),
    ),
    _bug(
        "quarantine-without-masking",
        "quarantine",
        ("_fitted(_masked(body, self.policy, self.key))", "_fitted(body.encode())"),
    ),
    _bug(
        "delete-what-is-left",
        "acknowledge",
        ("(_postpone, left)", "(_delete, left)"),
    ),
    _bug(
        "receive-the-first-record",
        "receive",
        ('for r in event["Records"]]', 'for r in event["Records"][:1]]'),
    ),
    _bug(
        "an-unreadable-message-is-nothing",
        "reading",
        ("        return [reason]\n", "        return []\n"),
    ),
    _bug(
        "free-text-is-not-masked",
        "sanitise",
        ("return mask(tidy)[:MAX_TEXT]", "return tidy[:MAX_TEXT]"),
    ),
)  # fmt: skip

BUGS = (*_CLAIMS, *_TABLE, *_DEDUPE, *_PIPELINE, *_OTHERS)
