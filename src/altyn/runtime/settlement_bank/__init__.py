"""A simulated settlement bank as a process: it knows the folders and ISO 20022, and not us."""

__all__: list[str] = []
