-- Authorizations that a debit names by its keys: STAN and transmission time, or else the retrieval
-- reference. What both sides state must agree.
SELECT r.ordinal, a.authorization, a.state = 'open' AS is_open
FROM examined AS r
INNER JOIN pool AS a
    ON r.acquirer_participant = a.acquirer_participant
    AND r.pan = a.pan
    AND r.stan = a.stan
    AND r.transmission = a.transmission
WHERE NOT r.reversal AND NOT r.credit AND NOT a.credit
    AND (r.rrn = a.rrn OR r.rrn IS NULL OR a.rrn IS NULL)
UNION ALL
SELECT r.ordinal, a.authorization, a.state = 'open'
FROM examined AS r
INNER JOIN pool AS a
    ON r.acquirer_participant = a.acquirer_participant
    AND r.pan = a.pan
    AND r.rrn = a.rrn
WHERE NOT r.reversal AND NOT r.credit AND NOT a.credit
    AND (r.stan IS NULL OR r.transmission IS NULL)
    AND (r.terminal = a.terminal OR r.terminal IS NULL OR a.terminal IS NULL)
