"""The processes of a load run: `issuer [PORT]`, and `generator` with its order on standard input.

The generator takes its order as one JSON object and writes its result as another. Both end when
whoever started them goes away.
"""

import json
import signal
import sys

from altyn.runtime.load.generator import LineClosedError, LoadOrder, generate
from altyn.runtime.load.issuer_process import serve_issuer


def main(arguments: list[str]) -> int:
    """Run the role that the arguments name; gives the exit code."""
    match arguments:
        case ["issuer", *port]:
            serve_issuer(int(port[0]) if port else 0)
        case ["generator"]:
            try:
                result = generate(LoadOrder.of_line(sys.stdin.readline()))
            except LineClosedError as error:
                sys.stderr.write(f"{error}\n")
                return 1
            sys.stdout.write(json.dumps(result.as_table()) + "\n")
        case _:
            sys.stderr.write("a role is needed: issuer or generator\n")
            return 2
    return 0


if __name__ == "__main__":
    # Ctrl-C reaches the whole group of processes; who started us hears it and ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(main(sys.argv[1:]))
