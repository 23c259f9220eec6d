-- The matching terms of an authorization: those of its merchant category on its business day.
SELECT category, business_day, open_days, refuse_days
FROM (
    SELECT
        d.category,
        d.business_day,
        t.open_days,
        t.refuse_days,
        row_number() OVER (
            PARTITION BY d.category, d.business_day ORDER BY t.rank DESC, t.terms_id
        ) AS turn
    FROM (
        SELECT DISTINCT coalesce(category, '0000') AS category, business_day
        FROM switch_entries
        WHERE kind = 'authorization'
    ) AS d
    INNER JOIN matching_terms AS t
        ON d.category >= t.category_from AND d.category <= t.category_to
        AND d.business_day >= t.effective_from AND d.business_day < t.effective_until
) AS ranked
WHERE turn = 1
