-- One authorization for each debit that found any: the only one, or the only open one. More is
-- ambiguous and leaves null: nothing is guessed (C07).
SELECT
    h.ordinal,
    CASE
        WHEN count(*) = 1 THEN min(h.authorization)
        WHEN sum(CASE WHEN is_open THEN 1 ELSE 0 END) = 1
            THEN min(CASE WHEN is_open THEN h.authorization END)
    END AS authorization
FROM (
    SELECT * FROM key_hits
    UNION ALL
    SELECT * FROM fallback_hits
) AS h
GROUP BY h.ordinal
