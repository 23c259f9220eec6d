"""What one bank process is to be: read from a JSON file.

A spec holds no card data: cards and scripts follow from the seed.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from altyn.runtime.output import UserError

__all__ = ["BankSpec", "read_bank_spec", "write_bank_spec"]

Role = Literal["acquirer", "issuer"]


@dataclass(frozen=True, slots=True)
class BankSpec:
    """One simulated bank on one line.

    `bank_id` is one of `altyn.simulators.BANKS`. `mode` is connect or listen, seen from the bank.
    `seed` deals the cards, `transactions` is the size of the whole day. `phases` are played at
    once, without an order; then the process ends if `stop_when_done`. `window` above 0 replaces
    that of the phase. `follow_orders`: orders come on standard input, and its end stops the
    process. `log` and `books` are files, empty for none: every message as a line of JSON, and at
    the end what the bank believes. `answer_delay_ms` makes an issuer slow.
    """

    name: str
    bank_id: str
    role: Role
    port: int
    host: str = "127.0.0.1"
    mode: Literal["connect", "listen"] = "connect"
    dialect: str = "altyn87"
    seed: str = "1"
    transactions: int = 3000
    phases: tuple[str, ...] = ()
    stop_when_done: bool = False
    window: int = 0
    follow_orders: bool = True
    log: str = ""
    books: str = ""
    answer_timeout_ms: int = 15_000
    repeats_max: int = 2
    answer_delay_ms: int = 0
    first_stan: int = 1


def read_bank_spec(path: Path) -> BankSpec:
    """The spec in a JSON file; raises UserError naming the key that is unknown or of a wrong type.

    Keys are those of BankSpec; `name`, `bank_id`, `role` and `port` must be there.
    """
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError("cannot read this bank spec as JSON", where=str(path)) from error
    if not isinstance(data, dict):
        raise UserError("a bank spec is a JSON object", where=str(path))
    known = {field.name: field.type for field in fields(BankSpec)}
    unknown = sorted(set(data) - set(known))
    if unknown:
        raise UserError("this key is unknown", where=f"{path}: {unknown[0]}")
    _check_types(path, data)
    try:
        return BankSpec(**{**data, "phases": tuple(data.get("phases", ()))})
    except TypeError as error:
        remedy = "name, bank_id, role and port are needed"
        raise UserError("a key is missing", where=str(path), do=remedy) from error


def _check_types(path: Path, data: dict[str, Any]) -> None:
    texts = ("name", "bank_id", "role", "host", "mode", "dialect", "seed", "log", "books")
    flags = ("stop_when_done", "follow_orders")
    for key, value in data.items():
        expected: type = str if key in texts else bool if key in flags else int
        if key == "phases":
            expected = list
        if type(value) is not expected:
            raise UserError(
                f"a value of type {expected.__name__} is needed", where=f"{path}: {key}"
            )
    for key, words in (("role", ("acquirer", "issuer")), ("mode", ("connect", "listen"))):
        if key in data and data[key] not in words:
            raise UserError(f"must be one of {', '.join(words)}", where=f"{path}: {key}")


def write_bank_spec(path: Path, spec: BankSpec) -> None:
    """Write a spec so that `read_bank_spec` gives it back."""
    path.write_text(json.dumps(asdict(spec), indent=2) + "\n", encoding="utf-8")
