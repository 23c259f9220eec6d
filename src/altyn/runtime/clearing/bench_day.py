"""A day made up for `altyn bench clearing`: the inputs of a cycle, as many rows as are wanted.

Rows are made by DuckDB, column by column, from their numbers: the same count gives the same day.
Shares are those of an ordinary day: nine of ten presentments name their authorization by its keys;
the rest come without keys, in parts, as refunds and reversals, twice, above what was authorized,
in another currency, or for no authorization at all. Of two authorizations in eight the day is an
earlier one. Beside them the switch posted a tenth as many purchases, and there is a history.
"""

import sys
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from altyn.clearing import INPUT_TABLES, schema_of
from altyn.runtime.clearing.bench_rules import rule_rows

PARTICIPANTS: Final = 30
PARTS_OF_A_TABLE: Final = 1_000_000
"""So many numbers go into one file of an input."""

# Two numbers that follow one another are of one sort; refunds, reversals and repeats are about the
# number two before theirs, so that `subject` is the purchase they name.
_DAY: Final = """
CREATE MACRO padded(number, width) AS lpad(CAST(number AS VARCHAR), CAST(width AS INTEGER), '0');
CREATE VIEW sorted AS
SELECT i, i // 100000 AS file,
    CASE
        WHEN share < 900 THEN 'keys' WHEN share < 920 THEN 'code' WHEN share < 950 THEN 'parts'
        WHEN share < 965 THEN 'refund' WHEN share < 970 THEN 'given'
        WHEN share < 980 THEN 'unknown' WHEN share < 985 THEN 'twice'
        WHEN share < 990 THEN 'above' WHEN share < 995 THEN 'currency'
        WHEN share < 998 THEN 'back' ELSE 'stranger'
    END AS sort
FROM (SELECT i, ((i // 2) * 7919 + 104729) % 1000 AS share FROM numbers) AS shares;
CREATE VIEW subjects AS
SELECT *, (subject * 2654435761) % 1000003 AS mix, file % 30 AS acquirer
FROM (
    SELECT *, CASE
        WHEN sort IN ('refund', 'back') THEN i - 2 WHEN sort = 'parts' THEN i - i % 2 ELSE i
    END AS subject
    FROM sorted
) AS named;
CREATE VIEW plain AS
SELECT *,
    'P' || padded(acquirer, 2) AS acquirer_participant,
    -- Three quarters of the traffic stay within the country.
    'P' || padded(
        CASE WHEN mix % 4 = 0 THEN mix // 4 % 30
            WHEN acquirer < 20 THEN mix // 4 % 20
            WHEN acquirer < 25 THEN 20 + mix // 4 % 5 ELSE 25 + mix // 4 % 5 END, 2
    ) AS issuer_participant,
    unhex('9900' || padded((subject * 48271) % 3000000, 12) || 'ffff') AS pan,
    CASE WHEN acquirer < 20 THEN '398' WHEN acquirer < 25 THEN '417' ELSE '860' END AS currency,
    CASE WHEN mix % 7 = 0 THEN '5411' ELSE CAST(4000 + mix % 300 * 13 AS VARCHAR) END AS category,
    CASE mix % 5 WHEN 0 THEN '071' WHEN 1 THEN '010' WHEN 2 THEN '021' ELSE '051' END
        AS entry_mode,
    'M' || padded(mix % 20000, 9) AS merchant,
    'T' || padded(mix % 90000, 7) AS terminal,
    padded(subject % 1000000, 6) AS stan,
    '1123' || padded(subject // 1000000 % 24, 2) || padded(mix % 6000, 4) AS transmission,
    'R' || padded(subject, 11) AS rrn,
    padded((subject * 31) % 1000000, 6) AS authorization_code,
    CASE mix % 4 WHEN 0 THEN 'GOLD' WHEN 1 THEN 'DEBIT' ELSE 'CLASSIC' END AS product,
    100 + (mix * 37) % 5000000 AS amount
FROM subjects;
CREATE VIEW authorized AS
SELECT *, 1000 + i AS sequence
FROM plain
WHERE subject = i AND sort IN ('keys', 'code', 'parts', 'above', 'currency');
"""

_PRESENTMENTS: Final = """
SELECT
    'F' || CAST(file AS VARCHAR) AS file_id, i % 100000 + 1 AS record_number,
    acquirer_participant, DATE '2026-11-23' AS business_day, '1240' AS message_type,
    '200' AS function, sort = 'back' AS reversal, sort IN ('refund', 'given') AS credit, pan,
    CASE WHEN sort IN ('refund', 'given') THEN '200000' ELSE '000000' END AS processing_code,
    CASE sort WHEN 'parts' THEN amount // 2 WHEN 'above' THEN amount * 2
        WHEN 'currency' THEN amount // 500 + 1 ELSE amount END AS amount,
    CASE WHEN sort = 'currency' THEN '840' ELSE currency END AS currency,
    DATE '2026-11-23' AS local_date, '120000' AS local_time,
    CASE WHEN sort IN ('code', 'refund', 'given') THEN NULL ELSE transmission END AS transmission,
    CASE WHEN sort IN ('code', 'refund', 'given') THEN NULL WHEN sort = 'unknown' THEN '999999'
        ELSE stan END AS stan,
    CASE WHEN sort IN ('code', 'refund', 'given', 'unknown') THEN NULL ELSE rrn END AS rrn,
    '10000' || CAST(acquirer AS VARCHAR) AS acquirer,
    padded(CASE WHEN sort = 'twice' THEN i - 2 ELSE i END, 23) AS acquirer_reference,
    terminal, merchant, 'SHOP' AS merchant_name, category, '398' AS country, entry_mode,
    CASE WHEN sort = 'unknown' THEN NULL ELSE authorization_code END AS authorization_code,
    CASE WHEN sort = 'parts' THEN i % 2 + 1 ELSE 1 END AS part_number,
    CASE WHEN sort = 'parts' THEN 2 ELSE 1 END AS part_count,
    sort <> 'parts' OR i % 2 = 1 AS final,
    CASE WHEN sort IN ('refund', 'back') THEN padded(i - 2, 23) END AS original_reference,
    file // 30 + 1 AS file_sequence,
    CASE WHEN sort <> 'stranger' THEN issuer_participant END AS issuer_participant,
    CASE WHEN sort <> 'stranger' THEN product END AS product,
    DATE '2026-11-23' AS booked_day
FROM plain
"""

_TRANSACTIONS: Final = """
SELECT
    sequence, 'authorization' AS kind, '' AS flags, DATE '2026-11-23' AS business_day, amount,
    amount AS settlement_amount, 0 AS refers_to, pan, '000000' AS processing_code, stan,
    transmission, rrn, terminal, merchant, category, entry_mode, currency, acquirer_participant,
    issuer_participant, product, currency AS settlement_currency, '' AS settlement_rate_id,
    'finished' AS stage, 'approved' AS outcome, 0 AS posted_change, amount AS remaining,
    authorization_code
FROM authorized WHERE i % 8 > 1
UNION ALL
SELECT
    1000000000 + i, 'financial', '', DATE '2026-11-23', amount, amount, 0, pan, '000000', stan,
    transmission, rrn, terminal, merchant, category, entry_mode, currency, acquirer_participant,
    issuer_participant, product, currency, '', 'finished', 'approved', amount, amount,
    authorization_code
FROM plain WHERE i % 10 = 0
"""

_AUTHORIZATIONS: Final = """
SELECT
    sequence AS "authorization", 'open' AS state, DATE '2026-11-22' AS business_day,
    DATE '2026-11-29' AS expires_on, DATE '2026-12-22' AS kept_until, acquirer_participant,
    issuer_participant, pan, stan, transmission, rrn, terminal, merchant, category, entry_mode,
    product, '000000' AS processing_code, FALSE AS credit, authorization_code, currency, amount,
    amount AS standing, 0 AS presented, currency AS settlement_currency,
    amount AS settlement_amount, NULL AS settlement_rate_id
FROM authorized WHERE i % 8 <= 1
"""

_ITEMS: Final = """
SELECT
    'P' || acquirer_participant || '-E' || CAST(file AS VARCHAR) || '-' || CAST(i AS VARCHAR)
        AS item_id,
    '2026-11-22/1' AS cycle, 'MATCHED' AS outcome, 'rest' AS terms_id, FALSE AS late,
    FALSE AS credit, FALSE AS reversal, NULL AS original_item, NULL AS "authorization",
    NULL AS drawn, NULL AS final,
    'E' || CAST(file AS VARCHAR) AS file_id, i AS record_number,
    '9' || padded(i, 22) AS acquirer_reference, DATE '2026-11-22' AS business_day,
    DATE '2026-11-22' AS priced_on, acquirer_participant, issuer_participant,
    issuer_participant AS debtor, acquirer_participant AS creditor, pan,
    '000000' AS processing_code, product, category, entry_mode, merchant, terminal, rrn, stan,
    transmission, authorization_code, 'domestic' AS leg, NULL AS tier, currency, amount,
    currency AS settlement_currency, amount AS settlement_amount, NULL AS rate_id,
    NULL AS rate_rule, NULL AS authorization_rate_id, NULL AS clearing_rate_id,
    0 AS base_before, amount AS base_after
FROM plain WHERE i % 4 = 0
"""

_MADE: Final = {
    "presentments": _PRESENTMENTS,
    "transactions": _TRANSACTIONS,
    "authorizations_before": _AUTHORIZATIONS,
    "items_before": _ITEMS,
}


def make_day(folder: Path, records: int) -> None:
    """Write the inputs of a day of so many presentments as Parquet files in `folder`."""
    for start in range(0, records, PARTS_OF_A_TABLE):
        until = min(records, start + PARTS_OF_A_TABLE)
        with duckdb.connect() as connection:
            connection.execute("SET preserve_insertion_order = false")
            connection.execute("SET enable_progress_bar = false")
            connection.execute(f"CREATE VIEW numbers AS FROM range({start}, {until}) AS n(i)")
            connection.execute(_DAY)
            for name, text in _MADE.items():
                path = folder / f"{name}-{start}.parquet"
                connection.execute(f"COPY ({text}) TO '{path}' (FORMAT parquet)")
    for table in INPUT_TABLES:
        rows = rule_rows(PARTICIPANTS).get(table.name)
        if rows:
            path = folder / f"{table.name}.parquet"
            pq.write_table(pa.Table.from_pylist(rows, schema_of(table)), path)


if __name__ == "__main__":
    make_day(Path(sys.argv[1]), int(sys.argv[2]))
