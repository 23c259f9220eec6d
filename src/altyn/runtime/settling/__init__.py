"""Settlement with the back office's journal and a line to the settlement bank (ADR 33)."""

__all__: list[str] = []
