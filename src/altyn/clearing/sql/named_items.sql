-- Those that were accepted in earlier cycles: what was taken back of them, and refunded, since.
SELECT
    b.*,
    t.original_item IS NOT NULL AS is_taken_back,
    coalesce(f.refunded, 0) AS refunded
FROM items_before AS b
INNER JOIN named AS n
    ON b.acquirer_participant = n.acquirer_participant
    AND b.acquirer_reference = n.original_reference
LEFT JOIN (
    SELECT DISTINCT original_item FROM items_before WHERE reversal AND file_id IS NOT NULL
) AS t ON b.item_id = t.original_item
LEFT JOIN (
    SELECT r.original_item, sum(@wide(r.amount)) AS refunded
    FROM items_before AS r
    LEFT JOIN items_before AS u ON u.original_item = r.item_id AND u.reversal
    WHERE r.credit AND NOT r.reversal AND r.original_item IS NOT NULL AND u.item_id IS NULL
        AND r.file_id IS NOT NULL
    GROUP BY r.original_item
) AS f ON b.item_id = f.original_item
WHERE NOT b.reversal AND b.file_id IS NOT NULL
