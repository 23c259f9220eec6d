"""Clearing: from the day's traffic and acquirers' files to net positions, as SQL over columns."""
