-- Sections and groups of students: those that the file names, and the change to make.
--
-- One row of file_planned_section: a student in a course and a kind that the file has a column for, with the names in the file and those
--   stored; n is the first record about them.
-- Caveats: Of a student whom the file does not name, nothing changes; nor of a kind that it has no column for.
-- Source: file_section_row and file_planned_enrollment (enrollments.sql), once enrollments are written.
--
-- Each part begins with a line "-- part: <name>" and is one statement. pipeline.py has their order.

-- part: planned_sections
CREATE TEMPORARY TABLE file_planned_section ON COMMIT DROP AS
WITH named AS (
    SELECT
        s.n, s.kind, s.name, e.position_id,
        coalesce(c.course_id, e.course) AS course_id,
        coalesce(a.person_id, e.person) AS student_id
    FROM file_section_row AS s
    JOIN file_enrollment AS e ON e.n = s.n
    LEFT JOIN file_added_person AS a ON a.identity = -e.person
    LEFT JOIN file_course AS c ON c.n = -e.course
    WHERE e.role = 'student' AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = e.position_id)
),

wanted AS (
    SELECT
        min(n) AS n, course_id, student_id, kind,
        coalesce(array_agg(DISTINCT name ORDER BY name) FILTER (WHERE name <> ''), '{}') AS names
    FROM named
    GROUP BY course_id, student_id, kind
),

stored AS (
    SELECT m.course_id, m.student_id, s.kind::text AS kind, array_agg(s.name ORDER BY s.name) AS names
    FROM section_members AS m
    JOIN sections AS s ON s.id = m.section_id AND s.course_id = m.course_id
    WHERE m.course_id IN (SELECT w.course_id FROM wanted AS w)
    GROUP BY m.course_id, m.student_id, s.kind
)

SELECT w.n, first.position_id, w.course_id, w.student_id, w.kind, w.names, coalesce(stored.names, '{}') AS old_names
FROM wanted AS w
JOIN file_enrollment AS first ON first.n = w.n
LEFT JOIN stored ON stored.course_id = w.course_id AND stored.student_id = w.student_id AND stored.kind = w.kind
WHERE w.names <> coalesce(stored.names, '{}')

-- part: add_sections
INSERT INTO sections (course_id, kind, name, source)
SELECT DISTINCT p.course_id, p.kind::section_kind, n.name, o.system
FROM file_planned_section AS p
CROSS JOIN unnest(p.names) AS n (name)
CROSS JOIN file_option AS o
ORDER BY p.course_id, p.kind::section_kind, n.name
ON CONFLICT (course_id, kind, name) DO NOTHING

-- part: remove_members
DELETE FROM section_members AS m
USING file_planned_section AS p, sections AS s
WHERE m.course_id = p.course_id AND m.student_id = p.student_id AND s.id = m.section_id AND s.course_id = m.course_id
    AND s.kind::text = p.kind AND s.name <> ALL (p.names)

-- part: add_members
INSERT INTO section_members (course_id, section_id, student_id)
SELECT p.course_id, s.id, p.student_id
FROM file_planned_section AS p
JOIN sections AS s ON s.course_id = p.course_id AND s.kind::text = p.kind AND s.name = ANY (p.names)
WHERE EXISTS (SELECT FROM student_enrollments AS e WHERE e.course_id = p.course_id AND e.student_id = p.student_id)
ORDER BY p.course_id, s.id, p.student_id
ON CONFLICT DO NOTHING
