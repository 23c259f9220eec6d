-- References that stand in more than one record of this cycle, and the first record of each.
SELECT acquirer_participant, acquirer_reference, min(ordinal) AS first_ordinal
FROM records
GROUP BY acquirer_participant, acquirer_reference
HAVING count(*) > 1
