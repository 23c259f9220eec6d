-- Every authorization that a presentment of this cycle may name: as the switch left it, with what is
-- given back to it. One that a presentment used up opens again when that is taken back, unless the
-- switch completed it as well.
SELECT
    a.authorization,
    CASE
        WHEN a.state IN ('reversed', 'completed') THEN a.state
        WHEN a.state = 'cleared' AND c.completed THEN 'completed'
        WHEN a.state = 'cleared' AND NOT coalesce(g.final, FALSE) THEN 'cleared'
        WHEN c.standing = 0 OR (a.state = 'cleared' AND a.standing = 0) THEN 'reversed'
        WHEN c.completed THEN 'completed'
        WHEN a.state = 'cleared' THEN 'open'
        ELSE a.state
    END AS state,
    a.business_day,
    a.expires_on,
    a.kept_until,
    a.acquirer_participant,
    a.issuer_participant,
    a.pan,
    a.stan,
    a.transmission,
    a.rrn,
    a.terminal,
    a.merchant,
    a.category,
    a.entry_mode,
    a.product,
    a.processing_code,
    a.credit,
    a.authorization_code,
    a.currency,
    a.amount,
    coalesce(c.standing, a.standing) AS standing,
    a.presented - coalesce(g.amount, 0) AS presented,
    a.settlement_currency,
    a.settlement_amount,
    a.settlement_rate_id,
    c.standing IS NOT NULL AS reversed_now
FROM (
    SELECT
        b.authorization,
        state,
        business_day,
        expires_on,
        kept_until,
        acquirer_participant,
        issuer_participant,
        pan,
        stan,
        transmission,
        rrn,
        terminal,
        merchant,
        category,
        entry_mode,
        product,
        processing_code,
        credit,
        authorization_code,
        currency,
        amount,
        standing,
        presented,
        settlement_currency,
        settlement_amount,
        settlement_rate_id
    FROM authorizations_before AS b
    UNION ALL
    SELECT
        e.sequence,
        'open',
        e.business_day,
        @plus_days(e.business_day, t.open_days),
        @plus_days(e.business_day, t.refuse_days),
        e.acquirer_participant,
        e.issuer_participant,
        e.pan,
        e.stan,
        e.transmission,
        e.rrn,
        e.terminal,
        e.merchant,
        e.category,
        e.entry_mode,
        e.product,
        e.processing_code,
        e.credit,
        e.authorization_code,
        e.currency,
        e.amount,
        e.amount,
        0,
        e.settlement_currency,
        e.settlement_amount,
        e.settlement_rate_id
    FROM switch_entries AS e
    INNER JOIN authorization_terms AS t
        ON coalesce(e.category, '0000') = t.category AND e.business_day = t.business_day
    WHERE e.kind = 'authorization' AND NOT e.no_money AND e.outcome IN (@agreed())
) AS a
LEFT JOIN authorization_changes AS c ON a.authorization = c.authorization
LEFT JOIN given_back AS g ON a.authorization = g.authorization
