-- Earlier presentments that refunds and reversals of this cycle name.
SELECT DISTINCT acquirer_participant, original_reference
FROM examined
WHERE original_reference IS NOT NULL AND (credit OR reversal)
