"""Many simulated banks in one process: `python -m altyn.runtime.drill.bank_house --specs FILE`.

They are the banks of the demonstration with endless days of trade. Each writes down every message
as it passes; these logs are what the drill's auditor reads. Orders on standard input, one line of
JSON each: {"order": "trade"}, "rest" (begin nothing new), "stop"; the end of the input stops, too.
Every 100 ms the figures of all banks together go to standard output.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any, Final

import click

from altyn.runtime.demo.bank_process import BankProcess
from altyn.runtime.demo.bank_spec import BankSpec
from altyn.simulators import Day

__all__ = ["BankHouse", "main"]

FEED_S: Final = 0.1
DAY_TRANSACTIONS: Final = 600
PLAYS_AHEAD_MIN: Final = 20


class BankHouse:
    """The banks of one process and what is asked of all of them."""

    def __init__(self, specs: list[BankSpec], first_day: int) -> None:
        """first_day numbers the first day of trade; later ones follow."""
        self.banks = [BankProcess(spec, _report_trouble) for spec in specs]
        self._days = {spec.name: first_day for spec in specs}
        self._trading = False
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Live until told to stop."""
        lives = [asyncio.create_task(bank.run()) for bank in self.banks]
        while not self._stop.is_set():
            if self._trading:
                self._feed()
            _print(self.figures())
            await asyncio.sleep(FEED_S)
        for bank in self.banks:
            bank.stop()
        await asyncio.gather(*lives)

    def obey(self, order: str) -> None:
        """Carry out an order."""
        self._trading = order == "trade"
        if order == "stop":
            self._stop.set()
        elif order == "rest":
            for bank in self.banks:
                if bank.acquirer is not None:
                    bank.acquirer.begin_no_more()

    def _feed(self) -> None:
        """Give each acquirer its next day of plays when the last one comes to its end."""
        for bank in self.banks:
            if bank.acquirer is None or bank.acquirer.not_begun >= PLAYS_AHEAD_MIN:
                continue
            spec = bank.spec
            number = self._days[spec.name] = self._days[spec.name] + 1
            day = Day(spec.seed, DAY_TRANSACTIONS, spec.bank_id, number)
            plays = [
                play._replace(play_id=f"{number}/{play.play_id}")
                for phase in ("morning", "lost")
                for play in day.plays(phase)
            ]
            bank.acquirer.begin(plays, spec.window)

    def figures(self) -> dict[str, int]:
        """Requests sent, answered and waiting for an answer; plays done; lines that are up."""
        acquirers = [bank.acquirer for bank in self.banks if bank.acquirer is not None]
        return {
            "sent": sum(each.tally.sent for each in acquirers),
            "answered": sum(each.tally.answered for each in acquirers),
            "waiting": sum(each.unanswered for each in acquirers),
            "busy": sum(not each.idle for each in acquirers),
            "signed_on": sum(bank.bank.signed_on for bank in self.banks),
        }


def _report_trouble(report: dict[str, Any]) -> None:
    """A message that a bank cannot read is a finding; all else is counted elsewhere."""
    if report["report"] == "unreadable":
        _print({"unreadable": report["field"]})


def _print(report: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(report, separators=(",", ":")) + "\n")
    sys.stdout.flush()


async def _live(path: Path) -> None:
    plan = json.loads(path.read_text(encoding="utf-8"))
    house = BankHouse([BankSpec(**spec) for spec in plan["banks"]], plan["first_day"])
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async def follow_orders() -> None:
        while line := await reader.readline():
            house.obey(json.loads(line)["order"])
        house.obey("stop")

    orders = asyncio.create_task(follow_orders())
    await house.run()
    orders.cancel()


@click.command()
@click.option("--specs", required=True, type=click.Path(path_type=Path))
def main(specs: Path) -> None:
    """Run the banks of a file."""
    # Ctrl-C reaches every process of a terminal; the drill decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        asyncio.run(_live(specs))
    except BrokenPipeError:
        sys.stderr.close()


if __name__ == "__main__":
    main()
