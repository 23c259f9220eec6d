-- Accepted debits that refunds may name, of this cycle and of earlier ones. One that this cycle takes
-- back is not refunded as well.
SELECT
    p.item_id,
    p.acquirer_participant,
    p.acquirer_reference,
    p.pan,
    p.currency,
    p.amount,
    p.is_taken_back OR c.ordinal IS NOT NULL AS is_taken_back,
    p.refunded
FROM named_items AS p
LEFT JOIN claims AS c ON p.item_id = c.original_item AND c.reason IS NULL
WHERE NOT p.credit
UNION ALL
SELECT
    r.item_id,
    r.acquirer_participant,
    r.acquirer_reference,
    r.pan,
    r.currency,
    r.amount,
    c.ordinal IS NOT NULL,
    @wide(0)
FROM named_records AS r
INNER JOIN debits AS d ON r.ordinal = d.ordinal
LEFT JOIN claims AS c ON r.item_id = c.original_item AND c.reason IS NULL
WHERE d.outcome IS NOT NULL
