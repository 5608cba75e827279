-- Passages by their keys, for what a search shows of its hits; and the same speed for what deletes passages.
--
-- Row security lets no person look a passage up by its key: the condition of a policy is asked first, and then all passages of a course are
-- read. lmskit_definer may see and delete every passage now, as it may of words and files; each of its functions says whose it takes.

ALTER POLICY definer_reads ON lms.material_passages USING (true);
ALTER POLICY definer_deletes ON lms.material_passages USING (true);

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
-- To make a function, its statements are rewritten by the policies; a migration has row security off.
SET LOCAL row_security = on;

-- The key begins with the course, so that only the part of the index with one's own courses is read, whatever is asked for.
CREATE FUNCTION lms.passages_at(courses bigint[], materials bigint[], ordinals integer[]) RETURNS TABLE (
    course_id bigint, material_id bigint, ordinal integer, page integer, slide integer, cell integer, seconds double precision,
    headings text[], body text, language text, is_notes boolean, overlap integer
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off ROWS 30
BEGIN ATOMIC
    SELECT passage.*
    FROM unnest(passages_at.materials, passages_at.ordinals) AS wanted (material_id, ordinal)
    CROSS JOIN LATERAL (
        SELECT p.course_id, p.material_id, p.ordinal, p.page, p.slide, p.cell, p.seconds, p.headings, p.body, p.language, p.is_notes, p.overlap
        FROM lms.material_passages AS p
        WHERE p.material_id = wanted.material_id AND p.ordinal = wanted.ordinal AND p.course_id = ANY ((
            SELECT coalesce(array_agg(c.id), '{}')
            FROM unnest(passages_at.courses) AS c (id)
            WHERE c.id = ANY ((SELECT lms.my_course_ids())::bigint[]) OR (SELECT pg_has_role(SESSION_USER, 'lmskit_admin', 'MEMBER'))
        )::bigint[])
        OFFSET 0 -- one after the other, however few passages there are
    ) AS passage;
END;
COMMENT ON FUNCTION lms.passages_at(bigint[], bigint[], integer[]) IS
    'The passages with these numbers of materials and in them, in those of the courses that are one of my_course_ids(), or for an administrator any';

REVOKE EXECUTE ON FUNCTION lms.passages_at(bigint[], bigint[], integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.passages_at(bigint[], bigint[], integer[]) TO lmskit_admin, lmskit_lecturer;

SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
