-- What becomes of each record that takes back an earlier one. A record that was not accepted is
-- nothing that could be taken back.
SELECT
    c.ordinal,
    c.original_item,
    c.original_ordinal,
    CASE
        WHEN c.original_ordinal IS NOT NULL AND d.outcome IS NULL THEN 'UNKNOWN_ORIGINAL'
        ELSE c.reason
    END AS reason
FROM claims AS c
LEFT JOIN decided AS d ON c.original_ordinal = d.ordinal
