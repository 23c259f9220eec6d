-- The net positions of a currency sum to zero (I1).
SELECT 'the nets of currency ' || settlement_currency || ' sum to '
    || CAST(sum(@wide(minor_units)) AS STRING) || ' and not to zero' AS problem
FROM nets
GROUP BY settlement_currency
HAVING sum(@wide(minor_units)) <> 0
