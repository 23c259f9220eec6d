-- What accepted records of this cycle took of authorizations and did not give back in it.
SELECT
    d.authorization,
    sum(@wide(counted)) AS taken,
    max(CASE WHEN final THEN 1 ELSE 0 END) = 1 AS completed
FROM debits AS d
LEFT JOIN reversals AS r ON d.ordinal = r.original_ordinal AND r.reason IS NULL
WHERE d.outcome IS NOT NULL AND d.authorization IS NOT NULL AND r.ordinal IS NULL
GROUP BY d.authorization
