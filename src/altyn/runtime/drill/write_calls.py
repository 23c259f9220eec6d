"""Every write that SQLite makes, where a process can die with half a page written.

SQLite lets a program replace the system calls of its Unix layer (`sqlite3_vfs.xSetSystemCall`, "OS
Interface Object" in its documentation). The call that is put in the place of pwrite asks which
write point this is, and at the last passing of it writes half of the bytes and kills the process.
"""

import ctypes
import importlib
from collections.abc import Callable
from typing import Any, Final

from altyn.runtime.drill.write_points import Killer

__all__ = ["watch_writes"]

_Pointer = ctypes.c_void_p
_CALLS: Final = (b"pwrite64", b"pwrite")
_SET_SYSTEM_CALL: Final = ctypes.CFUNCTYPE(ctypes.c_int, _Pointer, ctypes.c_char_p, _Pointer)
_GET_SYSTEM_CALL: Final = ctypes.CFUNCTYPE(_Pointer, _Pointer, ctypes.c_char_p)
_POSITIONED_WRITE: Final = ctypes.CFUNCTYPE(
    ctypes.c_ssize_t, ctypes.c_int, _Pointer, ctypes.c_size_t, ctypes.c_int64, use_errno=True
)
_METHODS_BEFORE: Final = (
    "xOpen", "xDelete", "xAccess", "xFullPathname", "xDlOpen", "xDlError", "xDlSym", "xDlClose",
    "xRandomness", "xSleep", "xCurrentTime", "xGetLastError", "xCurrentTimeInt64",
)  # fmt: skip
_VERSION_WITH_SYSTEM_CALLS: Final = 3


class _FileSystem(ctypes.Structure):
    """The head of sqlite3_vfs, version 3."""

    _fields_ = (
        ("iVersion", ctypes.c_int),
        ("szOsFile", ctypes.c_int),
        ("mxPathname", ctypes.c_int),
        ("pNext", _Pointer),
        ("zName", ctypes.c_char_p),
        ("pAppData", _Pointer),
        *((name, _Pointer) for name in _METHODS_BEFORE),
        ("xSetSystemCall", _SET_SYSTEM_CALL),
        ("xGetSystemCall", _GET_SYSTEM_CALL),
        ("xNextSystemCall", _Pointer),
    )


# What C holds a pointer to must not be collected while the process lives.
_kept: list[Any] = []


def watch_writes(point_of_this_write: Callable[[], str], killer: Killer) -> bool:
    """Let every write of SQLite pass the point that the callback names; "" is none.

    False where this build of SQLite does not let its system calls be replaced.
    """
    system = _file_system()
    if system is None:
        return False
    replaced = False
    for name in _CALLS:
        address = system.contents.xGetSystemCall(system, name)
        if address:
            write = _replacement(_POSITIONED_WRITE(address), point_of_this_write, killer)
            _kept.append(write)
            pointer = ctypes.cast(write, _Pointer)
            replaced |= system.contents.xSetSystemCall(system, name, pointer) == 0
    return replaced


def _file_system() -> Any:
    """The default file system of the library that the interpreter itself uses, or None."""
    try:
        library = ctypes.CDLL(importlib.import_module("_sqlite3").__file__)
        find = library.sqlite3_vfs_find
    except (AttributeError, OSError, TypeError):
        return None  # linked into the interpreter, or without names to be found by
    find.restype = ctypes.POINTER(_FileSystem)
    find.argtypes = [ctypes.c_char_p]
    system = find(None)
    if not system or system.contents.iVersion < _VERSION_WITH_SYSTEM_CALLS:
        return None
    return system


def _replacement(write: Any, point_of_this_write: Callable[[], str], killer: Killer) -> Any:
    def watched(descriptor: int, data: int, size: int, offset: int) -> int:
        point = point_of_this_write()
        if point:
            if killer.is_last(point):
                write(descriptor, data, size // 2, offset)
            killer.passes(point)
        count: int = write(descriptor, data, size, offset)
        return count

    return _POSITIONED_WRITE(watched)
