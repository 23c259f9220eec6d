"""Reading the two configuration files: what is wrong with them, where, and what to do.

The typed objects are in `altyn.runtime.settings` and `altyn.runtime.scheme_file`; here is
what both need, the checks that take both files at once, and the files `altyn init` writes.
"""

__all__: list[str] = []
