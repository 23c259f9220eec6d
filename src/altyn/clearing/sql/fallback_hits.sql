-- The fallback for debits that no key finds: the code that the issuer gave, within some days.
SELECT r.ordinal, a.authorization, a.state = 'open' AS is_open
FROM unmatched AS r
INNER JOIN pool AS a
    ON r.acquirer_participant = a.acquirer_participant
    AND r.pan = a.pan
    AND r.authorization_code = a.authorization_code
WHERE NOT a.credit AND abs(@days_between(r.local_date, a.business_day)) <= r.fallback_days
