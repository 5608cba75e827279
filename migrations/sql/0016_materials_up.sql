-- Materials with their files, their language and their state; passages with every kind of location; vectors by model; what lecturers
-- decide about reading advice; crawls.
--
-- Rows that were there before: a minute becomes a second; an embedding moves to passage_vectors, and its model is retired, since nothing
-- can compute with it; the language of a passage is unknown until its material is read again; the same address a second time in a course
-- gets a fragment that opens the same page.

-- The owner is subject to row security, also where a new key is checked; it is lifted until the end of this file.
ALTER TABLE lms.courses NO FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.materials NO FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.material_passages NO FORCE ROW LEVEL SECURITY;

-- 1. Files and materials ---------------------------------------------------------------------------

CREATE TABLE lms.material_files (
    stored_as text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_material_files PRIMARY KEY (stored_as),
    CONSTRAINT ck_material_files_stored_as_is_sha256 CHECK (stored_as ~ '^[0-9a-f]{64}$')
);
COMMENT ON TABLE lms.material_files IS 'Files in the store, each once';
COMMENT ON COLUMN lms.material_files.stored_as IS 'From its content, but not the checksum that materials show';

ALTER TYPE lms.material_kind RENAME TO material_kind_before;
CREATE TYPE lms.material_kind AS ENUM ('pdf', 'page', 'video', 'presentation', 'document', 'notebook', 'markdown', 'text');
CREATE TYPE lms.material_state AS ENUM ('current', 'gone');
ALTER TABLE lms.materials
    ALTER COLUMN kind TYPE lms.material_kind USING kind::text::lms.material_kind,
    ALTER COLUMN week_number DROP NOT NULL,
    ADD COLUMN language text,
    ADD COLUMN licence text,
    ADD COLUMN file_name text,
    ADD COLUMN stored_as text,
    ADD COLUMN media_type text,
    ADD COLUMN size bigint,
    ADD COLUMN length integer,
    ADD COLUMN state lms.material_state NOT NULL DEFAULT 'current',
    ADD COLUMN etag text,
    ADD COLUMN last_modified text,
    ADD COLUMN fetched_at timestamptz,
    ADD COLUMN findings text[] NOT NULL DEFAULT '{}'::text[],
    ADD COLUMN origin lms.row_origin NOT NULL DEFAULT 'form',
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();
DROP TYPE lms.material_kind_before;

ALTER TABLE lms.materials DISABLE TRIGGER audit_update; -- of what only follows from other columns
UPDATE lms.materials SET updated_at = created_at;
ALTER TABLE lms.materials ENABLE TRIGGER audit_update;
-- Other characters than ASCII are encoded in an address.
UPDATE lms.materials AS m
SET url = (
    SELECT string_agg(
        CASE
            WHEN part.sign ~ '[!-~]' THEN part.sign
            ELSE regexp_replace(upper(encode(convert_to(part.sign, 'UTF8'), 'hex')), '(..)', '%\1', 'g')
        END,
        '' ORDER BY part.number
    )
    FROM regexp_split_to_table(m.url, '') WITH ORDINALITY AS part (sign, number)
)
WHERE m.url !~ '^[!-~]+$';
UPDATE lms.materials AS m
SET url = m.url || CASE WHEN strpos(m.url, '#') > 0 THEN '-' ELSE '#' END || m.id
FROM (SELECT id, row_number() OVER (PARTITION BY course_id, url ORDER BY id) AS number FROM lms.materials WHERE url IS NOT NULL) AS same
WHERE same.id = m.id AND same.number > 1;

ALTER TABLE lms.materials
    DROP CONSTRAINT ck_materials_url_is_a_web_address;
ALTER TABLE lms.materials
    ADD CONSTRAINT fk_materials_course_id FOREIGN KEY (course_id) REFERENCES lms.courses (id) ON DELETE CASCADE,
    ADD CONSTRAINT fk_materials_stored_as FOREIGN KEY (stored_as) REFERENCES lms.material_files (stored_as),
    ADD CONSTRAINT uq_materials_course_id_url UNIQUE (course_id, url),
    ADD CONSTRAINT uq_materials_course_id_file_name UNIQUE (course_id, file_name),
    ADD CONSTRAINT ck_materials_language_is_a_code CHECK (language ~ '^[a-z]{2,3}$'),
    ADD CONSTRAINT ck_materials_licence_has_a_length CHECK (length(licence) BETWEEN 1 AND 300),
    ADD CONSTRAINT ck_materials_licence_is_one_line CHECK (licence !~ '[[:cntrl:]]'),
    ADD CONSTRAINT ck_materials_url_is_a_web_address CHECK (url ~ '^https?://[!-~]+$'),
    ADD CONSTRAINT ck_materials_file_name_has_a_length CHECK (length(file_name) BETWEEN 1 AND 500),
    ADD CONSTRAINT ck_materials_file_name_is_one_line CHECK (file_name !~ '[[:cntrl:]]'),
    ADD CONSTRAINT ck_materials_file_name_leads_down_a_folder CHECK (file_name !~ '(^|/)\.{0,2}(/|$)'),
    ADD CONSTRAINT ck_materials_what_is_known_of_a_file_has_a_checksum
        CHECK (checksum IS NOT NULL OR num_nonnulls(stored_as, media_type, size) = 0),
    ADD CONSTRAINT ck_materials_media_type_has_a_length CHECK (length(media_type) BETWEEN 1 AND 200),
    ADD CONSTRAINT ck_materials_size_is_a_count CHECK (size >= 0),
    ADD CONSTRAINT ck_materials_extent_is_a_count CHECK (length BETWEEN 0 AND 1000000),
    ADD CONSTRAINT ck_materials_only_what_has_an_address_is_gone CHECK (state <> 'gone' OR url IS NOT NULL),
    ADD CONSTRAINT ck_materials_what_was_fetched_has_an_address
        CHECK (url IS NOT NULL OR num_nonnulls(etag, last_modified, fetched_at) = 0),
    ADD CONSTRAINT ck_materials_validators_have_a_length CHECK (length(etag) <= 1000 AND length(last_modified) <= 1000),
    ADD CONSTRAINT ck_materials_findings_are_few CHECK (
        cardinality(findings) <= 1000 AND array_position(findings, NULL) IS NULL AND pg_column_size('{}'::text[] || findings) <= 100000
    );
CREATE INDEX ix_materials_stored_as ON lms.materials USING hash (stored_as);
COMMENT ON TABLE lms.materials IS 'Documents, pages and videos of a course';
COMMENT ON COLUMN lms.materials.week_number IS 'Teaching week, 1-60; null = for the whole course';
COMMENT ON COLUMN lms.materials.language IS 'Of most of its text, ISO 639; null = not detected';
COMMENT ON COLUMN lms.materials.file_name IS 'Relative path as it was given, with slashes';
COMMENT ON COLUMN lms.materials.checksum IS 'SHA-256 of the content, hexadecimal';
COMMENT ON COLUMN lms.materials.stored_as IS 'Name in the store; null = no file was kept';
COMMENT ON COLUMN lms.materials.size IS 'Bytes';
COMMENT ON COLUMN lms.materials.length IS 'Pages, slides, cells or seconds, as the kind has it';
COMMENT ON COLUMN lms.materials.state IS 'gone = its address answered 404 or 410';
COMMENT ON COLUMN lms.materials.etag IS 'As the web server sent it';
COMMENT ON COLUMN lms.materials.last_modified IS 'As the web server sent it';
COMMENT ON COLUMN lms.materials.fetched_at IS 'When the address was last asked';
COMMENT ON COLUMN lms.materials.findings IS 'What was not read or is doubtful';

-- 2. Passages --------------------------------------------------------------------------------------

ALTER TABLE lms.material_passages
    ADD COLUMN slide integer,
    ADD COLUMN cell integer,
    ADD COLUMN seconds double precision,
    ADD COLUMN headings text[] NOT NULL DEFAULT '{}'::text[],
    ADD COLUMN language text,
    ADD COLUMN prose text,
    ADD COLUMN is_notes boolean NOT NULL DEFAULT false,
    ADD COLUMN overlap integer NOT NULL DEFAULT 0;
UPDATE lms.material_passages SET seconds = minute * 60 WHERE minute IS NOT NULL;
-- The key begins with the course, as search reads it.
DROP INDEX lms.ix_material_passages_course_id;
ALTER TABLE lms.material_passages
    DROP CONSTRAINT pk_material_passages,
    ADD CONSTRAINT pk_material_passages PRIMARY KEY (course_id, material_id, ordinal);

-- 3. Vectors ---------------------------------------------------------------------------------------

CREATE TYPE lms.embedding_model_state AS ENUM ('filling', 'in use', 'retired');
CREATE TABLE lms.embedding_models (
    name text NOT NULL,
    dimension integer NOT NULL,
    checksum text,
    state lms.embedding_model_state NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_embedding_models PRIMARY KEY (name),
    CONSTRAINT uq_embedding_models_name_dimension UNIQUE (name, dimension),
    CONSTRAINT ck_embedding_models_name_has_a_length CHECK (length(name) BETWEEN 1 AND 200),
    CONSTRAINT ck_embedding_models_name_is_one_line CHECK (name !~ '[[:cntrl:]]'),
    CONSTRAINT ck_embedding_models_dimension_is_one_of_a_vector CHECK (dimension BETWEEN 1 AND 16000),
    CONSTRAINT ck_embedding_models_checksum_is_sha256 CHECK (checksum ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_embedding_models_a_model_that_is_asked_has_a_checksum CHECK (state = 'retired' OR checksum IS NOT NULL)
);
COMMENT ON TABLE lms.embedding_models IS 'Models that make vectors of passages';
COMMENT ON COLUMN lms.embedding_models.dimension IS 'Numbers in each of its vectors';
COMMENT ON COLUMN lms.embedding_models.checksum IS 'SHA-256 of what it computes with; null = unknown, from before this was kept';
COMMENT ON COLUMN lms.embedding_models.state IS 'filling = not every passage has its vector yet';

CREATE TABLE lms.passage_vectors (
    course_id bigint NOT NULL,
    material_id bigint NOT NULL,
    ordinal integer NOT NULL,
    model text NOT NULL,
    dimension integer NOT NULL,
    embedding lms.halfvec NOT NULL,
    CONSTRAINT pk_passage_vectors PRIMARY KEY (course_id, material_id, ordinal, model),
    CONSTRAINT fk_passage_vectors_course_id_material_id_ordinal FOREIGN KEY (course_id, material_id, ordinal) REFERENCES lms.material_passages (course_id, material_id, ordinal) ON DELETE CASCADE,
    CONSTRAINT fk_passage_vectors_model_dimension FOREIGN KEY (model, dimension) REFERENCES lms.embedding_models (name, dimension),
    CONSTRAINT ck_passage_vectors_embedding_has_the_dimension_of_its_model CHECK (lms.vector_dims(embedding) = dimension)
);
COMMENT ON TABLE lms.passage_vectors IS 'Vectors of passages, by model';

INSERT INTO lms.embedding_models (name, dimension, state)
SELECT DISTINCT regexp_replace(p.embedding_model, '[[:cntrl:]]', ' ', 'g'), 384, 'retired'::lms.embedding_model_state
FROM lms.material_passages AS p WHERE p.embedding_model IS NOT NULL;
INSERT INTO lms.passage_vectors (course_id, material_id, ordinal, model, dimension, embedding)
SELECT p.course_id, p.material_id, p.ordinal, regexp_replace(p.embedding_model, '[[:cntrl:]]', ' ', 'g'), 384, p.embedding::lms.halfvec
FROM lms.material_passages AS p WHERE p.embedding IS NOT NULL;

ALTER TABLE lms.material_passages
    DROP COLUMN minute,
    DROP COLUMN embedding,
    DROP COLUMN embedding_model,
    DROP COLUMN body_vector,
    DROP CONSTRAINT ck_material_passages_page_counts_from_one,
    DROP CONSTRAINT ck_material_passages_ordinal_and_page_have_an_end;
ALTER TABLE lms.material_passages
    -- A word is found in other forms of it by the language of the passage.
    ADD COLUMN body_vector tsvector NOT NULL GENERATED ALWAYS AS (to_tsvector(
        CASE language
            WHEN 'ar' THEN 'pg_catalog.arabic'::regconfig
            WHEN 'ca' THEN 'pg_catalog.catalan'::regconfig
            WHEN 'da' THEN 'pg_catalog.danish'::regconfig
            WHEN 'de' THEN 'pg_catalog.german'::regconfig
            WHEN 'el' THEN 'pg_catalog.greek'::regconfig
            WHEN 'en' THEN 'pg_catalog.english'::regconfig
            WHEN 'es' THEN 'pg_catalog.spanish'::regconfig
            WHEN 'eu' THEN 'pg_catalog.basque'::regconfig
            WHEN 'fi' THEN 'pg_catalog.finnish'::regconfig
            WHEN 'fr' THEN 'pg_catalog.french'::regconfig
            WHEN 'ga' THEN 'pg_catalog.irish'::regconfig
            WHEN 'hi' THEN 'pg_catalog.hindi'::regconfig
            WHEN 'hu' THEN 'pg_catalog.hungarian'::regconfig
            WHEN 'hy' THEN 'pg_catalog.armenian'::regconfig
            WHEN 'id' THEN 'pg_catalog.indonesian'::regconfig
            WHEN 'it' THEN 'pg_catalog.italian'::regconfig
            WHEN 'lt' THEN 'pg_catalog.lithuanian'::regconfig
            WHEN 'ne' THEN 'pg_catalog.nepali'::regconfig
            WHEN 'nl' THEN 'pg_catalog.dutch'::regconfig
            WHEN 'no' THEN 'pg_catalog.norwegian'::regconfig
            WHEN 'pt' THEN 'pg_catalog.portuguese'::regconfig
            WHEN 'ro' THEN 'pg_catalog.romanian'::regconfig
            WHEN 'ru' THEN 'pg_catalog.russian'::regconfig
            WHEN 'sr' THEN 'pg_catalog.serbian'::regconfig
            WHEN 'sv' THEN 'pg_catalog.swedish'::regconfig
            WHEN 'ta' THEN 'pg_catalog.tamil'::regconfig
            WHEN 'tr' THEN 'pg_catalog.turkish'::regconfig
            WHEN 'yi' THEN 'pg_catalog.yiddish'::regconfig
            ELSE 'pg_catalog.simple'::regconfig
        END,
        body
    )) STORED,
    ADD CONSTRAINT ck_material_passages_location_and_ordinal_have_an_end
        CHECK (ordinal <= 1000000 AND page <= 1000000 AND slide <= 1000000 AND cell <= 1000000),
    ADD CONSTRAINT ck_material_passages_location_has_one_number CHECK (num_nonnulls(page, slide, cell, seconds) <= 1),
    ADD CONSTRAINT ck_material_passages_page_slide_and_cell_count_from_one CHECK (page >= 1 AND slide >= 1 AND cell >= 1),
    ADD CONSTRAINT ck_material_passages_seconds_is_a_time CHECK (seconds >= 0 AND seconds < 'Infinity'),
    ADD CONSTRAINT ck_material_passages_headings_are_few CHECK (
        cardinality(headings) <= 9 AND array_position(headings, NULL) IS NULL AND pg_column_size('{}'::text[] || headings) <= 20000
    ),
    ADD CONSTRAINT ck_material_passages_language_is_a_code CHECK (language ~ '^[a-z]{2,3}$'),
    ADD CONSTRAINT ck_material_passages_prose_has_a_length CHECK (length(prose) <= 20000),
    ADD CONSTRAINT ck_material_passages_overlap_is_within_the_body CHECK (overlap >= 0 AND overlap <= length(body));
-- The planner would use statistics of words whatever the policies say.
ALTER TABLE lms.material_passages ALTER COLUMN body_vector SET STATISTICS 0;
COMMENT ON TABLE lms.material_passages IS 'Passages of materials, with page, slide, cell or second';
COMMENT ON COLUMN lms.material_passages.page IS 'Of a PDF, from 1';
COMMENT ON COLUMN lms.material_passages.slide IS 'Of a presentation, from 1';
COMMENT ON COLUMN lms.material_passages.cell IS 'Of a notebook, from 1';
COMMENT ON COLUMN lms.material_passages.seconds IS 'Of a video, from its start';
COMMENT ON COLUMN lms.material_passages.headings IS 'From the outermost to the nearest';
COMMENT ON COLUMN lms.material_passages.language IS 'ISO 639; null = not detected';
COMMENT ON COLUMN lms.material_passages.prose IS 'The body without code; null = there is no code in it';
COMMENT ON COLUMN lms.material_passages.is_notes IS 'What a speaker says and the audience does not see';
COMMENT ON COLUMN lms.material_passages.overlap IS 'Characters at its start that end the passage before it';
COMMENT ON COLUMN lms.material_passages.body_vector IS 'Words of the body, by its language';

-- 4. Decisions and crawls --------------------------------------------------------------------------

CREATE TYPE lms.reading_decision AS ENUM ('pinned', 'banned');
CREATE TABLE lms.reading_decisions (
    id bigint GENERATED ALWAYS AS IDENTITY,
    course_id bigint NOT NULL,
    week_number integer NOT NULL,
    material_id bigint NOT NULL,
    passage_checksum text NOT NULL,
    decision lms.reading_decision NOT NULL,
    position integer,
    decided_by text DEFAULT SESSION_USER NOT NULL,
    decided_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_reading_decisions PRIMARY KEY (id),
    CONSTRAINT fk_reading_decisions_course_id_week_number FOREIGN KEY (course_id, week_number) REFERENCES lms.syllabi (course_id, week_number) ON DELETE CASCADE,
    CONSTRAINT fk_reading_decisions_material_id_course_id FOREIGN KEY (material_id, course_id) REFERENCES lms.materials (id, course_id) ON DELETE CASCADE,
    CONSTRAINT uq_reading_decisions_course_id_passage UNIQUE (course_id, week_number, material_id, passage_checksum),
    CONSTRAINT ck_reading_decisions_passage_checksum_is_sha256 CHECK (passage_checksum ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_reading_decisions_only_a_pinned_one_has_a_position CHECK (position IS NULL OR decision = 'pinned'),
    CONSTRAINT ck_reading_decisions_position_counts_from_one CHECK (position BETWEEN 1 AND 1000000)
);
COMMENT ON TABLE lms.reading_decisions IS 'Passages that a person pinned to a week''s advice, or banned from it';
COMMENT ON COLUMN lms.reading_decisions.week_number IS 'Teaching week, 1-60';
COMMENT ON COLUMN lms.reading_decisions.passage_checksum IS 'SHA-256 of the passage''s body, hexadecimal';
COMMENT ON COLUMN lms.reading_decisions.position IS 'Among the pinned ones, from 1; null = after those with one';
COMMENT ON COLUMN lms.reading_decisions.decided_by IS 'The login';

CREATE TYPE lms.crawl_state AS ENUM ('running', 'done', 'stopped');
CREATE TABLE lms.material_crawls (
    id bigint GENERATED ALWAYS AS IDENTITY,
    course_id bigint NOT NULL,
    start_url text NOT NULL,
    options jsonb DEFAULT '{}'::jsonb NOT NULL,
    state lms.crawl_state DEFAULT 'running' NOT NULL,
    started_by text DEFAULT SESSION_USER NOT NULL,
    started_at timestamptz DEFAULT now() NOT NULL,
    ended_at timestamptz,
    CONSTRAINT pk_material_crawls PRIMARY KEY (id),
    CONSTRAINT uq_material_crawls_id_course_id UNIQUE (id, course_id),
    CONSTRAINT ck_material_crawls_start_url_is_a_web_address CHECK (start_url ~ '^https?://[!-~]+$'),
    CONSTRAINT ck_material_crawls_start_url_has_a_length CHECK (length(start_url) <= 2000),
    CONSTRAINT ck_material_crawls_options_is_an_object CHECK (jsonb_typeof(options) = 'object'),
    CONSTRAINT ck_material_crawls_options_is_shallow CHECK (NOT jsonb_path_exists(options, '$.**{3 to last}') AND pg_column_size('{}'::jsonb || options) <= 10000),
    CONSTRAINT ck_material_crawls_an_ended_one_has_an_end CHECK ((state = 'running') = (ended_at IS NULL)),
    CONSTRAINT fk_material_crawls_course_id FOREIGN KEY (course_id) REFERENCES lms.courses (id) ON DELETE CASCADE
);
CREATE INDEX ix_material_crawls_course_id ON lms.material_crawls (course_id);
COMMENT ON TABLE lms.material_crawls IS 'Crawls of web sites for materials';
COMMENT ON COLUMN lms.material_crawls.options IS 'Limits, week and the like, as lmskit.schemas.material has them';
COMMENT ON COLUMN lms.material_crawls.started_by IS 'The login';

CREATE TYPE lms.crawl_page_state AS ENUM ('waiting', 'done', 'gone', 'refused');
CREATE TABLE lms.crawl_pages (
    course_id bigint NOT NULL,
    crawl_id bigint NOT NULL,
    url text NOT NULL,
    depth integer NOT NULL,
    state lms.crawl_page_state DEFAULT 'waiting' NOT NULL,
    finding text,
    material_id bigint,
    CONSTRAINT pk_crawl_pages PRIMARY KEY (course_id, crawl_id, url),
    CONSTRAINT fk_crawl_pages_crawl_id_course_id FOREIGN KEY (crawl_id, course_id) REFERENCES lms.material_crawls (id, course_id) ON DELETE CASCADE,
    CONSTRAINT fk_crawl_pages_material_id_course_id FOREIGN KEY (material_id, course_id) REFERENCES lms.materials (id, course_id) ON DELETE SET NULL (material_id),
    CONSTRAINT ck_crawl_pages_url_is_a_web_address CHECK (url ~ '^https?://[!-~]+$'),
    CONSTRAINT ck_crawl_pages_url_has_a_length CHECK (length(url) <= 2000),
    CONSTRAINT ck_crawl_pages_depth_is_a_count CHECK (depth BETWEEN 0 AND 100),
    CONSTRAINT ck_crawl_pages_finding_has_a_length CHECK (length(finding) <= 20000),
    CONSTRAINT ck_crawl_pages_a_refused_one_has_a_finding CHECK (state <> 'refused' OR finding IS NOT NULL)
);
CREATE INDEX ix_crawl_pages_course_id_material_id ON lms.crawl_pages (course_id, material_id);
COMMENT ON TABLE lms.crawl_pages IS 'Addresses found by crawls';
COMMENT ON COLUMN lms.crawl_pages.depth IS 'Links from the start';
COMMENT ON COLUMN lms.crawl_pages.finding IS 'Why it is not a material, or what is doubtful';
COMMENT ON COLUMN lms.crawl_pages.material_id IS 'What it became; several addresses can lead to one material';

-- 5. Functions -------------------------------------------------------------------------------------
--
-- Lecturers have DELETE on no table, since with it come locks of the whole table. What they may delete, functions delete.

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
GRANT SELECT, DELETE ON lms.material_passages, lms.reading_decisions, lms.material_crawls TO lmskit_definer;
GRANT SELECT, INSERT (stored_as), UPDATE (stored_as), DELETE ON lms.material_files TO lmskit_definer; -- UPDATE, to lock a row
SET LOCAL ROLE lmskit_definer;
-- To make a function, its statements are rewritten by the policies; a migration has row security off.
SET LOCAL row_security = on;

CREATE FUNCTION lms.delete_passages(material bigint, after integer DEFAULT 0) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM lms.material_passages AS p
        WHERE p.material_id = delete_passages.material AND p.ordinal > delete_passages.after
          AND p.course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
        RETURNING p.ordinal
    )
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION lms.delete_passages(bigint, integer) IS
    'Deletes the passages after a number, with their vectors, of a material of one of my courses; returns how many those were';

CREATE FUNCTION lms.delete_reading_decision(decision bigint) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM lms.reading_decisions AS d
        WHERE d.id = delete_reading_decision.decision AND d.course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
        RETURNING d.id
    )
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION lms.delete_reading_decision(bigint) IS
    'Takes back a decision about reading advice in one of my courses; returns how many those were: 0 or 1';

CREATE FUNCTION lms.delete_crawl(crawl bigint) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM lms.material_crawls AS c
        WHERE c.id = delete_crawl.crawl AND c.course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
        RETURNING c.id
    )
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION lms.delete_crawl(bigint) IS
    'Deletes a crawl of one of my courses with its pages, and leaves its materials; returns how many those were: 0 or 1';

-- The row of a file is locked from here to the end of the transaction, so that nobody can release it in between.
CREATE FUNCTION lms.keep_material_file(file text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    LOOP
        PERFORM FROM lms.material_files AS f WHERE f.stored_as = file FOR KEY SHARE;
        EXIT WHEN FOUND;
        INSERT INTO lms.material_files (stored_as) VALUES (file) ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION lms.keep_material_file(text) IS
    'Call it before a material refers to a file; from then on until the transaction ends, the file is not deleted, and can be written';

CREATE FUNCTION lms.release_material_file(file text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    -- Without a row of its own, a file that a crash has left behind could be written again while it is deleted.
    INSERT INTO lms.material_files (stored_as) VALUES (file) ON CONFLICT DO NOTHING;
    -- Of a file that is just being added there is nothing to wait for: it stays.
    PERFORM FROM lms.material_files AS f WHERE f.stored_as = file FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        DELETE FROM lms.material_files AS f WHERE f.stored_as = file; -- refused by the key of a material that needs it
        RETURN true;
    END IF;
    RETURN false;
EXCEPTION WHEN foreign_key_violation THEN
    RETURN false;
END
$function$;
COMMENT ON FUNCTION lms.release_material_file(text) IS
    'Whether no material of any course needs a file; if so, delete it from the store before the transaction ends';

REVOKE EXECUTE ON FUNCTION lms.delete_passages(bigint, integer), lms.delete_reading_decision(bigint), lms.delete_crawl(bigint),
    lms.keep_material_file(text), lms.release_material_file(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.delete_passages(bigint, integer), lms.delete_reading_decision(bigint), lms.delete_crawl(bigint)
    TO lmskit_lecturer;
GRANT EXECUTE ON FUNCTION lms.keep_material_file(text), lms.release_material_file(text) TO lmskit_admin, lmskit_lecturer;
GRANT EXECUTE ON FUNCTION lms.audit_rows() TO lmskit_owner;

SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

-- 6. Audit -----------------------------------------------------------------------------------------

DROP TRIGGER audit_insert ON lms.materials;
DO $$
DECLARE
    audited record;
BEGIN
    FOR audited IN
        SELECT * FROM (VALUES
            ('materials', 'r.id', 'r.course_id', 'r.origin', 'r.origin <> ''form'''),
            ('reading_decisions', 'r.id', 'r.course_id', 'NULL::text', 'false'),
            ('material_crawls', 'r.id', 'r.course_id', 'NULL::text', 'false'),
            ('embedding_models', 'r.name', 'NULL', 'NULL::text', 'false')
        ) AS v (name, row_key, course, origin, counted)
    LOOP
        EXECUTE format(
            'CREATE TRIGGER audit_insert AFTER INSERT ON lms.%I REFERENCING NEW TABLE AS new_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION lms.audit_rows(%L, %L, %L, %L)',
            audited.name, audited.row_key, audited.course, audited.origin, audited.counted
        );
        CONTINUE WHEN audited.name = 'materials';
        EXECUTE format(
            'CREATE TRIGGER audit_update AFTER UPDATE ON lms.%I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION lms.audit_rows(%L, %L)',
            audited.name, audited.row_key, audited.course
        );
        EXECUTE format(
            'CREATE TRIGGER audit_delete AFTER DELETE ON lms.%I REFERENCING OLD TABLE AS old_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION lms.audit_rows(%L, %L)',
            audited.name, audited.row_key, audited.course
        );
    END LOOP;
END
$$;
SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.audit_rows() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;

-- 7. Who may see and change what -------------------------------------------------------------------

DO $$
DECLARE
    table_name text;
    own text := 'course_id = ANY ((SELECT lms.my_course_ids())::bigint[])';
BEGIN
    FOREACH table_name IN ARRAY ARRAY[
        'material_files', 'embedding_models', 'passage_vectors', 'reading_decisions', 'material_crawls', 'crawl_pages'
    ] LOOP
        EXECUTE format('ALTER TABLE lms.%I ENABLE ROW LEVEL SECURITY', table_name);
        EXECUTE format('ALTER TABLE lms.%I FORCE ROW LEVEL SECURITY', table_name);
        EXECUTE format('CREATE POLICY admin_reads ON lms.%I FOR SELECT TO lmskit_admin USING (true)', table_name);
        EXECUTE format('CREATE POLICY admin_inserts ON lms.%I FOR INSERT TO lmskit_admin WITH CHECK (true)', table_name);
        EXECUTE format('CREATE POLICY admin_updates ON lms.%I FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true)', table_name);
        EXECUTE format('CREATE POLICY admin_deletes ON lms.%I FOR DELETE TO lmskit_admin USING (true)', table_name);
    END LOOP;
    -- Their unique keys begin with the course, and their foreign keys carry it: a row of one's own meets no row of another.
    FOREACH table_name IN ARRAY ARRAY['passage_vectors', 'reading_decisions', 'material_crawls', 'crawl_pages'] LOOP
        EXECUTE format('CREATE POLICY lecturer_reads_own ON lms.%I FOR SELECT TO lmskit_lecturer USING (%s)', table_name, own);
        EXECUTE format('CREATE POLICY lecturer_inserts_own ON lms.%I FOR INSERT TO lmskit_lecturer WITH CHECK (%s)', table_name, own);
        EXECUTE format(
            'CREATE POLICY lecturer_updates_own ON lms.%I FOR UPDATE TO lmskit_lecturer USING (%s) WITH CHECK (%s)', table_name, own, own
        );
    END LOOP;
    FOREACH table_name IN ARRAY ARRAY['material_passages', 'reading_decisions', 'material_crawls'] LOOP
        EXECUTE format('CREATE POLICY definer_reads ON lms.%I FOR SELECT TO lmskit_definer USING (%s)', table_name, own);
        EXECUTE format('CREATE POLICY definer_deletes ON lms.%I FOR DELETE TO lmskit_definer USING (%s)', table_name, own);
    END LOOP;
END
$$;
-- The names of models belong to no course.
CREATE POLICY lecturer_reads ON lms.embedding_models FOR SELECT TO lmskit_lecturer USING (true);
CREATE POLICY definer_reads ON lms.material_files FOR SELECT TO lmskit_definer USING (true);
CREATE POLICY definer_inserts ON lms.material_files FOR INSERT TO lmskit_definer WITH CHECK (true);
CREATE POLICY definer_locks ON lms.material_files FOR UPDATE TO lmskit_definer USING (true) WITH CHECK (false);
CREATE POLICY definer_deletes ON lms.material_files FOR DELETE TO lmskit_definer USING (true);
-- A passage is written once, so that its vectors are those of its text.
DROP POLICY lecturer_updates_own ON lms.material_passages;
-- Its key carries the course now, so that a passage of another's material in a course of one's own meets no row but the missing material.
ALTER POLICY lecturer_inserts_own ON lms.material_passages WITH CHECK (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));

REVOKE UPDATE (page, body) ON lms.material_passages FROM lmskit_lecturer;
GRANT SELECT, INSERT, UPDATE, DELETE ON lms.material_files, lms.embedding_models, lms.passage_vectors, lms.reading_decisions,
    lms.material_crawls, lms.crawl_pages TO lmskit_admin;
GRANT SELECT ON lms.embedding_models, lms.passage_vectors, lms.reading_decisions, lms.material_crawls, lms.crawl_pages TO lmskit_lecturer;
GRANT INSERT (language, licence, file_name, stored_as, media_type, size, length, state, etag, last_modified, fetched_at, findings, origin),
    UPDATE (week_number, kind, language, licence, file_name, stored_as, media_type, size, length, state, etag, last_modified, fetched_at,
        findings, updated_at) ON lms.materials TO lmskit_lecturer;
GRANT INSERT (slide, cell, seconds, headings, language, prose, is_notes, overlap) ON lms.material_passages TO lmskit_lecturer;
GRANT INSERT (course_id, material_id, ordinal, model, dimension, embedding), UPDATE (embedding) ON lms.passage_vectors TO lmskit_lecturer;
GRANT INSERT (course_id, week_number, material_id, passage_checksum, decision, position), UPDATE (position)
    ON lms.reading_decisions TO lmskit_lecturer;
GRANT INSERT (course_id, start_url, options), UPDATE (options, state, ended_at) ON lms.material_crawls TO lmskit_lecturer;
GRANT INSERT (course_id, crawl_id, url, depth, state, finding, material_id), UPDATE (state, finding, material_id)
    ON lms.crawl_pages TO lmskit_lecturer;

ALTER TABLE lms.courses FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.materials FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.material_passages FORCE ROW LEVEL SECURITY;
