-- The matching terms of a record: those of its merchant category on the day of its booking.
SELECT
    category,
    booked_day,
    terms_id,
    tolerance_ppm,
    currency_tolerance_ppm,
    late_days,
    refuse_days,
    fallback_days,
    accepts_unauthorized,
    rate_rule
FROM (
    SELECT
        d.category,
        d.booked_day,
        t.terms_id,
        t.tolerance_ppm,
        t.currency_tolerance_ppm,
        t.late_days,
        t.refuse_days,
        t.fallback_days,
        t.accepts_unauthorized,
        t.rate_rule,
        row_number() OVER (
            PARTITION BY d.category, d.booked_day ORDER BY t.rank DESC, t.terms_id
        ) AS turn
    FROM (SELECT DISTINCT category, booked_day FROM presentments) AS d
    INNER JOIN matching_terms AS t
        ON d.category >= t.category_from AND d.category <= t.category_to
        AND d.booked_day >= t.effective_from AND d.booked_day < t.effective_until
) AS ranked
WHERE turn = 1
