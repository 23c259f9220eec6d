-- What is given back to authorizations before anything draws on them: what items of earlier cycles,
-- taken back in this one, took.
SELECT
    c.original_authorization AS authorization,
    CAST(sum(c.drawn) AS BIGINT) AS amount,
    max(CASE WHEN c.final THEN 1 ELSE 0 END) = 1 AS final
FROM claims AS c
WHERE c.reason IS NULL AND c.original_authorization IS NOT NULL
GROUP BY c.original_authorization
