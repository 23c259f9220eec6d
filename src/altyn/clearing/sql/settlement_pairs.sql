-- In which currency an acquirer and an issuer settle what is paid in a currency: their own when they
-- are of one country and it is the acquirer's, else the scheme's.
SELECT
    d.acquirer_participant,
    d.issuer_participant,
    d.currency AS paid_in,
    CASE
        WHEN i.country = a.country AND d.currency = a.currency THEN d.currency
        ELSE t.cross_border_currency
    END AS currency,
    t.rounding
FROM (
    SELECT DISTINCT acquirer_participant, issuer_participant, currency
    FROM presentments
    WHERE issuer_participant IS NOT NULL
) AS d
INNER JOIN participants AS a ON d.acquirer_participant = a.participant
INNER JOIN participants AS i ON d.issuer_participant = i.participant
CROSS JOIN terms AS t
