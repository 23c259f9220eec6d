-- Reversals that the switch accepted, each with what stood of its original just before it: an
-- original may be reversed in parts, several times in one cycle.
SELECT
    sequence,
    refers_to,
    posted_change,
    remaining,
    lag(remaining) OVER (PARTITION BY refers_to ORDER BY sequence) AS remaining_before
FROM switch_entries
WHERE is_reversal AND outcome = 'accepted' AND NOT by_switch AND refers_to > 0
