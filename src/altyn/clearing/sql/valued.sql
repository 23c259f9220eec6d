-- Every record that asks for money of its own (no reversal), with what it settles and what it counts
-- against its authorization. An amount that no rate converts is null.
WITH paired AS (
    SELECT
        r.*,
        c.ordinal IS NOT NULL AND a.authorization IS NULL AS ambiguous,
        a.authorization,
        a.state,
        a.standing,
        a.presented,
        a.currency AS authorized_currency,
        a.settlement_rate_id AS authorization_rate_id,
        @days_between(a.business_day, r.booked_day) > r.refuse_days AS is_too_late,
        r.terms_rate_rule = 'authorization'
            AND a.settlement_rate_id IS NOT NULL
            AND a.currency = r.currency
            AND a.settlement_currency = s.currency AS keeps_rate,
        s.currency AS settlement_currency,
        s.rounding
    FROM examined AS r
    INNER JOIN settlement_pairs AS s
        ON r.acquirer_participant = s.acquirer_participant
        AND r.issuer_participant = s.issuer_participant
        AND r.currency = s.paid_in
    LEFT JOIN chosen AS c ON r.ordinal = c.ordinal
    LEFT JOIN pool AS a ON c.authorization = a.authorization
    WHERE NOT r.reversal
)
SELECT
    p.ordinal,
    p.credit,
    p.final,
    p.part_number,
    p.terms_id,
    p.late,
    p.authorization,
    CASE
        WHEN p.credit THEN NULL
        WHEN p.ambiguous THEN 'AMBIGUOUS'
        WHEN p.authorization IS NULL THEN 'NO_AUTHORIZATION'
        WHEN p.state = 'reversed' THEN 'REVERSED'
        WHEN p.state IN ('completed', 'cleared') THEN 'COMPLETED'
        WHEN p.is_too_late THEN 'TOO_LATE'
    END AS finding,
    p.accepts_unauthorized,
    p.age_days > p.refuse_days AS is_old,
    p.standing,
    p.presented,
    p.currency <> p.authorized_currency AS in_other_currency,
    CASE
        WHEN p.currency = p.authorized_currency THEN p.tolerance_ppm ELSE p.currency_tolerance_ppm
    END AS tolerance_ppm,
    CASE
        WHEN p.currency = p.authorized_currency THEN p.amount
        ELSE CAST(
            @divide(@wide(p.amount) * m.numerator, m.denominator, p.rounding) AS BIGINT
        )
    END AS counted,
    p.settlement_currency,
    CASE
        WHEN p.currency = p.settlement_currency THEN p.amount
        WHEN p.keeps_rate THEN CAST(
            @divide(@wide(p.amount) * k.numerator, k.denominator, p.rounding) AS BIGINT
        )
        ELSE CAST(
            @divide(@wide(p.amount) * n.numerator, n.denominator, p.rounding) AS BIGINT
        )
    END AS settlement_amount,
    CASE
        WHEN p.currency = p.settlement_currency THEN NULL
        WHEN p.keeps_rate THEN p.authorization_rate_id
        ELSE n.rate_id
    END AS rate_id,
    CASE
        WHEN p.currency = p.settlement_currency THEN NULL
        WHEN p.keeps_rate THEN 'authorization'
        ELSE 'clearing'
    END AS rate_rule,
    p.authorization_rate_id,
    n.rate_id AS clearing_rate_id
FROM paired AS p
LEFT JOIN conversions AS n
    ON n.in_force AND n.source = p.currency AND n.target = p.settlement_currency
    AND p.currency <> p.settlement_currency
LEFT JOIN conversions AS k
    ON p.keeps_rate AND k.rate_id = p.authorization_rate_id
    AND k.source = p.currency AND k.target = p.settlement_currency
LEFT JOIN conversions AS m
    ON m.in_force AND m.source = p.currency AND m.target = p.authorized_currency
    AND p.currency <> p.authorized_currency
