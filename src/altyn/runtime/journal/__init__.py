"""What is done with a journal beside the switch: its checkpoints, checks, exports and replay.

The switch loads this package for its checkpoints alone, so nothing is imported here: the
columns bring NumPy and Arrow with them.
"""

__all__: list[str] = []
