-- What became of authorizations (C08).
SELECT
    c.authorization,
    'EXPIRED' AS notice,
    acquirer_participant,
    issuer_participant,
    currency,
    greatest(standing - presented_after, CAST(0 AS BIGINT)) AS amount
FROM carried AS c
WHERE state = 'open' AND state_after = 'expired'
UNION ALL
SELECT
    c.authorization,
    'REVERSED_AFTER_PRESENTMENT',
    acquirer_participant,
    issuer_participant,
    currency,
    presented - standing
FROM pool AS c
WHERE reversed_now AND presented > standing
