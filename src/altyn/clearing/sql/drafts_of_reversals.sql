-- Accepted reversals of records, as items: the original turned round, at its own amounts, rate and
-- dimensions, so that nothing is left of it (F39).
SELECT
    r.ordinal,
    r.file_number,
    'P' || r.acquirer_participant || '-' || r.file_id || '-' || CAST(r.record_number AS STRING)
        AS item_id,
    'TAKEN_BACK' AS outcome,
    r.terms_id,
    r.late,
    o.credit,
    TRUE AS reversal,
    v.original_item,
    o.authorization,
    r.file_id,
    r.record_number,
    r.acquirer_reference,
    r.booked_day AS business_day,
    o.priced_on,
    o.acquirer_participant,
    o.issuer_participant,
    o.creditor AS debtor,
    o.debtor AS creditor,
    o.pan,
    o.processing_code,
    o.product,
    o.category,
    o.entry_mode,
    o.merchant,
    o.terminal,
    r.rrn,
    r.stan,
    r.transmission,
    r.authorization_code,
    o.is_earlier,
    o.leg,
    o.tier,
    o.currency,
    o.amount,
    o.settlement_currency,
    o.settlement_amount,
    o.rate_id,
    o.rate_rule,
    o.authorization_rate_id,
    o.clearing_rate_id,
    o.settlement_amount AS base_before,
    0 AS base_after
FROM reversals AS v
INNER JOIN examined AS r ON v.ordinal = r.ordinal
INNER JOIN (
    SELECT
        item_id,
        TRUE AS is_earlier,
        credit,
        e.authorization,
        priced_on,
        acquirer_participant,
        issuer_participant,
        debtor,
        creditor,
        pan,
        processing_code,
        product,
        category,
        entry_mode,
        merchant,
        terminal,
        leg,
        tier,
        currency,
        amount,
        settlement_currency,
        settlement_amount,
        rate_id,
        rate_rule,
        authorization_rate_id,
        clearing_rate_id
    FROM named_items AS e
    UNION ALL
    SELECT
        d.item_id,
        FALSE,
        d.credit,
        d.authorization,
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
        d.leg,
        d.tier,
        d.currency,
        d.amount,
        d.settlement_currency,
        d.settlement_amount,
        d.rate_id,
        d.rate_rule,
        d.authorization_rate_id,
        d.clearing_rate_id
    FROM drafts_of_records AS d
    INNER JOIN (
        SELECT DISTINCT original_ordinal AS ordinal
        FROM reversals
        WHERE reason IS NULL AND original_ordinal IS NOT NULL
    ) AS w ON d.ordinal = w.ordinal
) AS o ON v.original_item = o.item_id
WHERE v.reason IS NULL
