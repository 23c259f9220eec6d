-- The files of the cycle, numbered in the order in which their records count: by acquirer, then by
-- the number that the file has among its acquirer's.
SELECT
    acquirer_participant,
    file_sequence,
    file_id,
    records,
    CAST(
        row_number() OVER (ORDER BY acquirer_participant, file_sequence, file_id) AS BIGINT
    ) AS file_number
FROM (
    SELECT acquirer_participant, file_sequence, file_id, count(*) AS records
    FROM presentments
    GROUP BY acquirer_participant, file_sequence, file_id
) AS counted
