"""ISO 8583 messages as people type and read them."""

__all__: list[str] = []
