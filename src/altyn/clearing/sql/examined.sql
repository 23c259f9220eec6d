-- Records that are of a known card, no duplicates and no second presentments, with their terms.
SELECT
    r.*,
    t.terms_id,
    t.tolerance_ppm,
    t.currency_tolerance_ppm,
    t.refuse_days,
    t.fallback_days,
    t.accepts_unauthorized,
    t.rate_rule AS terms_rate_rule,
    @days_between(r.local_date, r.booked_day) AS age_days,
    @days_between(r.local_date, r.booked_day) > t.late_days AS late
FROM records AS r
INNER JOIN record_terms AS t ON r.category = t.category AND r.booked_day = t.booked_day
LEFT JOIN duplicates AS d ON r.ordinal = d.ordinal
WHERE d.ordinal IS NULL AND r.issuer_participant IS NOT NULL AND r.function = '200'
