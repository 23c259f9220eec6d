-- Authorizations that more than one record of this cycle draws on.
SELECT v.authorization
FROM valued AS v
WHERE v.authorization IS NOT NULL
GROUP BY v.authorization
HAVING count(*) > 1
