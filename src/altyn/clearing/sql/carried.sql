-- Every authorization after the cycle, also those that are not remembered any longer.
SELECT
    a.*,
    CASE
        WHEN n.completed AND a.state IN ('open', 'expired') THEN 'cleared'
        WHEN a.state = 'open' AND t.business_day > a.expires_on THEN 'expired'
        ELSE a.state
    END AS state_after,
    a.presented + coalesce(CAST(n.taken AS BIGINT), 0) AS presented_after,
    t.business_day AS today
FROM pool AS a
LEFT JOIN presented_now AS n ON a.authorization = n.authorization
CROSS JOIN terms AS t
