-- For each combination and fee the one rule that holds, by amount, with everybody who shares what it
-- charges: the amounts are cut where any band of its candidates begins or ends, and in each piece the
-- most specific one is taken.
WITH cuts AS (
    SELECT profile, fee, amount_from AS cut FROM candidates
    UNION
    SELECT profile, fee, amount_until FROM candidates
),

pieces AS (
    SELECT
        profile,
        fee,
        cut AS piece_from,
        lead(cut) OVER (PARTITION BY profile, fee ORDER BY cut) AS piece_until
    FROM cuts
),

ranked AS (
    SELECT
        p.profile,
        p.piece_from,
        p.piece_until,
        c.rule_id,
        row_number() OVER (
            PARTITION BY p.profile, p.fee, p.piece_from ORDER BY c.rank DESC, c.rule_id
        ) AS turn
    FROM pieces AS p
    INNER JOIN candidates AS c
        ON p.profile = c.profile AND p.fee = c.fee
        AND c.amount_from <= p.piece_from AND c.amount_until >= p.piece_until
)

SELECT
    r.profile,
    r.piece_from,
    r.piece_until,
    f.fee,
    f.rule_id,
    n.place,
    n.shares,
    f.ppm,
    f.fixed,
    f.floor,
    f.cap,
    f.rounding,
    f.payer = 'issuer' AS issuer_pays,
    CAST(s.part AS INT) AS part,
    s.receiver,
    s.ppm AS share_ppm,
    CASE s.receiver WHEN 'scheme' THEN 'fees' ELSE 'settlement' END AS account
FROM ranked AS r
INNER JOIN fee_rules AS f ON r.rule_id = f.rule_id
INNER JOIN rule_places AS n ON r.rule_id = n.rule_id
INNER JOIN fee_shares AS s ON r.rule_id = s.rule_id
WHERE r.turn = 1
