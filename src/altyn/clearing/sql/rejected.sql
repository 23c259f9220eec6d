-- Every record that was read and not accepted, with its reason.
SELECT
    r.ordinal,
    r.acquirer_participant,
    r.file_id,
    r.record_number,
    r.acquirer_reference,
    CASE
        WHEN u.ordinal IS NOT NULL THEN 'DUPLICATE'
        WHEN r.issuer_participant IS NULL THEN 'UNKNOWN_CARD'
        WHEN r.function <> '200' THEN 'NO_DISPUTE'
        ELSE coalesce(d.reason, v.reason)
    END AS reason,
    coalesce(d.terms_id, CASE WHEN v.ordinal IS NOT NULL THEN t.terms_id END) AS terms_id,
    d.authorization,
    r.currency,
    r.amount
FROM records AS r
LEFT JOIN duplicates AS u ON r.ordinal = u.ordinal
LEFT JOIN (SELECT * FROM decided WHERE reason IS NOT NULL) AS d ON r.ordinal = d.ordinal
LEFT JOIN (SELECT * FROM reversals WHERE reason IS NOT NULL) AS v ON r.ordinal = v.ordinal
LEFT JOIN record_terms AS t ON r.category = t.category AND r.booked_day = t.booked_day
WHERE u.ordinal IS NOT NULL
    OR r.issuer_participant IS NULL
    OR r.function <> '200'
    OR d.ordinal IS NOT NULL
    OR v.ordinal IS NOT NULL
