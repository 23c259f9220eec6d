-- Debits that no key finds, with what the fallback asks of them.
SELECT
    r.ordinal,
    r.acquirer_participant,
    r.pan,
    r.authorization_code,
    r.local_date,
    r.fallback_days
FROM examined AS r
LEFT JOIN key_hits AS k ON r.ordinal = k.ordinal
WHERE k.ordinal IS NULL AND NOT r.reversal AND NOT r.credit AND r.authorization_code IS NOT NULL
