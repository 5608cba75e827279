-- Further faults: the kind after two hyphens, then the statements that inject it.

-- check without the parent
ALTER POLICY lecturer_inserts_own ON lms.quiz_attempts WITH CHECK (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));

-- key without the course
ALTER TABLE lms.passage_vectors DROP CONSTRAINT fk_passage_vectors_course_id_material_id_ordinal;
ALTER TABLE lms.material_passages DROP CONSTRAINT pk_material_passages, ADD PRIMARY KEY (material_id, ordinal);

-- policy by a setting
ALTER POLICY lecturer_reads_own ON lms.courses USING (current_setting('app.person', true) = lecturer_id::text);

-- policy by the role taken on
ALTER POLICY lecturer_reads_own ON lms.courses
    USING (id = ANY ((SELECT lms.my_course_ids())::bigint[]) OR CURRENT_USER = 'lmskit_admin');

-- policy called row by row
ALTER POLICY lecturer_reads_own ON lms.quizzes USING (course_id = ANY (lms.my_course_ids()));

-- update policy without check
DROP POLICY lecturer_updates_own ON lms.quizzes;
CREATE POLICY lecturer_updates_own ON lms.quizzes FOR UPDATE TO lmskit_lecturer
    USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));

-- column granted
GRANT SELECT (password_hash) ON lms.users TO lmskit_lecturer;

-- column granted
GRANT SELECT (password_hash) ON lms.users TO lmskit_admin;

-- column granted
GRANT SELECT (settings) ON lms.users TO lmskit_lecturer;

-- column granted
GRANT SELECT (email) ON lms.users TO PUBLIC;

-- column granted
GRANT SELECT (email) ON lms.users TO lmskit_lecturer;

-- column granted
GRANT SELECT (email) ON lms.users TO lmskit_mailer;

-- external ids granted
GRANT SELECT ON lms.external_ids TO lmskit_lecturer;

-- external ids granted, with a policy
GRANT SELECT (external_id, source) ON lms.external_ids TO lmskit_lecturer;
CREATE POLICY lecturer_reads_own ON lms.external_ids FOR SELECT TO lmskit_lecturer
    USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));

-- addresses of everybody
CREATE OR REPLACE FUNCTION lms.addresses_in(course bigint) RETURNS TABLE (student_id bigint, email text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT e.student_id, u.email FROM lms.student_enrollments AS e JOIN lms.users AS u ON u.id = e.student_id
    WHERE e.course_id = addresses_in.course;
END;

-- addresses of those who withdrew
CREATE OR REPLACE FUNCTION lms.addresses_in(course bigint) RETURNS TABLE (student_id bigint, email text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT e.student_id, u.email FROM lms.student_enrollments AS e JOIN lms.users AS u ON u.id = e.student_id
    WHERE e.course_id = addresses_in.course AND e.course_id = ANY ((SELECT lms.my_course_ids())::bigint[]);
END;

-- view of the owner instead of the reader
ALTER VIEW lms.student_addresses RESET (security_invoker);

-- column granted for changes
GRANT UPDATE (password_hash) ON lms.users TO lmskit_admin;

-- column granted for changes
GRANT UPDATE (db_role), INSERT (db_role) ON lms.users TO lmskit_admin;

-- column granted for changes
GRANT UPDATE (role) ON lms.users TO lmskit_lecturer;

-- column granted for changes
GRANT UPDATE (lecturer_id) ON lms.courses TO lmskit_lecturer;

-- key granted for changes
GRANT UPDATE (code) ON lms.courses TO lmskit_lecturer;

-- key granted for changes
GRANT UPDATE (course_id) ON lms.quiz_attempts TO lmskit_lecturer;

-- key granted for changes
GRANT UPDATE (student_id) ON lms.quiz_attempts TO lmskit_lecturer;

-- key granted for changes
GRANT UPDATE (course_id) ON lms.syllabi TO lmskit_lecturer;

-- derived column granted for changes
GRANT UPDATE (banked) ON lms.quiz_attempts TO lmskit_lecturer;

-- derived column granted for changes
GRANT UPDATE (status) ON lms.student_enrollments TO lmskit_lecturer;

-- derived column granted for changes
GRANT UPDATE (value) ON lms.topic_performance TO lmskit_lecturer;

-- derived column granted for changes
GRANT UPDATE (learn) ON lms.knowledge_fits TO lmskit_lecturer;

-- derived column granted for changes
GRANT UPDATE (points) ON lms.question_slots TO lmskit_lecturer;

-- the questions of all banks can be read
CREATE POLICY lecturer_reads_all ON lms.bank_questions FOR SELECT TO lmskit_lecturer USING (true);

-- audit trail can be forged
GRANT INSERT (actor, action, table_name, row_key) ON lms.audit_log TO lmskit_admin;

-- audit trail can be erased
GRANT DELETE ON lms.audit_log TO lmskit_admin;

-- erasures can be forgotten
GRANT DELETE ON lms.erasures TO lmskit_admin;

-- who was merged can be read by lecturers
GRANT SELECT (kept_id, removed_id) ON lms.person_merges TO lmskit_lecturer;

-- texts of messages can be read by lecturers
GRANT SELECT ON lms.message_texts TO lmskit_lecturer;

-- texts of messages can be written by lecturers
GRANT INSERT (kind, course_id, language, subject, body) ON lms.message_texts TO lmskit_lecturer;

-- texts of messages can be changed by the dispatcher
GRANT UPDATE (body) ON lms.message_texts TO lmskit_mailer;

-- erasures can be made up
GRANT INSERT (person_id, fingerprint) ON lms.erasures TO lmskit_admin;

-- entries of the last year can be removed
ALTER POLICY definer_removes ON lms.audit_log USING (true);

-- a lecturer can remove old entries
GRANT EXECUTE ON FUNCTION lms.remove_old_entries(timestamp with time zone) TO lmskit_lecturer;

-- a lecturer can erase people
GRANT EXECUTE ON FUNCTION lms.erase_person(bigint, boolean) TO lmskit_lecturer;

-- archived rows are read no more
ALTER TABLE lms.archived_attempts NO INHERIT lms.quiz_attempts;

-- archived rows granted
GRANT SELECT ON lms.archived_attempts TO lmskit_lecturer;

-- archived rows can be changed
GRANT UPDATE (score) ON lms.archived_attempts TO lmskit_admin;

-- terms can be closed by hand
GRANT UPDATE (state) ON lms.terms TO lmskit_admin;

-- grant with grant option
GRANT SELECT ON lms.courses TO lmskit_lecturer WITH GRANT OPTION;

-- table of another owner
ALTER TABLE lms.archives OWNER TO lmskit_definer;

-- Alembic's table granted
GRANT SELECT ON lms.alembic_version TO lmskit_lecturer;

-- sequence granted
GRANT USAGE, SELECT ON SEQUENCE lms.users_id_seq TO lmskit_lecturer;

-- sequence granted
GRANT USAGE, SELECT ON SEQUENCE lms.quiz_attempts_id_seq TO lmskit_lecturer;

-- function granted to lecturers
GRANT EXECUTE ON FUNCTION lms.set_login(bigint, text, text) TO lmskit_lecturer;

-- function granted to lecturers
GRANT EXECUTE ON FUNCTION lms.recover_login(text, text, text) TO lmskit_lecturer;

-- invitations may be read by lecturers
GRANT SELECT (person_id, expires_at) ON lms.invitations TO lmskit_lecturer;

-- lecturers invite
GRANT EXECUTE ON FUNCTION lms.invite(bigint, interval, text, text) TO lmskit_lecturer;

-- lecturers revoke invitations
GRANT EXECUTE ON FUNCTION lms.revoke_invitation(bigint) TO lmskit_lecturer;

-- lecturers make codes
GRANT EXECUTE ON FUNCTION lms.make_code(text, text, timestamp with time zone) TO lmskit_lecturer;

-- lecturers make codes for messages
GRANT EXECUTE ON FUNCTION lms.issue_code(bigint, integer, text, text) TO lmskit_lecturer;

-- administrators write invitations
GRANT UPDATE (accepted_at) ON lms.invitations TO lmskit_admin;

-- function taken from lecturers
REVOKE EXECUTE ON FUNCTION lms.me() FROM lmskit_lecturer;

-- function taken from lecturers
REVOKE EXECUTE ON FUNCTION lms.my_course_ids() FROM lmskit_lecturer;

-- function of the caller
ALTER FUNCTION lms.my_course_ids() SECURITY INVOKER;

-- function of the caller
ALTER FUNCTION lms.my_student_ids() SECURITY INVOKER;

-- own courses are all courses
CREATE OR REPLACE FUNCTION lms.my_course_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT array_agg(c.id) FROM lms.courses AS c);

-- the setting widens
CREATE OR REPLACE FUNCTION lms.my_course_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT array_agg(c.id) FROM lms.courses AS c JOIN lms.users AS u ON u.id = c.lecturer_id
        WHERE u.db_role = session_user OR c.code = current_setting('lmskit.course', true));

-- the person is a setting
CREATE OR REPLACE FUNCTION lms.me() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN current_setting('app.person', true)::bigint;

-- any material can be deleted
CREATE POLICY definer_deletes_all ON lms.materials FOR DELETE TO lmskit_definer USING (true);
CREATE POLICY definer_reads_all ON lms.materials FOR SELECT TO lmskit_definer USING (true);
CREATE OR REPLACE FUNCTION lms.delete_material(material bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH gone AS (DELETE FROM lms.materials AS m WHERE m.id = delete_material.material RETURNING m.id) SELECT count(*) FROM gone;
END;

-- any passage can be read by its key
CREATE OR REPLACE FUNCTION lms.passages_at(courses bigint[], materials bigint[], ordinals integer[]) RETURNS TABLE (
    course_id bigint, material_id bigint, ordinal integer, page integer, slide integer, cell integer, seconds double precision,
    headings text[], body text, language text, is_notes boolean, overlap integer
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT p.course_id, p.material_id, p.ordinal, p.page, p.slide, p.cell, p.seconds, p.headings, p.body, p.language, p.is_notes, p.overlap
    FROM unnest(passages_at.materials, passages_at.ordinals) AS wanted (material_id, ordinal)
    JOIN lms.material_passages AS p ON p.material_id = wanted.material_id AND p.ordinal = wanted.ordinal
    WHERE p.course_id = ANY (passages_at.courses);
END;

-- any passage can be deleted
CREATE OR REPLACE FUNCTION lms.delete_passages(material bigint, after integer DEFAULT 0) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM lms.material_passages AS p WHERE p.material_id = delete_passages.material AND p.ordinal > delete_passages.after RETURNING p.ordinal
    )
    SELECT count(*) FROM gone;
END;

-- any crawl can be deleted
CREATE POLICY definer_deletes_all ON lms.material_crawls FOR DELETE TO lmskit_definer USING (true);
CREATE POLICY definer_reads_all ON lms.material_crawls FOR SELECT TO lmskit_definer USING (true);
CREATE OR REPLACE FUNCTION lms.delete_crawl(crawl bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH gone AS (DELETE FROM lms.material_crawls AS c WHERE c.id = delete_crawl.crawl RETURNING c.id) SELECT count(*) FROM gone;
END;

-- a file that materials need can be released
ALTER TABLE lms.materials DROP CONSTRAINT fk_materials_stored_as;

-- names of stored files shown
GRANT SELECT ON lms.material_files TO lmskit_lecturer;
CREATE POLICY lecturer_reads ON lms.material_files FOR SELECT TO lmskit_lecturer USING (true);

-- a lecturer changes the model that everybody searches with
GRANT UPDATE (state) ON lms.embedding_models TO lmskit_lecturer;
CREATE POLICY lecturer_updates ON lms.embedding_models FOR UPDATE TO lmskit_lecturer USING (true) WITH CHECK (true);

-- a lecturer brings in a model
GRANT INSERT (name, dimension, checksum, state) ON lms.embedding_models TO lmskit_lecturer;
CREATE POLICY lecturer_inserts ON lms.embedding_models FOR INSERT TO lmskit_lecturer WITH CHECK (true);

-- a lecturer decides in another's name
GRANT INSERT (decided_by) ON lms.reading_decisions TO lmskit_lecturer;

-- key granted for changes
GRANT UPDATE (material_id) ON lms.passage_vectors TO lmskit_lecturer;

-- key granted for changes
GRANT UPDATE (body) ON lms.material_passages TO lmskit_lecturer;

-- triggers that run for replicas only
ALTER TABLE lms.quiz_attempts ENABLE REPLICA TRIGGER audit_update;

-- new table without row security
SET LOCAL ROLE lmskit_owner;
CREATE TABLE lms.notes (id bigint, course_id bigint, body text);

-- new table without policy
SET LOCAL ROLE lmskit_owner;
CREATE TABLE lms.notes (id bigint, course_id bigint, body text);
ALTER TABLE lms.notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.notes FORCE ROW LEVEL SECURITY;

-- new table without policy, granted
SET LOCAL ROLE lmskit_owner;
CREATE TABLE lms.notes (id bigint, course_id bigint, body text);
ALTER TABLE lms.notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.notes FORCE ROW LEVEL SECURITY;
GRANT SELECT ON lms.notes TO lmskit_lecturer;

-- new table with a policy for everything
SET LOCAL ROLE lmskit_owner;
CREATE TABLE lms.notes (id bigint, course_id bigint, body text);
ALTER TABLE lms.notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.notes FORCE ROW LEVEL SECURITY;
GRANT SELECT ON lms.notes TO lmskit_lecturer;
CREATE POLICY p ON lms.notes TO lmskit_lecturer USING (true);

-- new table with a policy that is not by course
SET LOCAL ROLE lmskit_owner;
CREATE TABLE lms.notes (id bigint, course_id bigint, body text);
ALTER TABLE lms.notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.notes FORCE ROW LEVEL SECURITY;
GRANT SELECT ON lms.notes TO lmskit_lecturer;
CREATE POLICY p ON lms.notes FOR SELECT TO lmskit_lecturer USING (id = (SELECT lms.me()));

-- view of the owner
SET LOCAL ROLE lmskit_owner;
CREATE VIEW lms.seen AS SELECT * FROM lms.quiz_attempts;

-- view of the owner, granted
SET LOCAL ROLE lmskit_owner;
CREATE VIEW lms.seen WITH (security_invoker = false) AS SELECT * FROM lms.quiz_attempts;
GRANT SELECT ON lms.seen TO lmskit_lecturer;

-- view in another schema
CREATE VIEW public.seen AS SELECT * FROM lms.users;
GRANT SELECT ON public.seen TO lmskit_lecturer;

-- materialised view, granted
CREATE MATERIALIZED VIEW lms.seen AS SELECT * FROM lms.quiz_attempts;
GRANT SELECT ON lms.seen TO lmskit_lecturer;

-- table in another schema
CREATE TABLE public.copy AS TABLE lms.users;
GRANT SELECT ON public.copy TO lmskit_lecturer;

-- schema of their own
CREATE SCHEMA extra;
GRANT CREATE, USAGE ON SCHEMA extra TO lmskit_lecturer;

-- child without row security
CREATE TABLE lms.attempts_2025 () INHERITS (lms.quiz_attempts);

-- definer of tomorrow
CREATE FUNCTION lms.best_score() RETURNS numeric LANGUAGE sql SECURITY DEFINER RETURN (SELECT max(score) FROM lms.quiz_attempts);

-- index by score
CREATE INDEX by_score ON lms.quiz_attempts (score);

-- index by time
CREATE INDEX by_time ON lms.quiz_attempts (submitted_at DESC);

-- index by an expression
CREATE INDEX by_feedback ON lms.quiz_attempts (lower(feedback));

-- index on the text
CREATE INDEX by_body ON lms.material_passages USING gin (body_vector);

-- index on the words of passages
CREATE INDEX by_words ON lms.passage_words USING gin (words);

-- index on the vectors
CREATE INDEX by_vector ON lms.passage_vectors USING hnsw ((embedding::lms.halfvec(3)) lms.halfvec_l2_ops);

-- extended statistics
CREATE STATISTICS lms.joint ON score, max_score FROM lms.quiz_attempts;

-- default privileges
ALTER DEFAULT PRIVILEGES FOR ROLE lmskit_owner IN SCHEMA lms GRANT SELECT ON TABLES TO lmskit_lecturer;

-- rule
CREATE RULE also AS ON INSERT TO lms.quiz_attempts DO ALSO NOTIFY attempts;

-- foreign server
CREATE FOREIGN DATA WRAPPER away;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER away;
GRANT USAGE ON FOREIGN SERVER elsewhere TO lmskit_lecturer;

-- file function
GRANT EXECUTE ON FUNCTION pg_read_file(text) TO lmskit_lecturer;

-- file function for everybody
GRANT EXECUTE ON FUNCTION pg_read_binary_file(text) TO PUBLIC;

-- shared resource open again
GRANT EXECUTE ON FUNCTION pg_catalog.pg_try_advisory_lock(bigint) TO PUBLIC;

-- shared resource open for lecturers
GRANT EXECUTE ON FUNCTION pg_catalog.lo_from_bytea(oid, bytea) TO lmskit_lecturer;

-- shared resource open for a login
GRANT EXECUTE ON FUNCTION pg_catalog.currtid2(text, tid) TO ":self";

-- server's log open to every login
ALTER DATABASE :database SET log_min_messages = 'log';

-- server's log open to every login, as on a server that nobody hardened
ALTER DATABASE :database RESET log_min_messages;

-- reserved connections for lecturers
GRANT pg_use_reserved_connections TO lmskit_lecturer;

-- reserved connections for a login
GRANT pg_use_reserved_connections TO ":self";

-- reserved connections passed on
GRANT pg_use_reserved_connections TO lmskit_admin WITH ADMIN TRUE;

-- extension within reach
UPDATE pg_extension SET extname = 'pgrowlocks' WHERE extname = 'vector';

-- built-in function leakproof again
ALTER FUNCTION pg_catalog.int8lt(bigint, bigint) LEAKPROOF;

-- lecturers are administrators
GRANT lmskit_admin TO lmskit_lecturer;

-- login granted to a login
GRANT ":other" TO ":self";

-- TEMP for lecturers
GRANT TEMPORARY ON DATABASE :database TO lmskit_lecturer;

-- TEMP for everybody
GRANT TEMPORARY ON DATABASE :database TO PUBLIC;

-- CONNECT for everybody
GRANT CONNECT ON DATABASE :database TO PUBLIC;

-- CREATE on the database
GRANT CREATE ON DATABASE :database TO lmskit_lecturer;

-- CREATE on the schema
GRANT CREATE ON SCHEMA lms TO lmskit_lecturer;

-- CREATE on public
GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC;

-- CREATE left to a definer
GRANT CREATE ON SCHEMA lms TO lmskit_definer;

-- a parameter for lecturers
GRANT SET ON PARAMETER session_replication_role TO lmskit_lecturer;

-- names are looked up elsewhere
ALTER DATABASE :database SET search_path = public, lms;

-- a weak verifier
ALTER ROLE ":self" PASSWORD 'md500000000000000000000000000000000';

-- a person with another person's login
UPDATE lms.users SET db_role = NULL WHERE db_role = ':self';
UPDATE lms.users SET db_role = ':self' WHERE id = :foreign_lecturer;

-- staff may be added by lecturers
GRANT INSERT (course_id, person_id, role) ON lms.course_staff TO lmskit_lecturer;

-- staff may be added by lecturers, to their own courses
GRANT INSERT (course_id, person_id, role) ON lms.course_staff TO lmskit_lecturer;
CREATE POLICY lecturer_inserts_own ON lms.course_staff FOR INSERT TO lmskit_lecturer
    WITH CHECK (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));

-- staff changes roles
GRANT UPDATE (role) ON lms.course_staff TO lmskit_lecturer;

-- the staff of every course
CREATE OR REPLACE FUNCTION lms.staff_in(course bigint) RETURNS TABLE (
    person_id bigint, email text, family_name text, given_name text, sort_name text, role text, granted_at timestamp with time zone
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT u.id, u.email, u.family_name, u.given_name, u.sort_name, s.role::text, s.granted_at
    FROM lms.course_staff AS s JOIN lms.users AS u ON u.id = s.person_id WHERE s.course_id = staff_in.course;
END;

-- colleagues of everybody
CREATE OR REPLACE FUNCTION lms.my_colleague_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT array_agg(s.person_id) FROM lms.course_staff AS s);

-- rights stay in open transactions
ALTER TABLE lms.course_staff DISABLE TRIGGER end_sessions_of_former_staff;

-- exceptions of every course are seen
ALTER POLICY lecturer_reads_own ON lms.quiz_exceptions USING (true);

-- exceptions of students in other sections
DROP POLICY lecturer_reads_in_sections ON lms.quiz_exceptions;

-- activity of every course is seen
ALTER POLICY lecturer_reads_own ON lms.student_activity USING (true);

-- activity of students in other sections
DROP POLICY lecturer_reads_in_sections ON lms.student_activity;

-- activity may be changed by lecturers
GRANT UPDATE (occurred_at) ON lms.student_activity TO lmskit_lecturer;

-- exceptions may be granted by lecturers
GRANT INSERT (course_id, quiz_id, student_id, excused) ON lms.quiz_exceptions TO lmskit_lecturer;

-- exceptions may be changed by lecturers
GRANT UPDATE (excused) ON lms.quiz_exceptions TO lmskit_lecturer;

-- sections may be changed by lecturers
GRANT UPDATE (name) ON lms.sections TO lmskit_lecturer;

-- members may be added by lecturers
GRANT INSERT (course_id, section_id, student_id) ON lms.section_members TO lmskit_lecturer;

-- an assistant leads
CREATE OR REPLACE FUNCTION lms.my_led_course_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN lms.my_course_ids();

-- a function deletes for assistants
CREATE OR REPLACE FUNCTION lms.delete_passages(material bigint, after integer DEFAULT 0) RETURNS bigint
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

-- a condition of writing that is only half there
ALTER POLICY lecturer_updates_led ON lms.quizzes USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));

-- a condition of writing that permits instead of restricting
DROP POLICY lecturer_inserts_led ON lms.quizzes;
CREATE POLICY lecturer_inserts_led ON lms.quizzes FOR INSERT TO lmskit_lecturer WITH CHECK (course_id = ANY ((SELECT lms.my_led_course_ids())::bigint[]));

-- an assistant of sections sees the whole course
CREATE OR REPLACE FUNCTION lms.my_limited_course_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN '{}'::bigint[];

-- an assistant of one section sees all sections
CREATE OR REPLACE FUNCTION lms.my_section_members() RETURNS TABLE (course_id bigint, student_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT m.course_id, m.student_id FROM lms.section_members AS m WHERE m.course_id = ANY ((SELECT lms.my_limited_course_ids())::bigint[]);
END;

-- a student of one's section in another course that one is limited in
ALTER POLICY lecturer_reads_in_sections ON lms.quiz_attempts USING (
    course_id <> ALL ((SELECT lms.my_limited_course_ids())::bigint[])
    OR student_id IN (SELECT m.student_id FROM lms.my_section_members() AS m)
);

-- addresses of all sections
CREATE OR REPLACE FUNCTION lms.addresses_in(course bigint) RETURNS TABLE (student_id bigint, email text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT e.student_id, u.email FROM lms.student_enrollments AS e JOIN lms.users AS u ON u.id = e.student_id
    WHERE e.course_id = addresses_in.course AND (
        (e.status <> 'withdrawn' AND e.course_id = ANY ((SELECT lms.my_course_ids())::bigint[]))
        OR (SELECT pg_has_role(SESSION_USER, 'lmskit_admin', 'MEMBER'))
    );
END;

-- students of all sections
CREATE OR REPLACE FUNCTION lms.my_student_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(array_agg(DISTINCT e.student_id), '{}') FROM lms.student_enrollments AS e
    WHERE e.course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
);

-- the limits of assistants may be changed by lecturers
GRANT INSERT (course_id, person_id, section_id) ON lms.staff_sections TO lmskit_lecturer;

-- a limit that is taken away does not end sessions
ALTER TABLE lms.staff_sections DISABLE TRIGGER end_sessions_of_former_staff;

-- an observer of every course
CREATE OR REPLACE FUNCTION lms.observed_courses() RETURNS TABLE (course_id bigint, code text, term text, is_closed boolean, responsible text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.id, c.code, t.code, true, l.family_name
    FROM lms.courses AS c JOIN lms.terms AS t ON t.id = c.term_id JOIN lms.users AS l ON l.id = c.lecturer_id;
END;
