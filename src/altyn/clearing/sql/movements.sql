-- Sums of the slice by who pays, who receives, and the account it goes to.
SELECT
    settlement_currency,
    debtor,
    creditor,
    'settlement' AS account,
    count(*) AS items,
    sum(@wide(settlement_amount)) AS principal,
    @wide(0) AS fees
FROM cleared
GROUP BY settlement_currency, debtor, creditor
UNION ALL
SELECT settlement_currency, payer, receiver, account, 0, @wide(0), sum(@wide(amount))
FROM fee_rows
GROUP BY settlement_currency, payer, receiver, account
