-- The verdict on every record that is no reversal and was examined, with what it settles.
SELECT
    v.ordinal,
    coalesce(d.outcome, f.outcome) AS outcome,
    coalesce(d.reason, f.reason) AS reason,
    v.terms_id,
    v.late,
    v.authorization,
    CASE WHEN v.authorization IS NOT NULL THEN v.counted END AS drawn,
    CASE WHEN v.authorization IS NOT NULL THEN v.final END AS final,
    f.original_item,
    v.settlement_currency,
    v.settlement_amount,
    v.rate_id,
    v.rate_rule,
    v.authorization_rate_id,
    v.clearing_rate_id
FROM valued AS v
LEFT JOIN debits AS d ON v.ordinal = d.ordinal
LEFT JOIN refunds AS f ON v.ordinal = f.ordinal
