-- Takes back 0016_materials_up.sql. A material for the whole course goes to the course's first week, and is deleted where there is none;
-- kinds that were not there become page; a passage keeps its page or minute and one vector of 384 numbers.

ALTER TABLE lms.materials NO FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.material_passages NO FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.passage_vectors NO FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.embedding_models NO FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.syllabi NO FORCE ROW LEVEL SECURITY;

SET LOCAL ROLE lmskit_definer;
GRANT EXECUTE ON FUNCTION lms.audit_rows() TO lmskit_owner;
DROP FUNCTION lms.delete_passages(bigint, integer);
DROP FUNCTION lms.delete_reading_decision(bigint);
DROP FUNCTION lms.delete_crawl(bigint);
DROP FUNCTION lms.keep_material_file(text);
DROP FUNCTION lms.release_material_file(text);
SET LOCAL ROLE lmskit_owner;

DROP TABLE lms.crawl_pages;
DROP TYPE lms.crawl_page_state;
DROP TABLE lms.material_crawls;
DROP TYPE lms.crawl_state;
DROP TABLE lms.reading_decisions;
DROP TYPE lms.reading_decision;

DROP POLICY definer_reads ON lms.material_passages;
DROP POLICY definer_deletes ON lms.material_passages;
REVOKE ALL ON lms.material_passages FROM lmskit_definer;

ALTER TABLE lms.material_passages
    ADD COLUMN minute numeric(8, 2),
    ADD COLUMN embedding lms.vector(384),
    ADD COLUMN embedding_model text;
UPDATE lms.material_passages SET minute = least(round((seconds / 60)::numeric, 2), 999999.99) WHERE seconds IS NOT NULL;
UPDATE lms.material_passages AS p
SET embedding = chosen.embedding::lms.vector(384), embedding_model = chosen.model
FROM (
    SELECT DISTINCT ON (v.course_id, v.material_id, v.ordinal) v.course_id, v.material_id, v.ordinal, v.model, v.embedding
    FROM lms.passage_vectors AS v JOIN lms.embedding_models AS m ON m.name = v.model
    WHERE v.dimension = 384
    ORDER BY v.course_id, v.material_id, v.ordinal, m.state <> 'in use', m.state = 'filling', v.model
) AS chosen
WHERE chosen.course_id = p.course_id AND chosen.material_id = p.material_id AND chosen.ordinal = p.ordinal;
DROP TABLE lms.passage_vectors;
DROP TABLE lms.embedding_models;
DROP TYPE lms.embedding_model_state;

ALTER TABLE lms.material_passages
    DROP COLUMN slide,
    DROP COLUMN cell,
    DROP COLUMN seconds,
    DROP COLUMN headings,
    DROP COLUMN body_vector,
    DROP COLUMN language,
    DROP COLUMN prose,
    DROP COLUMN is_notes,
    DROP COLUMN overlap,
    DROP CONSTRAINT pk_material_passages;
ALTER TABLE lms.material_passages
    ADD COLUMN body_vector tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector('english'::regconfig, body)) STORED,
    ADD CONSTRAINT pk_material_passages PRIMARY KEY (material_id, ordinal),
    ADD CONSTRAINT ck_material_passages_ordinal_and_page_have_an_end CHECK (ordinal <= 1000000 AND page <= 1000000),
    ADD CONSTRAINT ck_material_passages_page_counts_from_one CHECK (page >= 1),
    ADD CONSTRAINT ck_material_passages_minute_is_a_time CHECK (minute >= 0 AND minute < 'Infinity'),
    ADD CONSTRAINT ck_material_passages_stands_on_a_page_or_at_a_minute CHECK (num_nonnulls(page, minute) <= 1),
    ADD CONSTRAINT ck_material_passages_an_embedding_names_its_model CHECK ((embedding IS NULL) = (embedding_model IS NULL)),
    ADD CONSTRAINT ck_material_passages_embedding_model_has_a_length CHECK (length(embedding_model) BETWEEN 1 AND 200);
ALTER TABLE lms.material_passages ALTER COLUMN body_vector SET STATISTICS 0;
CREATE INDEX ix_material_passages_course_id ON lms.material_passages (course_id);
COMMENT ON TABLE lms.material_passages IS 'Passages of materials, with page or minute';
COMMENT ON COLUMN lms.material_passages.minute IS 'Of a video, from 0';
COMMENT ON COLUMN lms.material_passages.embedding_model IS 'Vectors of different models are never compared';
CREATE POLICY lecturer_updates_own ON lms.material_passages FOR UPDATE TO lmskit_lecturer
    USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[])) WITH CHECK (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));
ALTER POLICY lecturer_inserts_own ON lms.material_passages
    WITH CHECK (course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
        AND EXISTS (SELECT FROM lms.materials AS m WHERE m.id = material_id AND m.course_id = material_passages.course_id));
GRANT INSERT (minute, embedding, embedding_model), UPDATE (page, minute, body, embedding, embedding_model)
    ON lms.material_passages TO lmskit_lecturer;

UPDATE lms.materials AS m
SET week_number = (SELECT min(s.week_number) FROM lms.syllabi AS s WHERE s.course_id = m.course_id)
WHERE m.week_number IS NULL;
DELETE FROM lms.materials WHERE week_number IS NULL;

DROP TRIGGER audit_insert ON lms.materials;
ALTER TABLE lms.materials
    DROP CONSTRAINT fk_materials_course_id,
    DROP CONSTRAINT fk_materials_stored_as,
    DROP CONSTRAINT uq_materials_course_id_url,
    DROP CONSTRAINT uq_materials_course_id_file_name,
    DROP CONSTRAINT ck_materials_url_is_a_web_address;
ALTER TABLE lms.materials
    ALTER COLUMN week_number SET NOT NULL,
    ADD CONSTRAINT ck_materials_url_is_a_web_address CHECK (url ~ '^https?://'),
    DROP COLUMN language,
    DROP COLUMN licence,
    DROP COLUMN file_name,
    DROP COLUMN stored_as,
    DROP COLUMN media_type,
    DROP COLUMN size,
    DROP COLUMN length,
    DROP COLUMN state,
    DROP COLUMN etag,
    DROP COLUMN last_modified,
    DROP COLUMN fetched_at,
    DROP COLUMN findings,
    DROP COLUMN origin,
    DROP COLUMN updated_at;
DROP TYPE lms.material_state;
ALTER TYPE lms.material_kind RENAME TO material_kind_before;
CREATE TYPE lms.material_kind AS ENUM ('pdf', 'page', 'video');
ALTER TABLE lms.materials ALTER COLUMN kind TYPE lms.material_kind
    USING (CASE WHEN kind::text IN ('pdf', 'video') THEN kind::text ELSE 'page' END)::lms.material_kind;
DROP TYPE lms.material_kind_before;
DROP TABLE lms.material_files;
COMMENT ON TABLE lms.materials IS 'Documents, pages and videos of a course week';
COMMENT ON COLUMN lms.materials.week_number IS 'Teaching week, 1-60';
REVOKE UPDATE (week_number, kind) ON lms.materials FROM lmskit_lecturer;
CREATE TRIGGER audit_insert AFTER INSERT ON lms.materials REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION lms.audit_rows(
    'r.id', 'r.course_id', '(SELECT c.origin FROM lms.courses AS c WHERE c.id = r.course_id)',
    '(SELECT c.origin FROM lms.courses AS c WHERE c.id = r.course_id) <> ''form'''
);
SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.audit_rows() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;

ALTER TABLE lms.materials FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.material_passages FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.syllabi FORCE ROW LEVEL SECURITY;
