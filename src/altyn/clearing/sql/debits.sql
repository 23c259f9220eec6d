-- What becomes of each debit: an outcome, or the reason of its rejection.
SELECT
    ordinal,
    w.authorization,
    counted,
    CASE
        WHEN finding IN ('NO_AUTHORIZATION', 'AMBIGUOUS') THEN
            CASE
                WHEN accepts_unauthorized AND NOT is_old AND settlement_amount IS NOT NULL
                    THEN finding
            END
        WHEN finding IS NOT NULL OR counted IS NULL OR settlement_amount IS NULL THEN NULL
        WHEN is_after_final OR NOT is_within THEN NULL
        WHEN in_other_currency THEN 'OTHER_CURRENCY'
        WHEN NOT is_authorized THEN 'WITHIN_TOLERANCE'
        WHEN final THEN 'MATCHED'
        ELSE 'MATCHED_IN_PART'
    END AS outcome,
    CASE
        WHEN finding IN ('NO_AUTHORIZATION', 'AMBIGUOUS') THEN
            CASE
                WHEN NOT accepts_unauthorized THEN finding
                WHEN is_old THEN 'TOO_LATE'
                WHEN settlement_amount IS NULL THEN 'NO_RATE'
            END
        WHEN finding IS NOT NULL THEN finding
        WHEN counted IS NULL OR settlement_amount IS NULL THEN 'NO_RATE'
        WHEN is_after_final THEN 'COMPLETED'
        WHEN NOT is_within THEN 'ABOVE_AUTHORIZED'
    END AS reason,
    final
FROM (
    SELECT
        v.ordinal,
        v.authorization,
        v.finding,
        v.accepts_unauthorized,
        v.is_old,
        v.counted,
        v.settlement_amount,
        v.in_other_currency,
        v.final,
        coalesce(w.is_after_final, FALSE) AS is_after_final,
        v.presented + coalesce(w.taken, @wide(v.counted))
            <= v.standing + @floor_millionths(v.standing, v.tolerance_ppm) AS is_within,
        v.presented + coalesce(w.taken, @wide(v.counted)) <= v.standing AS is_authorized
    FROM valued AS v
    LEFT JOIN running AS w ON v.ordinal = w.ordinal
    WHERE NOT v.credit
) AS w
