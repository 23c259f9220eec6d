-- Control totals of the slice's items.
SELECT
    CASE WHEN file_id IS NULL THEN 'switch' ELSE 'file' END AS source,
    currency,
    count(*) AS records,
    sum(@wide(amount)) AS amount
FROM cleared
GROUP BY 1, 2
