"""The journal in PostgreSQL: the production store, and what keeps two nodes from writing it."""

__all__: list[str] = []
