-- What was decided about passages as reading advice, with the passages as they are now.
--
-- One row for each decision about a week of the course, or about all weeks.
-- Order: week; pinned passages before banned ones; those with a position first, by it; then as they were decided. It is total.
-- Columns: ordinals are those of all passages of the material with the text that the decision names; null if no passage has it any more.
--   The location and the text are those of the first of them.
SELECT
    d.id AS decision_id,
    d.week_number,
    d.material_id,
    d.passage_checksum,
    d.decision::text AS decision,
    d.position,
    d.decided_at,
    m.title,
    m.kind::text AS kind,
    m.week_number AS material_week,
    m.url,
    m.file_name,
    now_there.ordinals,
    p.page,
    p.slide,
    p.cell,
    p.seconds,
    p.headings,
    p.body,
    p.language,
    p.is_notes,
    p.overlap
FROM reading_decisions AS d
JOIN materials AS m ON m.id = d.material_id AND m.course_id = d.course_id
CROSS JOIN LATERAL (
    SELECT array_agg(q.ordinal ORDER BY q.ordinal) AS ordinals
    FROM material_passages AS q
    WHERE
        q.course_id = d.course_id
        AND q.material_id = d.material_id
        AND encode(sha256(convert_to(q.body, 'UTF8')), 'hex') = d.passage_checksum
) AS now_there
LEFT JOIN material_passages AS p
    ON p.course_id = d.course_id AND p.material_id = d.material_id AND p.ordinal = now_there.ordinals[1]
WHERE d.course_id = :course AND (CAST(:week AS integer) IS NULL OR d.week_number = CAST(:week AS integer))
ORDER BY d.week_number ASC, d.decision ASC, d.position ASC NULLS LAST, d.decided_at ASC, d.id ASC
