-- Accepted debits that refunds may name, of this cycle and of earlier ones.
SELECT
    item_id,
    acquirer_participant,
    acquirer_reference,
    pan,
    currency,
    amount,
    is_taken_back,
    refunded
FROM named_items
WHERE NOT credit
UNION ALL
SELECT
    r.item_id,
    r.acquirer_participant,
    r.acquirer_reference,
    r.pan,
    r.currency,
    r.amount,
    FALSE,
    @wide(0)
FROM named_records AS r
INNER JOIN debits AS d ON r.ordinal = d.ordinal
WHERE d.outcome IS NOT NULL
