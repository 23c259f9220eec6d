-- Everybody who takes part is known, and settles through somebody.
SELECT 'participant ' || d.participant || ' is in the traffic and not in the registry' AS problem
FROM (
    SELECT acquirer_participant AS participant FROM presentments
    UNION
    SELECT issuer_participant FROM presentments WHERE issuer_participant IS NOT NULL
    UNION
    SELECT acquirer_participant FROM switch_entries WHERE posted_change <> 0
    UNION
    SELECT issuer_participant FROM switch_entries WHERE posted_change <> 0
) AS d
LEFT JOIN participants AS p ON d.participant = p.participant
WHERE p.participant IS NULL
