"""The fault drill: the real switch is killed and its lines are cut, and three books are compared.

`altyn drill` starts a switch, simulated banks and a proxy that cuts lines, each in a process of
its own, kills the switch at random moments and at each write point, and in the end compares the
logs of the banks with the journal. Nothing of this is in the switch: a child process wraps the
store and the loop that the ordinary node runs on (`switch_child`).
"""

__all__: list[str] = []
