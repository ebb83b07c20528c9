"""Deliberate bugs in the dedupe store."""

from tests.simulation.mutations import bug

_CLAIMS = (
    bug(
        "take-a-living-claim-over",
        "claims",
        ("if not committed and now <= found.lease_until:", "if False:"),
    ),
    bug(
        "equal-content-is-a-duplicate",
        "claims",
        ("return Verdict.ADVANCE if newer else Verdict.DUPLICATE", "return Verdict.DUPLICATE"),
    ),
    bug(
        "an-older-revision-takes-over",
        "claims",
        ("if ours.revision < found.revision:", "if False:"),
        ("newer = ours.revision > found.revision", "newer = ours.revision != found.revision"),
    ),
    bug(
        "an-older-revision-takes-an-uncommitted-claim-over",
        "claims",
        ("if ours.revision < found.revision:", "if committed and ours.revision < found.revision:"),
    ),
    bug(
        "a-conflict-is-published",
        "claims",
        ("return Verdict.TAKE_OVER if newer else Verdict.CONFLICT", "return Verdict.TAKE_OVER"),
    ),
    bug(
        "a-conflict-is-a-duplicate",
        "claims",
        ("Verdict.TAKE_OVER if newer else Verdict.CONFLICT",
         "Verdict.TAKE_OVER if newer else Verdict.DUPLICATE"),
    ),
    bug(
        "skip-the-fingerprint",
        "claims",
        ("    if found.fingerprint == ours.fingerprint:\n        return Verdict.ADVANCE",
         "    if True:\n        return Verdict.ADVANCE"),
    ),
    bug(
        "a-take-over-forgets-what-was-owed",
        "claims",
        ("return replace(ours, owed=owed)", "return ours"),
    ),
    bug(
        "other-content-is-owed-what-was-owed",
        "claims",
        ("if verdict is Verdict.TAKE_OVER and found.fingerprint == ours.fingerprint:",
         "if verdict is Verdict.TAKE_OVER:"),
    ),
    bug(
        "an-advance-stores-no-revision",
        "claims",
        ("return replace(found, revision=ours.revision)", "return found"),
    ),
)  # fmt: skip

_TABLE = (
    bug(
        "an-update-observes-nothing",
        "table",
        ("""'WHERE "pk"=? AND "batch_id"=? AND "revision"=?'""", """'WHERE "pk"=?'"""),
        ('return [{"S": found.key}, {"S": found.batch_id}, {"N": str(found.revision)}]',
         'return [{"S": found.key}]'),
    ),
    bug(
        "an-update-observes-no-batch",
        "table",
        ("""'WHERE "pk"=? AND "batch_id"=? AND "revision"=?'""",
         """'WHERE "pk"=? AND "revision"=?'"""),
        ('{"S": found.key}, {"S": found.batch_id}, {"N"', '{"S": found.key}, {"N"'),
    ),
    bug(
        "an-update-observes-no-revision",
        "table",
        ("""'WHERE "pk"=? AND "batch_id"=? AND "revision"=?'""",
         """'WHERE "pk"=? AND "batch_id"=?'"""),
        ('{"S": found.batch_id}, {"N": str(found.revision)}]', '{"S": found.batch_id}]'),
        budget=20_000,
    ),
    bug(
        "an-unread-key-is-no-item",
        "table",
        ('for key in unread["Keys"] if unread else ():', "for key in ():"),
    ),
    bug(
        "a-failed-read-found-nothing",
        "table",
        ("            if isinstance(answer, Exception):\n",
         ("            if isinstance(answer, Exception):\n"
         "                found |= dict.fromkeys(part)\n")),
    ),
    bug("a-marker-names-nothing", "table", ("        if uncovered:", "        if False:")),
    bug(
        "reads-are-not-consistent",
        "table",
        ('"ConsistentRead": True', '"ConsistentRead": False'),
    ),
    bug("markers-go-before-claims", "table", ("430 * _DAY", "380 * _DAY"), budget=20_000),
    bug("claims-last-a-month", "table", ("= 400 * _DAY", "= 30 * _DAY")),
    bug(
        "a-put-overwrites",
        "table",
        ('ConditionExpression="attribute_not_exists(pk)"', 'ConditionExpression=""'),
    ),
    bug(
        "errors-inside-a-200-are-none",
        "table",
        ('[entry.get("Error", {}).get("Code") for entry', "[None for entry"),
    ),
)  # fmt: skip

_DEDUPE = (
    bug(
        "remember-before-commit",
        "dedupe",
        ("        self._table.put_marker(",
         ("        for claim in batch:\n"
         "            self._remember(claim)\n"
         "        self._table.put_marker(")),
    ),
    bug(
        "remember-what-is-owed",
        "dedupe",
        ("            if claim.key not in owing:\n", "            if True:\n"),
    ),
    bug(
        "a-marker-covers-all",
        "dedupe",
        ("committed = marker is not None and found.key not in owing",
         "committed = marker is not None"),
    ),
    bug(
        "a-lost-race-is-won",
        "dedupe",
        ("            if code is not None:\n",
         '            if code is not None and code != "ConditionalCheckFailed":\n'),
    ),
    bug(
        "no-answer-to-a-put-is-success",
        "dedupe",
        ("        if standing is None:\n            answers",
         "        if not isinstance(standing, Claim):\n            answers"),
    ),
    bug(
        "a-refused-statement-is-ours",
        "dedupe",
        ('            elif code == "DuplicateItem":\n                lost.append(claim)',
         ('            elif code == "DuplicateItem":\n'
         "                answers[claim.key] = (Verdict.OURS, claim)")),
    ),
    bug(
        "memory-says-duplicate",
        "dedupe",
        ("return verdict if verdict in {Verdict.DUPLICATE, Verdict.SUPERSEDED} else _ASK",
         "return Verdict.DUPLICATE"),
    ),
    bug(
        "what-is-judged-uncommitted-is-remembered",
        "dedupe",
        ("        if committed:\n            self._remember(found)",
         "        self._remember(found)"),
    ),
)  # fmt: skip

BUGS = (*_CLAIMS, *_TABLE, *_DEDUPE)
