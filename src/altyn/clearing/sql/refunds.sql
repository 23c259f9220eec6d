-- What becomes of each refund. All refunds of a purchase together stay within it; what is refused as
-- too much still counts.
SELECT
    ordinal,
    CASE WHEN reason IS NULL THEN original_item END AS original_item,
    CASE
        WHEN reason IS NOT NULL THEN NULL
        WHEN original_reference IS NULL THEN 'UNLINKED_REFUND'
        ELSE 'REFUND'
    END AS outcome,
    reason
FROM (
    SELECT
        r.ordinal,
        r.original_reference,
        p.item_id AS original_item,
        CASE
            WHEN r.original_reference IS NULL THEN
                CASE
                    WHEN t.limits_unlinked_refunds AND r.amount > coalesce(l.limit, 0)
                        THEN 'ABOVE_REFUND_LIMIT'
                    WHEN v.settlement_amount IS NULL THEN 'NO_RATE'
                END
            WHEN p.item_id IS NULL THEN 'UNKNOWN_ORIGINAL'
            WHEN p.is_taken_back THEN 'ABOVE_PURCHASE'
            WHEN p.refunded + sum(@wide(r.amount)) OVER (
                PARTITION BY p.item_id ORDER BY r.ordinal
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) > p.amount THEN 'ABOVE_PURCHASE'
            WHEN v.settlement_amount IS NULL THEN 'NO_RATE'
        END AS reason
    FROM examined AS r
    INNER JOIN valued AS v ON r.ordinal = v.ordinal
    LEFT JOIN purchases AS p
        ON r.acquirer_participant = p.acquirer_participant
        AND r.original_reference = p.acquirer_reference
        AND r.pan = p.pan
        AND r.currency = p.currency
    LEFT JOIN unlinked_refund_limits AS l ON r.currency = l.currency
    CROSS JOIN terms AS t
    WHERE r.credit AND NOT r.reversal AND v.credit
) AS judged
