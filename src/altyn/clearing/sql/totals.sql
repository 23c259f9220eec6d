-- Control totals. What was read is counted apart from what became of it.
SELECT source, what, currency, CAST(sum(records) AS BIGINT) AS records,
    @wide(sum(amount)) AS amount
FROM (
    SELECT 'file' AS source, 'read' AS what, currency, count(*) AS records,
        sum(@wide(amount)) AS amount
    FROM presentments
    GROUP BY currency
    UNION ALL
    SELECT 'file', 'rejected', currency, count(*), sum(@wide(amount))
    FROM rejected
    GROUP BY currency
    UNION ALL
    SELECT source, 'accepted', currency, records, amount FROM accepted
    UNION ALL
    SELECT 'switch', 'read', currency, count(*), sum(@wide(amount))
    FROM drafts_of_switch
    GROUP BY currency
) AS sums
GROUP BY source, what, currency
