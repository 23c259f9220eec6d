"""Presentment files from acquirers: read strictly in three forms, answered with acknowledgements.

Nothing here opens a file or asks the time: chunks of bytes come in, rows and findings go out.
"""

from altyn.presentment.columns import FILE_COLUMNS, PRESENTMENT_COLUMNS, Column

__all__ = ["FILE_COLUMNS", "PRESENTMENT_COLUMNS", "Column"]
