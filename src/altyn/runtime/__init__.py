"""The rim: sockets, files, real time, settings, and the assembly of the whole.

Only this package touches the outside world; everything below it is told what happened and answers
with what must happen next.
"""

__all__: list[str] = []
