-- Every fee of the slice, before it is shared: per cent, fixed part, at least the floor, at most the
-- cap.
SELECT
    ordinal,
    item_id,
    sign,
    base,
    fee,
    rule_id,
    place,
    shares,
    rounding,
    issuer_pays,
    acquirer_participant,
    issuer_participant,
    settlement_currency,
    CASE
        WHEN amount > cap THEN cap
        WHEN amount < floor THEN least(floor, coalesce(cap, floor))
        ELSE amount
    END AS amount
FROM (
    SELECT
        l.ordinal,
        l.item_id,
        l.sign,
        l.base,
        x.fee,
        x.rule_id,
        x.place,
        x.shares,
        x.rounding,
        x.issuer_pays,
        x.floor,
        x.cap,
        l.acquirer_participant,
        l.issuer_participant,
        l.settlement_currency,
        @millionths(l.base, x.ppm, x.rounding) + x.fixed AS amount
    FROM fee_lines AS l
    INNER JOIN profiles AS p
        ON l.priced_on = p.priced_on
        AND l.settlement_currency = p.settlement_currency
        AND l.tier = p.tier
        AND l.product = p.product
        AND l.processing = p.processing
        AND l.category = p.category
        AND l.entry_mode = p.entry_mode
        AND l.leg = p.leg
        AND l.converted = p.converted
    INNER JOIN prices AS x ON p.profile = x.profile
    WHERE l.base >= x.piece_from AND l.base < x.piece_until
) AS priced
