-- For each 64 passages of a material in one language, the words that are in them, each with the passages that have it.

CREATE TABLE lms.passage_words (
    course_id bigint NOT NULL,
    material_id bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    after_ordinal integer NOT NULL,
    language text NOT NULL,
    sizes integer[] NOT NULL,
    words tsvector NOT NULL,
    CONSTRAINT pk_passage_words PRIMARY KEY (course_id, material_id, id),
    CONSTRAINT fk_passage_words_material_id_course_id FOREIGN KEY (material_id, course_id) REFERENCES lms.materials (id, course_id) ON DELETE CASCADE
);
-- The planner would use statistics of words whatever the policies say.
ALTER TABLE lms.passage_words ALTER COLUMN sizes SET STATISTICS 0, ALTER COLUMN words SET STATISTICS 0;
-- Unpacking takes longer than reading.
ALTER TABLE lms.passage_words ALTER COLUMN words SET STORAGE EXTERNAL;
COMMENT ON TABLE lms.passage_words IS 'Words of up to 64 passages of a material, as search reads them; follows material_passages';
COMMENT ON COLUMN lms.passage_words.after_ordinal IS 'The passages are the 64 after this one';
COMMENT ON COLUMN lms.passage_words.language IS 'Of these passages; empty = not detected';
COMMENT ON COLUMN lms.passage_words.sizes IS 'Bytes of each of the 64 passages; null = not in this row';
COMMENT ON COLUMN lms.passage_words.words IS 'A word that is n times in passage p of the 64 has the position 64 (n - 1) + p';

ALTER TABLE lms.passage_words ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.passage_words FORCE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON lms.passage_words FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY lecturer_reads_own ON lms.passage_words FOR SELECT TO lmskit_lecturer
    USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));
-- The trigger alone writes it.
CREATE POLICY definer_reads ON lms.passage_words FOR SELECT TO lmskit_definer USING (true);
CREATE POLICY definer_inserts ON lms.passage_words FOR INSERT TO lmskit_definer WITH CHECK (true);
CREATE POLICY definer_updates ON lms.passage_words FOR UPDATE TO lmskit_definer USING (true) WITH CHECK (true);
CREATE POLICY definer_deletes ON lms.passage_words FOR DELETE TO lmskit_definer USING (true);
GRANT SELECT ON lms.passage_words TO lmskit_admin, lmskit_lecturer;
GRANT SELECT, INSERT (course_id, material_id, after_ordinal, language, sizes, words), UPDATE (sizes, words), DELETE
    ON lms.passage_words TO lmskit_definer;

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
SET LOCAL row_security = on;
CREATE FUNCTION lms.keep_passage_words() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        -- The statements after this one see what another transaction has made of these rows; an insertion only adds rows of its own.
        PERFORM FROM lms.passage_words AS w
        WHERE (w.course_id, w.material_id, w.after_ordinal) IN (
            SELECT p.course_id, p.material_id, (p.ordinal - 1) / 64 * 64 FROM old_rows AS p
        )
        ORDER BY w.course_id, w.material_id, w.id
        FOR UPDATE;

        WITH emptied AS (
            SELECT w.course_id, w.material_id, w.id
            FROM lms.passage_words AS w
            JOIN old_rows AS p ON p.course_id = w.course_id AND p.material_id = w.material_id AND (p.ordinal - 1) / 64 * 64 = w.after_ordinal
            WHERE w.sizes[p.ordinal - w.after_ordinal] IS NOT NULL
            GROUP BY w.course_id, w.material_id, w.id
            HAVING count(*) = cardinality(array_remove(w.sizes, NULL))
        )
        DELETE FROM lms.passage_words AS w USING emptied AS e
        WHERE w.course_id = e.course_id AND w.material_id = e.material_id AND w.id = e.id;

        WITH changed AS (
            SELECT w.course_id, w.material_id, w.id, w.sizes, w.words, array_agg(p.ordinal - w.after_ordinal) AS gone
            FROM lms.passage_words AS w
            JOIN old_rows AS p ON p.course_id = w.course_id AND p.material_id = w.material_id AND (p.ordinal - 1) / 64 * 64 = w.after_ordinal
            WHERE w.sizes[p.ordinal - w.after_ordinal] IS NOT NULL
            GROUP BY w.course_id, w.material_id, w.id
        )
        UPDATE lms.passage_words AS w
        SET
            sizes = (
                SELECT array_agg(CASE WHEN s.number <> ALL (c.gone) THEN s.size END ORDER BY s.number)
                FROM unnest(c.sizes) WITH ORDINALITY AS s (size, number)
            ),
            words = coalesce((
                SELECT string_agg(e.entry, ' ')::tsvector
                FROM (
                    SELECT
                        '''' || replace(replace(l.lexeme, '\', '\\'), '''', '''''') || ''':' || string_agg(n.position::text, ',') AS entry
                    FROM unnest(c.words) AS l
                    CROSS JOIN unnest(l.positions) AS n (position)
                    WHERE (n.position - 1) % 64 + 1 <> ALL (c.gone)
                    GROUP BY l.lexeme
                ) AS e
            ), '')
        FROM changed AS c
        WHERE w.course_id = c.course_id AND w.material_id = c.material_id AND w.id = c.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        {added}
    END IF;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION lms.keep_passage_words() IS 'Lets passage_words follow what is added to, changed in and deleted from material_passages';
REVOKE EXECUTE ON FUNCTION lms.keep_passage_words() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.keep_passage_words() TO lmskit_owner;
SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

CREATE TRIGGER keep_added_words AFTER INSERT ON lms.material_passages REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION lms.keep_passage_words();
CREATE TRIGGER keep_changed_words AFTER UPDATE ON lms.material_passages REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION lms.keep_passage_words();
CREATE TRIGGER keep_deleted_words AFTER DELETE ON lms.material_passages REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION lms.keep_passage_words();
SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.keep_passage_words() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;

-- The passages that are there already. The owner is subject to row security, which is lifted meanwhile.
ALTER TABLE lms.material_passages NO FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.materials NO FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.passage_words NO FORCE ROW LEVEL SECURITY;
DO $$
DECLARE
    material record;
BEGIN
    FOR material IN SELECT m.course_id, m.id FROM lms.materials AS m ORDER BY m.course_id, m.id LOOP
        {filled}
    END LOOP;
END
$$;
ALTER TABLE lms.material_passages FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.materials FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.passage_words FORCE ROW LEVEL SECURITY;
