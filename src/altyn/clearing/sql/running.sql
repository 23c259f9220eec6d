-- Of those, how much is drawn with each record, in their order: by part, then by file and record.
-- What is refused as too much still counts, so that no order of arrival makes room again.
SELECT
    ordinal,
    taken,
    min(CASE WHEN final AND is_within THEN place END) OVER (PARTITION BY j.authorization) < place
        AS is_after_final
FROM (
    SELECT
        ordinal,
        s.authorization,
        final,
        place,
        taken,
        presented + taken
            <= standing + @floor_millionths(standing, tolerance_ppm) AS is_within
    FROM (
        SELECT
            v.ordinal,
            v.authorization,
            v.final,
            v.standing,
            v.presented,
            v.tolerance_ppm,
            row_number() OVER (
                PARTITION BY v.authorization ORDER BY v.part_number, v.ordinal
            ) AS place,
            sum(@wide(v.counted)) OVER (
                PARTITION BY v.authorization ORDER BY v.part_number, v.ordinal
                ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS taken
        FROM valued AS v
        INNER JOIN several AS t ON v.authorization = t.authorization
        WHERE v.finding IS NULL AND v.counted IS NOT NULL AND v.settlement_amount IS NOT NULL
    ) AS s
) AS j
