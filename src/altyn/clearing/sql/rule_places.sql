-- Every fee rule with its place among them, which orders fees, and how many share what it charges.
SELECT
    f.rule_id,
    CAST(row_number() OVER (ORDER BY f.fee, f.rule_id) AS BIGINT) AS place,
    count(s.part) AS shares
FROM fee_rules AS f
LEFT JOIN fee_shares AS s ON f.rule_id = s.rule_id
GROUP BY f.fee, f.rule_id
