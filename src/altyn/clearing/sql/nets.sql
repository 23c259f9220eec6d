-- Net positions.
SELECT
    m.settlement_currency,
    m.participant,
    CASE WHEN m.participant = 'SCHEME' THEN 'SCHEME' ELSE p.agent END AS agent,
    m.account,
    CAST(sum(m.items) AS BIGINT) AS items,
    CAST(sum(m.principal) AS BIGINT) AS principal,
    CAST(sum(m.fees) AS BIGINT) AS fees,
    CAST(sum(m.principal) + sum(m.fees) AS BIGINT) AS minor_units
FROM (
    SELECT settlement_currency, debtor AS participant, 'settlement' AS account,
        CASE WHEN debtor = creditor THEN 0 ELSE items END AS items,
        -principal AS principal, -fees AS fees
    FROM movements
    UNION ALL
    SELECT settlement_currency, creditor, account, items, principal, fees FROM movements
) AS m
LEFT JOIN participants AS p ON m.participant = p.participant
GROUP BY m.settlement_currency, m.participant, p.agent, m.account
