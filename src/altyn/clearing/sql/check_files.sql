-- A number of a file is given once for each acquirer, and a number of a record fits its place.
SELECT 'acquirer ' || acquirer_participant || ' has two files numbered '
    || CAST(file_sequence AS STRING) AS problem
FROM files
GROUP BY acquirer_participant, file_sequence
HAVING count(*) > 1
UNION ALL
SELECT 'file ' || file_id || ' has a record with a number out of range' AS problem
FROM presentments
WHERE record_number < 1 OR record_number >= 1000000000
GROUP BY file_id
