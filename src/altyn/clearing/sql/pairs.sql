-- Gross amounts of every pair.
SELECT
    settlement_currency,
    debtor,
    creditor,
    CAST(sum(items) AS BIGINT) AS items,
    CAST(sum(principal) AS BIGINT) AS principal,
    CAST(sum(fees) AS BIGINT) AS fees
FROM movements
GROUP BY settlement_currency, debtor, creditor
