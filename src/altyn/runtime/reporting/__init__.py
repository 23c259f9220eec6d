"""Reports as people get them: read from cleared cycles and the back office, written as files."""

__all__: list[str] = []
