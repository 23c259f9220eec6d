-- The items of a slice of the cycle, with leg and tier, and who settles for them.
SELECT
    d.ordinal,
    d.item_id,
    t.cycle,
    d.outcome,
    d.terms_id,
    d.late,
    d.credit,
    d.reversal,
    d.original_item,
    d.authorization,
    d.drawn,
    d.final,
    d.file_id,
    d.record_number,
    d.acquirer_reference,
    d.business_day,
    d.priced_on,
    d.acquirer_participant,
    d.issuer_participant,
    d.debtor,
    d.creditor,
    d.pan,
    d.processing_code,
    d.product,
    d.category,
    d.entry_mode,
    d.merchant,
    d.terminal,
    d.rrn,
    d.stan,
    d.transmission,
    d.authorization_code,
    CASE
        WHEN d.is_earlier THEN d.leg
        WHEN a.country = i.country THEN 'domestic'
        WHEN a.partner OR i.partner THEN 'partner'
        ELSE 'cross-border'
    END AS leg,
    CASE WHEN d.is_earlier THEN d.tier ELSE m.tier END AS tier,
    d.currency,
    d.amount,
    d.settlement_currency,
    d.settlement_amount,
    d.rate_id,
    d.rate_rule,
    d.authorization_rate_id,
    d.clearing_rate_id,
    d.base_before,
    d.base_after,
    a.agent AS acquirer_agent,
    i.agent AS issuer_agent
FROM (
    SELECT * FROM drafts_of_switch WHERE @in_slice(file_number, ordinal)
    UNION ALL
    SELECT * FROM drafts_of_records WHERE @in_slice(file_number, ordinal)
    UNION ALL
    SELECT * FROM drafts_of_reversals WHERE @in_slice(file_number, ordinal)
) AS d
INNER JOIN participants AS a ON d.acquirer_participant = a.participant
INNER JOIN participants AS i ON d.issuer_participant = i.participant
LEFT JOIN merchant_tiers AS m
    ON d.acquirer_participant = m.acquirer_participant
    AND d.merchant = m.merchant
    AND d.priced_on >= m.effective_from AND d.priced_on < m.effective_until
CROSS JOIN terms AS t
