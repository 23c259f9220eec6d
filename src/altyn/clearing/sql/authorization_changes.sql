-- What the switch made of authorizations in this cycle: reversed in part or whole, or completed.
SELECT
    refers_to AS authorization,
    min(CASE WHEN is_reversal THEN remaining END) AS standing,
    max(CASE WHEN is_completion THEN 1 ELSE 0 END) = 1 AS completed
FROM switch_entries
WHERE (is_reversal OR is_completion) AND outcome = 'accepted' AND NOT by_switch AND refers_to > 0
GROUP BY refers_to
