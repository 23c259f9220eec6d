-- Everybody's share of every fee of the slice. A fee is per cent, fixed part, at least the floor, at
-- most the cap; one of a single receiver is its whole.
SELECT
    ordinal,
    place,
    item_id,
    fee,
    rule_id,
    sign,
    base,
    part,
    shares,
    payer,
    receiver,
    account,
    settlement_currency,
    whole,
    CASE WHEN shares = 1 THEN whole ELSE @millionths(whole, share_ppm, rounding) END AS share
FROM (
    SELECT
        ordinal,
        place,
        item_id,
        fee,
        rule_id,
        sign,
        base,
        part,
        shares,
        payer,
        receiver,
        account,
        settlement_currency,
        share_ppm,
        rounding,
        CASE
            WHEN amount > cap THEN cap
            WHEN amount < floor THEN least(floor, coalesce(cap, floor))
            ELSE amount
        END AS whole
    FROM (
        SELECT
            l.ordinal,
            x.place,
            l.item_id,
            x.fee,
            x.rule_id,
            l.sign,
            l.base,
            x.part,
            x.shares,
            CASE WHEN x.issuer_pays THEN l.issuer_participant ELSE l.acquirer_participant END
                AS payer,
            CASE x.receiver
                WHEN 'issuer' THEN l.issuer_participant
                WHEN 'acquirer' THEN l.acquirer_participant
                WHEN 'issuer-agent' THEN l.issuer_agent
                WHEN 'acquirer-agent' THEN l.acquirer_agent
                ELSE 'SCHEME'
            END AS receiver,
            x.account,
            l.settlement_currency,
            x.share_ppm,
            x.rounding,
            x.floor,
            x.cap,
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
) AS limited
