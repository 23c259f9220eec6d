-- No record and no authorization without matching terms.
SELECT
    'no matching terms for merchant category ' || d.category || ' on '
        || CAST(d.booked_day AS STRING) || ': state some in the rules' AS problem
FROM (SELECT DISTINCT category, booked_day FROM presentments) AS d
LEFT JOIN record_terms AS t ON d.category = t.category AND d.booked_day = t.booked_day
WHERE t.category IS NULL
UNION ALL
SELECT
    'no matching terms for merchant category ' || d.category || ' on '
        || CAST(d.business_day AS STRING) || ': state some in the rules'
FROM (
    SELECT DISTINCT coalesce(category, '0000') AS category, business_day
    FROM switch_entries
    WHERE kind = 'authorization' AND NOT no_money AND outcome IN (@agreed())
) AS d
LEFT JOIN authorization_terms AS t
    ON d.category = t.category AND d.business_day = t.business_day
WHERE t.category IS NULL
