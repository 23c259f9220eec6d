-- What the switch posted, as items. A reversal carries the dimensions of what it takes back, and what
-- of that stands before and after it, so that its fees are given back to the same measure.
SELECT
    e.sequence AS ordinal,
    0 AS file_number,
    'J' || CAST(e.sequence AS STRING) AS item_id,
    'SINGLE_MESSAGE' AS outcome,
    CAST(NULL AS STRING) AS terms_id,
    FALSE AS late,
    e.credit,
    e.posted_change < 0 AS reversal,
    CASE
        WHEN e.refers_to > 0 AND (e.posted_change < 0 OR (e.credit AND NOT e.is_completion))
            THEN 'J' || CAST(e.refers_to AS STRING)
    END AS original_item,
    CASE WHEN e.is_completion AND e.refers_to > 0 THEN e.refers_to END AS authorization,
    CAST(NULL AS BIGINT) AS drawn,
    CAST(NULL AS BOOLEAN) AS final,
    CAST(NULL AS STRING) AS file_id,
    CAST(NULL AS BIGINT) AS record_number,
    CAST(NULL AS STRING) AS acquirer_reference,
    e.business_day,
    coalesce(o.priced_on, e.business_day) AS priced_on,
    e.acquirer_participant,
    e.issuer_participant,
    CASE
        WHEN e.credit = (e.posted_change < 0) THEN e.issuer_participant
        ELSE e.acquirer_participant
    END AS debtor,
    CASE
        WHEN e.credit = (e.posted_change < 0) THEN e.acquirer_participant
        ELSE e.issuer_participant
    END AS creditor,
    e.pan,
    CASE WHEN o.sequence IS NULL THEN e.processing_code ELSE o.processing_code END
        AS processing_code,
    CASE WHEN o.sequence IS NULL THEN e.product ELSE o.product END AS product,
    CASE WHEN o.sequence IS NULL THEN e.category ELSE o.category END AS category,
    CASE WHEN o.sequence IS NULL THEN e.entry_mode ELSE o.entry_mode END AS entry_mode,
    CASE WHEN o.sequence IS NULL THEN e.merchant ELSE o.merchant END AS merchant,
    CASE WHEN o.sequence IS NULL THEN e.terminal ELSE o.terminal END AS terminal,
    e.rrn,
    e.stan,
    e.transmission,
    e.authorization_code,
    coalesce(o.is_earlier, FALSE) AS is_earlier,
    o.leg,
    o.tier,
    e.currency,
    CASE
        WHEN e.posted_change > 0 THEN e.amount
        ELSE greatest(
            coalesce(r.remaining_before, o.standing, e.amount) - e.remaining, CAST(0 AS BIGINT)
        )
    END AS amount,
    e.settlement_currency,
    abs(e.posted_change) AS settlement_amount,
    e.settlement_rate_id AS rate_id,
    CASE WHEN e.settlement_rate_id IS NOT NULL THEN 'switch' END AS rate_rule,
    e.settlement_rate_id AS authorization_rate_id,
    CAST(NULL AS STRING) AS clearing_rate_id,
    -- The switch divides half-up, whatever the scheme's rounding is, and parts must not drift.
    CASE
        WHEN e.posted_change > 0 OR o.sequence IS NULL THEN 0
        ELSE CAST(@divide(@wide(o.settlement_amount) * e.remaining, o.amount, 'half-up') AS BIGINT)
            + abs(e.posted_change)
    END AS base_before,
    CASE
        WHEN e.posted_change > 0 THEN e.posted_change
        WHEN o.sequence IS NULL THEN 0
        ELSE CAST(@divide(@wide(o.settlement_amount) * e.remaining, o.amount, 'half-up') AS BIGINT)
    END AS base_after
FROM switch_entries AS e
LEFT JOIN switch_reversals AS r ON e.posted_change < 0 AND e.sequence = r.sequence
LEFT JOIN switch_originals AS o ON r.refers_to = o.sequence
WHERE e.posted_change <> 0
