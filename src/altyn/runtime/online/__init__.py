"""The switch at work: sockets, group commits, links, and the control channel around it.

Nothing is imported here: who only gives an order (`orders`) does not load the whole node.
"""

__all__: list[str] = []
