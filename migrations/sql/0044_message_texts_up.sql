-- Texts of messages that administrators wrote: what the message that confirms an enrollment says, by course or for all courses, and messages
-- to students of a course. The dispatcher's login gets the text with the message that it claims, and may not read the table.

CREATE TABLE lms.message_texts (
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    course_id bigint,
    language text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    CONSTRAINT pk_message_texts PRIMARY KEY (id),
    CONSTRAINT fk_message_texts_course_id FOREIGN KEY (course_id) REFERENCES lms.courses (id) ON DELETE CASCADE,
    CONSTRAINT ck_message_texts_kind_is_known CHECK (kind IN ('welcome', 'message')),
    CONSTRAINT ck_message_texts_a_message_has_a_course CHECK (kind = 'welcome' OR course_id IS NOT NULL),
    CONSTRAINT ck_message_texts_language_is_a_tag CHECK (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$'),
    CONSTRAINT ck_message_texts_subject_has_a_length CHECK (length(subject) BETWEEN 1 AND 300),
    CONSTRAINT ck_message_texts_subject_is_one_line CHECK (subject !~ '[[:cntrl:]]'),
    CONSTRAINT ck_message_texts_body_has_a_length CHECK (length(body) BETWEEN 1 AND 20000),
    CONSTRAINT ck_message_texts_body_has_line_breaks_only CHECK (translate(body, E'\n\t', '') !~ '[[:cntrl:]]')
);
CREATE UNIQUE INDEX uq_message_texts_course_id ON lms.message_texts (course_id) NULLS NOT DISTINCT WHERE kind = 'welcome';
CREATE INDEX ix_message_texts_course_id ON lms.message_texts USING hash (course_id);
COMMENT ON TABLE lms.message_texts IS 'Texts of messages that administrators wrote';
COMMENT ON COLUMN lms.message_texts.kind IS 'welcome = confirms enrollments, one text for a course; message = sent once to students';
COMMENT ON COLUMN lms.message_texts.course_id IS 'Null = of all courses that have no welcome of their own';
COMMENT ON COLUMN lms.message_texts.language IS 'Of the text, as BCP 47 has it';
COMMENT ON COLUMN lms.message_texts.subject IS 'With placeholders in braces, as in the body';

ALTER TABLE lms.message_texts ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.message_texts FORCE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON lms.message_texts FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY admin_inserts ON lms.message_texts FOR INSERT TO lmskit_admin WITH CHECK (true);
CREATE POLICY admin_updates ON lms.message_texts FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_deletes ON lms.message_texts FOR DELETE TO lmskit_admin USING (true);
CREATE POLICY definer_reads ON lms.message_texts FOR SELECT TO lmskit_definer USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON lms.message_texts TO lmskit_admin;
GRANT SELECT (id, kind, course_id, language, subject, body) ON lms.message_texts TO lmskit_definer;

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
GRANT EXECUTE ON FUNCTION lms.audit_rows() TO lmskit_owner;
CREATE OR REPLACE FUNCTION lms.claim_message(lease interval, most_attempts integer, wanted bigint DEFAULT NULL)
RETURNS TABLE (id bigint, attempts integer, message_id text, recipient text, template text, context jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on
BEGIN ATOMIC
    -- The lease of a dispatcher that died has expired.
    UPDATE lms.outbox AS o SET attempts = o.attempts + 1, leased_until = clock_timestamp() + claim_message.lease,
        in_doubt = o.in_doubt OR o.leased_until IS NOT NULL
    WHERE o.id = (
        SELECT w.id FROM lms.outbox AS w
        WHERE w.status = 'waiting' AND w.available_at <= clock_timestamp() AND w.attempts < claim_message.most_attempts
          AND (w.leased_until IS NULL OR w.leased_until < clock_timestamp())
          AND (claim_message.wanted IS NULL OR w.id = claim_message.wanted)
          AND (
              w.template <> 'invitation' OR pg_has_role(session_user, 'lmskit_admin', 'MEMBER')
              OR NOT EXISTS (SELECT FROM lms.users AS u WHERE u.id = w.student_id AND u.role = 'super_admin')
          )
        ORDER BY w.available_at, w.id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING o.id, o.attempts, o.message_id, o.recipient, o.template, o.context || coalesce(
        (
            SELECT jsonb_build_object('text', jsonb_build_object('language', t.language, 'subject', t.subject, 'body', t.body))
            FROM lms.message_texts AS t
            WHERE (o.template = 'welcome' AND t.kind = 'welcome' AND (t.course_id = o.course_id OR t.course_id IS NULL))
               OR (o.template = 'message' AND t.kind = 'message' AND t.course_id = o.course_id AND t.id = (o.context ->> 'text_id')::bigint)
            ORDER BY t.course_id NULLS LAST LIMIT 1
        ),
        '{}'
    );
END;
COMMENT ON FUNCTION lms.claim_message(interval, integer, bigint) IS
    'Leases the message that has waited longest, or the one wanted, if it is due and was tried less often than may be; no two callers get the same, and the invitation of an administrator is leased to administrators alone; a welcome and a message bring the text that was written for them';
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

CREATE TRIGGER audit_insert AFTER INSERT ON lms.message_texts REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('r.id', 'r.course_id', 'NULL::text', 'false');
CREATE TRIGGER audit_update AFTER UPDATE ON lms.message_texts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('r.id', 'r.course_id');
CREATE TRIGGER audit_delete AFTER DELETE ON lms.message_texts REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('r.id', 'r.course_id');
SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.audit_rows() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;
