-- Those that are records of this cycle and no reversals, whatever becomes of them.
SELECT
    r.ordinal,
    'P' || r.acquirer_participant || '-' || r.file_id || '-' || CAST(r.record_number AS STRING)
        AS item_id,
    r.acquirer_participant,
    r.acquirer_reference,
    r.pan,
    r.currency,
    r.amount,
    r.credit
FROM examined AS r
INNER JOIN named AS n
    ON r.acquirer_participant = n.acquirer_participant
    AND r.acquirer_reference = n.original_reference
WHERE NOT r.reversal
