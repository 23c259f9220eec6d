"""One target under atheris, which steers by the lines that an input reaches.

`python -m tests.fuzz.coverage_guided TARGET SECONDS`, started by `./dev fuzz --engine atheris`.
Atheris is wanted for this only (`.venv/bin/python -m pip install atheris`); its wheels name their
version of Python, so it is not among the pinned requirements.
"""

import sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def main(name: str, seconds: int) -> None:
    """Fuzz until the time is over; the process then ends with 0, or 1 for a finding."""
    try:
        atheris: Any = import_module("atheris")
    except ImportError:
        sys.exit("atheris is not installed: .venv/bin/python -m pip install atheris")
    with atheris.instrument_imports(include=["altyn"]):
        campaign = import_module("tests.fuzz.campaign")
        targets = import_module("tests.fuzz.targets")
    target = next(each for each in targets.TARGETS if each.name == name)

    def try_one(data: bytes) -> None:
        try:
            with campaign.bounded():
                target.check(data)
        except Exception as error:
            print(f"{name}: kept as {campaign.Finding(target, data, error).keep()}")  # noqa: T201
            raise

    with TemporaryDirectory() as folder:
        known = target.examples() + [path.read_bytes() for path in campaign.corpus(target)]
        for number, data in enumerate(known):
            (Path(folder) / str(number)).write_bytes(data)
        atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", folder], try_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
