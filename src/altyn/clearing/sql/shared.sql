-- Every receiver's share of every fee, and what rounding left of it, which is the scheme's residue
-- (M02). A fee of one receiver is its whole.
WITH shares AS (
    SELECT
        c.ordinal,
        c.item_id,
        c.sign,
        c.base,
        c.fee,
        c.rule_id,
        c.place,
        c.issuer_pays,
        c.acquirer_participant,
        c.issuer_participant,
        c.settlement_currency,
        c.shares,
        c.amount AS whole,
        s.part,
        s.receiver,
        CASE
            WHEN c.shares = 1 THEN c.amount
            ELSE @millionths(c.amount, s.ppm, c.rounding)
        END AS amount
    FROM charged AS c
    INNER JOIN fee_shares AS s ON c.rule_id = s.rule_id
)

SELECT
    ordinal,
    item_id,
    sign,
    base,
    fee,
    rule_id,
    place,
    issuer_pays,
    acquirer_participant,
    issuer_participant,
    settlement_currency,
    part,
    receiver,
    sign * amount AS amount
FROM shares
UNION ALL
SELECT
    ordinal,
    item_id,
    sign,
    base,
    fee,
    rule_id,
    place,
    issuer_pays,
    acquirer_participant,
    issuer_participant,
    settlement_currency,
    0,
    'residue',
    sign * (whole - CAST(sum(amount) AS BIGINT))
FROM shares
WHERE shares > 1
GROUP BY
    ordinal,
    item_id,
    sign,
    base,
    fee,
    rule_id,
    place,
    issuer_pays,
    acquirer_participant,
    issuer_participant,
    settlement_currency,
    whole
HAVING whole <> sum(amount)
