"""Presentment files from acquirers: read strictly in three forms, answered with acknowledgements.

Nothing here opens a file or asks the time: chunks of bytes come in, rows and findings go out.
"""

from altyn.presentment.acknowledgement import (
    Acknowledgement,
    RecordAnswer,
    Status,
    acknowledge,
    record_answers,
    refuse,
    write_csv_answer,
    write_ipm_answer,
    write_parquet_answer,
)
from altyn.presentment.columns import FILE_COLUMNS, PRESENTMENT_COLUMNS, Column
from altyn.presentment.csv_form import write_csv
from altyn.presentment.findings import FileRefusal, Reason, Rejection
from altyn.presentment.ipm_fields import field_of_column, load_ipm_codec
from altyn.presentment.ipm_form import write_ipm
from altyn.presentment.manifest import Manifest, Totals, sums_of
from altyn.presentment.parquet_form import file_schema, write_parquet
from altyn.presentment.reading import FORMS, IPM_FORMS, FileReading, read_file
from altyn.presentment.register import Action, Decision, FileFact, FileRegister, LateRule
from altyn.presentment.unpacking import LIMITS, Limits, unpacked
from altyn.presentment.validation import Piece, presentment_schema

__all__ = [
    "FILE_COLUMNS",
    "FORMS",
    "IPM_FORMS",
    "LIMITS",
    "PRESENTMENT_COLUMNS",
    "Acknowledgement",
    "Action",
    "Column",
    "Decision",
    "FileFact",
    "FileReading",
    "FileRefusal",
    "FileRegister",
    "LateRule",
    "Limits",
    "Manifest",
    "Piece",
    "Reason",
    "RecordAnswer",
    "Rejection",
    "Status",
    "Totals",
    "acknowledge",
    "field_of_column",
    "file_schema",
    "load_ipm_codec",
    "presentment_schema",
    "read_file",
    "record_answers",
    "refuse",
    "sums_of",
    "unpacked",
    "write_csv",
    "write_csv_answer",
    "write_ipm",
    "write_ipm_answer",
    "write_parquet",
    "write_parquet_answer",
]
