"""What processes use of the machine, as Linux tells it in /proc (proc(5))."""

import os
import re
from pathlib import Path
from typing import Final

__all__ = ["cpu_seconds", "family", "machine_cpu_seconds", "memory_bytes", "peak_bytes"]

_PROC: Final = Path("/proc")
# Fields of /proc/PID/stat counted from the one after the name in brackets.
_PARENT: Final = 1
_USER_TICKS: Final = 11
_SYSTEM_TICKS: Final = 12
# Of the first line of /proc/stat: user, nice, system, idle, waiting, interrupts; the time that
# guests used is part of the user's already.
_IDLE_COLUMNS: Final = (3, 4)
_BUSY_COLUMNS_END: Final = 8
_PEAK: Final = re.compile(r"^VmHWM:\s*(\d+) kB$", re.MULTILINE)


def cpu_seconds(process_ids: list[int]) -> float:
    """Processor seconds used so far, user and system; a process that is gone counts nothing."""
    ticks = 0
    for process_id in process_ids:
        numbers = _stat(process_id)
        if numbers:
            ticks += int(numbers[_USER_TICKS]) + int(numbers[_SYSTEM_TICKS])
    return ticks / os.sysconf("SC_CLK_TCK")


def machine_cpu_seconds() -> float:
    """Processor seconds used so far by everything on the machine, over all cores."""
    columns = (_PROC / "stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    busy = (
        int(ticks)
        for place, ticks in enumerate(columns[:_BUSY_COLUMNS_END])
        if place not in _IDLE_COLUMNS
    )
    return sum(busy) / os.sysconf("SC_CLK_TCK")


def memory_bytes(process_ids: list[int]) -> int:
    """Resident memory now, over all of them; pages they share are counted each time."""
    return sum(_resident_bytes(process_id) for process_id in process_ids)


def peak_bytes(process_ids: list[int]) -> int:
    """The most memory that was ever resident, each process's own added up."""
    return sum(_peak_bytes(process_id) for process_id in process_ids)


def family(process_id: int) -> list[int]:
    """The process and those it started, and so on."""
    children: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            numbers = _stat(int(folder.name))
            if numbers:
                children.setdefault(int(numbers[_PARENT]), []).append(int(folder.name))
    members = [process_id]
    for member in members:
        members += children.get(member, [])
    return members


def _stat(process_id: int) -> list[str]:
    try:
        text = (_PROC / str(process_id) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    # The name may hold spaces and brackets; the last bracket ends it.
    return text.rpartition(")")[2].split()


def _resident_bytes(process_id: int) -> int:
    try:
        pages = (_PROC / str(process_id) / "statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def _peak_bytes(process_id: int) -> int:
    try:
        text = (_PROC / str(process_id) / "status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    found = _PEAK.search(text)
    return int(found[1]) << 10 if found else 0
