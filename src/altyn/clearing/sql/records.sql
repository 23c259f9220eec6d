-- Presentments with their place in the order of the cycle. It does not depend on the order of rows:
-- file and record make one number, above every sequence of the journal. The file's id adds nothing to
-- its acquirer and number, but by it a reader of columns passes over the files of other slices.
SELECT
    1000000000000000 + f.file_number * 1000000000 + p.record_number AS ordinal,
    f.file_number,
    p.*
FROM presentments AS p
INNER JOIN files AS f
    ON p.acquirer_participant = f.acquirer_participant AND p.file_sequence = f.file_sequence
    AND p.file_id = f.file_id
