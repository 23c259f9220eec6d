-- Fees of the slice with the names of who pays and who receives.
SELECT
    s.ordinal,
    s.place,
    s.item_id,
    s.fee,
    s.rule_id,
    s.base,
    CAST(s.part AS INT) AS part,
    CASE WHEN s.issuer_pays THEN s.issuer_participant ELSE s.acquirer_participant END AS payer,
    CASE s.receiver
        WHEN 'issuer' THEN s.issuer_participant
        WHEN 'acquirer' THEN s.acquirer_participant
        WHEN 'issuer-agent' THEN i.agent
        WHEN 'acquirer-agent' THEN a.agent
        ELSE 'SCHEME'
    END AS receiver,
    CASE s.receiver
        WHEN 'scheme' THEN 'fees'
        WHEN 'residue' THEN 'residue'
        ELSE 'settlement'
    END AS account,
    s.settlement_currency,
    s.amount
FROM shared AS s
INNER JOIN participants AS a ON s.acquirer_participant = a.participant
INNER JOIN participants AS i ON s.issuer_participant = i.participant
