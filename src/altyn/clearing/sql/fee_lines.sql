-- What is priced: an item's amount, and for a reversal what stood before it (given back) and what
-- stands after it (charged again). An absent dimension is a blank, which no rule names.
SELECT
    ordinal,
    item_id,
    sign,
    base,
    priced_on,
    acquirer_participant,
    issuer_participant,
    acquirer_agent,
    issuer_agent,
    settlement_currency,
    coalesce(tier, '') AS tier,
    product,
    substring(processing_code, 1, 2) AS processing,
    coalesce(category, '0000') AS category,
    coalesce(substring(entry_mode, 1, 2), '') AS entry_mode,
    leg,
    currency <> settlement_currency AS converted
FROM (
    SELECT 1 AS sign, base_after AS base, c.* FROM cleared AS c
    UNION ALL
    SELECT -1, base_before, c.* FROM cleared AS c WHERE base_before > 0
) AS l
WHERE base > 0
