-- The rules that hold for a combination, each for its band of amounts.
SELECT p.profile, f.fee, f.rule_id, f.rank, f.amount_from, f.amount_until
FROM profiles AS p
INNER JOIN fee_rules AS f
    ON p.priced_on >= f.effective_from AND p.priced_on < f.effective_until
    AND (f.currency IS NULL OR f.currency = p.settlement_currency)
    AND (f.tier IS NULL OR f.tier = p.tier)
    AND (f.product IS NULL OR f.product = p.product)
    AND (f.processing IS NULL OR f.processing = p.processing)
    AND (f.category_from IS NULL OR f.category_from <= p.category)
    AND (f.category_to IS NULL OR f.category_to >= p.category)
    AND (f.entry_mode IS NULL OR f.entry_mode = p.entry_mode)
    AND (f.leg IS NULL OR f.leg = p.leg)
    AND (f.converted IS NULL OR f.converted = p.converted)
