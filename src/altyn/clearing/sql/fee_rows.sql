-- Fees of the slice: every receiver's share, and what rounding left of a fee, which is the scheme's
-- residue (M02).
SELECT
    ordinal,
    place,
    item_id,
    fee,
    rule_id,
    base,
    part,
    payer,
    receiver,
    account,
    settlement_currency,
    sign * share AS amount
FROM charged
UNION ALL
SELECT
    ordinal,
    place,
    item_id,
    fee,
    rule_id,
    base,
    0,
    payer,
    'SCHEME',
    'residue',
    settlement_currency,
    sign * (whole - CAST(sum(share) AS BIGINT))
FROM charged
WHERE shares > 1
GROUP BY
    ordinal, place, item_id, fee, rule_id, sign, base, payer, settlement_currency, whole
HAVING whole <> sum(share)
