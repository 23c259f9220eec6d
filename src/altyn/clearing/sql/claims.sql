-- What each record that takes back an earlier one names: an item of an earlier cycle, or a record of
-- this one, whatever becomes of that. Of several that name the same, the first may have it.
SELECT
    ordinal,
    original_item,
    original_ordinal,
    original_authorization,
    drawn,
    final,
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
        o.original_authorization,
        o.drawn,
        o.final,
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
            e.authorization AS original_authorization,
            drawn,
            final,
            acquirer_participant,
            acquirer_reference,
            pan,
            currency,
            amount,
            is_taken_back
        FROM named_items AS e
        UNION ALL
        SELECT
            ordinal,
            item_id,
            CAST(NULL AS BIGINT),
            CAST(NULL AS BIGINT),
            CAST(NULL AS BOOLEAN),
            acquirer_participant,
            acquirer_reference,
            pan,
            currency,
            amount,
            FALSE
        FROM named_records
    ) AS o
        ON r.acquirer_participant = o.acquirer_participant
        AND r.original_reference = o.acquirer_reference
    WHERE r.reversal
) AS judged
