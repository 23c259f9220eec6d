"""The table of the program's commands.

A command is a module of this package with a Click command in its attribute `command`. It is
imported when it is asked for and not before: `altyn --help` must not wait for the switch.
"""

from typing import Final, NamedTuple

__all__ = ["COMMANDS", "CommandEntry"]


class CommandEntry(NamedTuple):
    """Where a command lives, and its one line in the list of commands."""

    module: str
    summary: str


COMMANDS: Final[dict[str, CommandEntry]] = {
    "demo": CommandEntry("altyn.runtime.commands.demo", "Run a whole scheme on this machine."),
    "init": CommandEntry("altyn.runtime.commands.init", "Write the settings of a new scheme."),
    "check": CommandEntry("altyn.runtime.commands.check", "Check settings and registry facts."),
    "serve": CommandEntry("altyn.runtime.commands.serve", "Run the switch."),
    "advices": CommandEntry("altyn.runtime.commands.advices", "See and settle owed advices."),
    "stop-list": CommandEntry("altyn.runtime.commands.stop_list", "Load and count stop lists."),
    "message": CommandEntry("altyn.runtime.commands.message", "Read and write ISO 8583 messages."),
    "journal": CommandEntry("altyn.runtime.commands.journal", "Read and verify a journal."),
    "file": CommandEntry("altyn.runtime.commands.file", "Take and check presentment files."),
    "clear": CommandEntry("altyn.runtime.commands.clear", "Close a cycle, match, price and net."),
    "cycle": CommandEntry("altyn.runtime.commands.cycle", "See how far each cycle has come."),
    "explain": CommandEntry("altyn.runtime.commands.explain", "Tell how a result came about."),
    "settle": CommandEntry("altyn.runtime.commands.settle", "Settle a cleared cycle."),
    "settlement": CommandEntry("altyn.runtime.commands.settlement", "See runs, hold statements."),
    "default": CommandEntry("altyn.runtime.commands.default", "Act when one cannot pay."),
    "adjust": CommandEntry("altyn.runtime.commands.adjust", "Correct what a closed cycle booked."),
    "bank": CommandEntry("altyn.runtime.commands.bank", "Play the settlement bank."),
    "rates": CommandEntry("altyn.runtime.commands.rates", "Read central banks' exchange rates."),
    "fees": CommandEntry(
        "altyn.runtime.commands.fees", "Show a fee table, and test it with cases."
    ),
    "report": CommandEntry("altyn.runtime.commands.report", "Report from cycles and journals."),
    "simulate": CommandEntry(
        "altyn.runtime.commands.simulate", "Run a scheme in virtual time, with faults."
    ),
    "bench": CommandEntry("altyn.runtime.commands.bench", "Measure, and say on which machine."),
    "drill": CommandEntry("altyn.runtime.commands.drill", "Kill the switch, compare the books."),
}
