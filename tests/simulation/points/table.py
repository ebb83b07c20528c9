"""The table of rewards, as several workers at once see it.

What AWS says of transactions, beyond what one worker alone can see of them:

- Their writes become visible one by one, none before all are certain; so two reads may see a part.
- One that meets an item that another is still writing is cancelled: `TransactionConflict`.
- One that bears a token of the last ten minutes is told done, and done once.  The embedded AWS
  knows no tokens, and the code needs none; so a case may have a table that forgets them.
"""

from collections.abc import Callable, Iterable
from typing import Any

from tests.memory import Item, Key, Memory, cancelled, keys_of
from tests.simulation.answers import error, meta

TOKEN_MS = 600_000


class Table(Memory):
    """Memory, with transactions that may take their time, and tokens."""

    def __init__(self, now_ms: Callable[[], int], *, tokens: bool) -> None:
        super().__init__()
        self.meta = meta()
        #: Writes that are certain and can't be seen yet.
        self.pending: dict[Key, Item] = {}
        #: Says of each write of the next transaction whether it is held back.
        self.hold: Callable[[], bool] = bool
        self._now_ms = now_ms
        self._tokens = tokens
        self._done: dict[str, tuple[int, list[Key]]] = {}

    def transact_write_items(
        self,
        *,
        TransactItems: list[Item],  # noqa: N803
        ClientRequestToken: str = "",  # noqa: N803
    ) -> Any:
        keys = keys_of(TransactItems)
        if self._known(ClientRequestToken):
            return {}
        if busy := self.pending.keys() & set(keys):
            raise cancelled(["TransactionConflict" if key in busy else "None" for key in keys])
        for key, write in self.checked(TransactItems):
            if self.hold():
                self.pending[key] = write
            else:
                self.apply(key, write)
        self.writes += 1
        if ClientRequestToken and self._tokens:
            self._done[ClientRequestToken] = self._now_ms(), keys
        return {}

    def settle(self, keys: Iterable[Key]) -> None:
        """Let writes be seen that were held back."""
        for key in keys:
            self.apply(key, self.pending.pop(key))

    def _known(self, token: str) -> bool:
        since, keys = self._done.get(token, (-TOKEN_MS, []))
        if self._now_ms() - since >= TOKEN_MS:
            return False
        if self.pending.keys() & set(keys):
            raise error("TransactWriteItems", "TransactionInProgressException", "still at it")
        return True
