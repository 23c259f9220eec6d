"""What drives the gateway in production: the event loop, real clocks, the committing thread."""

import asyncio
import time
from collections.abc import Callable

from altyn.clock import Instant
from altyn.gateway import CommitOrder, Gateway, Outbound
from altyn.journal import Storage
from altyn.runtime.online.committer import Committer
from altyn.switch import Recall, Recalled, Switch, recall

__all__ = ["LoopDriver", "read_clocks"]


class LoopDriver:
    """A gateway at work on the running event loop."""

    def __init__(
        self,
        switch: Switch,
        outbound: Outbound,
        storage: Storage,
        read_storage: Callable[[], Storage],
        snapshot_every_entries: int,
        alarm: Callable[[str, str], None],
        journal_failed: Callable[[BaseException], None],
        switch_failed: Callable[[BaseException], None],
    ) -> None:
        """Drive a new gateway over this switch and this journal.

        read_storage opens the journal for reading, for transactions that have left memory.
        """
        self.alarm = alarm
        self.journal_failed = journal_failed
        self.switch_failed = switch_failed
        self._read_storage = read_storage
        self._loop = asyncio.get_running_loop()
        self.gateway = gateway = Gateway(switch, outbound, self, snapshot_every_entries)
        self._committer = Committer(
            storage, self._loop, gateway.committed, gateway.commit_failed, gateway.snapshot_failed
        )

    def now(self) -> Instant:
        """See `read_clocks`."""
        return read_clocks()

    def soon(self, callback: Callable[[], None]) -> None:
        """In the next turn of the loop."""
        self._loop.call_soon(callback)

    def commit(self, order: CommitOrder) -> None:
        """Hand a batch to the committing thread."""
        self._committer.commit(order)

    def look_up(self, wanted: Recall) -> None:
        """Look beside the loop, then tell the gateway."""

        def look() -> Recalled:
            storage = self._read_storage()
            try:
                found = [recall(storage, key, moment) for key, moment in wanted.wanted]
            finally:
                storage.close()
            return Recalled(wanted.request, tuple(entry for entries in found for entry in entries))

        def report(future: "asyncio.Future[Recalled]") -> None:
            error = future.exception()
            if error is None:
                self.gateway.recalled(future.result())
            else:
                self.gateway.recall_failed(error)

        self._loop.run_in_executor(None, look).add_done_callback(report)

    async def settle(self) -> None:
        """Wait until nothing is in flight, and what ended it is durable and sent."""
        while self.gateway.in_flight and not self.gateway.halted:
            await asyncio.sleep(0.01)
        await self.settle_journal()

    async def settle_journal(self) -> None:
        """Wait until everything decided so far is durable and sent, whatever comes meanwhile;
        no longer when it never will be."""
        decided = self.gateway.switch.state.sequence
        while self.gateway.released < decided and not self.gateway.halted:
            await asyncio.sleep(0.001)

    def stop(self) -> None:
        """End the committing thread."""
        self._committer.stop()


def read_clocks() -> Instant:
    """Both clocks, now."""
    return Instant(time.time_ns() // 1000, time.monotonic_ns() // 1000)
