"""Files that participants send, where they meet the machine: opened, unpacked, read, answered."""

__all__: list[str] = []
