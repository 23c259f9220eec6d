-- Records whose reference was presented before: in an earlier cycle, or earlier in this one,
-- whatever became of that one (C02).
SELECT r.ordinal
FROM records AS r
INNER JOIN repeated AS g
    ON r.acquirer_participant = g.acquirer_participant
    AND r.acquirer_reference = g.acquirer_reference
WHERE r.ordinal > g.first_ordinal
UNION
SELECT r.ordinal
FROM records AS r
INNER JOIN items_before AS b
    ON r.acquirer_participant = b.acquirer_participant
    AND r.acquirer_reference = b.acquirer_reference
