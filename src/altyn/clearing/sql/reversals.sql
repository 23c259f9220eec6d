-- What becomes of each record that takes back an earlier one: accepted before, or in this cycle.
SELECT
    ordinal,
    original_item,
    original_ordinal,
    CASE
        WHEN original_item IS NULL THEN 'UNKNOWN_ORIGINAL'
        WHEN differs THEN 'ORIGINAL_DIFFERS'
        WHEN is_taken_back OR turn > 1 THEN 'ORIGINAL_TAKEN_BACK'
    END AS reason
FROM (
    SELECT
        r.ordinal,
        o.item_id AS original_item,
        o.ordinal AS original_ordinal,
        o.is_taken_back,
        r.pan <> o.pan OR r.currency <> o.currency OR r.amount <> o.amount AS differs,
        row_number() OVER (
            PARTITION BY
                o.item_id, r.pan <> o.pan OR r.currency <> o.currency OR r.amount <> o.amount
            ORDER BY r.ordinal
        ) AS turn
    FROM examined AS r
    LEFT JOIN (
        SELECT
            CAST(NULL AS BIGINT) AS ordinal,
            item_id,
            acquirer_participant,
            acquirer_reference,
            pan,
            currency,
            amount,
            is_taken_back
        FROM named_items
        UNION ALL
        SELECT
            n.ordinal,
            n.item_id,
            n.acquirer_participant,
            n.acquirer_reference,
            n.pan,
            n.currency,
            n.amount,
            FALSE
        FROM named_records AS n
        INNER JOIN decided AS d ON n.ordinal = d.ordinal
        WHERE d.outcome IS NOT NULL
    ) AS o
        ON r.acquirer_participant = o.acquirer_participant
        AND r.original_reference = o.acquirer_reference
    WHERE r.reversal
) AS judged
