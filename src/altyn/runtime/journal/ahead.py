"""Work of two stages at once: a source is read ahead on a thread of its own.

Reading, hashing, turning into columns and writing all let go of the interpreter while they
work, so on two processors two of them run.
"""

import threading
from collections.abc import Generator, Iterable
from queue import Queue
from typing import TypeVar

__all__ = ["read_ahead"]

Item = TypeVar("Item")


class _Failure:
    """What the source raised, on its way to the reader."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def read_ahead(source: Iterable[Item], items_max: int) -> Generator[Item, None, None]:
    """The items of a source, in order, up to items_max of them made before they are asked for.

    What the source raises is raised here. Closing the generator ends the thread.
    """
    queue: Queue[Item | _Failure | None] = Queue(items_max)
    stopped = threading.Event()

    def run() -> None:
        last: _Failure | None = None
        try:
            for item in source:
                queue.put(item)
                if stopped.is_set():
                    break
        except BaseException as error:  # noqa: BLE001 - whatever it is, the reader raises it
            last = _Failure(error)
        queue.put(last)

    thread = threading.Thread(target=run, name="journal-read-ahead", daemon=True)
    thread.start()
    ended = False
    try:
        while True:
            item = queue.get()
            if item is None or isinstance(item, _Failure):
                ended = True
                if item is not None:
                    raise item.error
                return
            yield item
    finally:
        stopped.set()
        while not ended:
            last = queue.get()
            ended = last is None or isinstance(last, _Failure)
        thread.join()
