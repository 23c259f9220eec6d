-- What those reversals take back, with the dimensions that priced it: of this cycle, or an item of
-- an earlier one. `standing` is what earlier cycles left of it.
SELECT
    e.sequence,
    e.amount,
    e.amount AS standing,
    abs(e.posted_change) AS settlement_amount,
    e.business_day AS priced_on,
    e.processing_code,
    e.product,
    e.category,
    e.entry_mode,
    e.merchant,
    e.terminal,
    FALSE AS is_earlier,
    CAST(NULL AS STRING) AS leg,
    CAST(NULL AS STRING) AS tier
FROM switch_entries AS e
INNER JOIN (SELECT DISTINCT refers_to FROM switch_reversals WHERE posted_change <> 0) AS w
    ON e.sequence = w.refers_to
WHERE e.posted_change > 0
UNION ALL
SELECT
    w.refers_to,
    b.amount,
    b.amount - coalesce(t.amount, 0),
    b.settlement_amount,
    b.priced_on,
    b.processing_code,
    b.product,
    b.category,
    b.entry_mode,
    b.merchant,
    b.terminal,
    TRUE,
    b.leg,
    b.tier
FROM items_before AS b
INNER JOIN (
    SELECT DISTINCT refers_to, 'J' || CAST(refers_to AS STRING) AS item_id
    FROM switch_reversals
    WHERE posted_change <> 0
) AS w ON b.item_id = w.item_id
LEFT JOIN (
    SELECT original_item, CAST(sum(amount) AS BIGINT) AS amount
    FROM items_before
    WHERE reversal AND file_id IS NULL
    GROUP BY original_item
) AS t ON b.item_id = t.original_item
