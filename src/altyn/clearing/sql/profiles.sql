-- Every combination of dimensions that is there, numbered: rules are looked for once for each.
SELECT
    CAST(row_number() OVER (
        ORDER BY
            priced_on,
            settlement_currency,
            tier,
            product,
            processing,
            category,
            entry_mode,
            leg,
            converted
    ) AS BIGINT) AS profile,
    *
FROM (
    SELECT DISTINCT
        priced_on,
        settlement_currency,
        tier,
        product,
        processing,
        category,
        entry_mode,
        leg,
        converted
    FROM fee_lines
) AS combinations
