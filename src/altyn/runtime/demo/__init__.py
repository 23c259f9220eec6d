"""The demonstration: a whole scheme on one machine, every bank a process of its own."""

__all__: list[str] = []
