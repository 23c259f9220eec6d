-- What accepted records of this cycle took of authorizations.
SELECT
    d.authorization,
    sum(@wide(counted)) AS taken,
    max(CASE WHEN final THEN 1 ELSE 0 END) = 1 AS completed
FROM debits AS d
WHERE outcome IS NOT NULL AND d.authorization IS NOT NULL
GROUP BY d.authorization
