-- What was read is what was accepted and what was rejected (I9).
SELECT source || ' records in currency ' || currency
    || ': accepted and rejected do not make up what was read' AS problem
FROM totals
GROUP BY source, currency
HAVING sum(CASE WHEN what = 'read' THEN records ELSE -records END) <> 0
    OR sum(CASE WHEN what = 'read' THEN amount ELSE -amount END) <> 0
