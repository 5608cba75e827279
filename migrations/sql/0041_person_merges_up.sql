-- People who were in lmskit twice and were merged: who became whom, and how everything was before, so that they can be split again.

CREATE TABLE lms.person_merges (
    id bigint GENERATED ALWAYS AS IDENTITY,
    kept_id bigint NOT NULL,
    removed_id bigint NOT NULL,
    picture jsonb DEFAULT '{}'::jsonb NOT NULL,
    merged_by text DEFAULT session_user NOT NULL,
    merged_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT pk_person_merges PRIMARY KEY (id),
    CONSTRAINT uq_person_merges_removed_id UNIQUE (removed_id),
    CONSTRAINT fk_person_merges_kept_id FOREIGN KEY (kept_id) REFERENCES lms.users (id) ON DELETE CASCADE,
    CONSTRAINT ck_person_merges_are_two_people CHECK (kept_id <> removed_id),
    CONSTRAINT ck_person_merges_picture_is_an_object CHECK (jsonb_typeof(picture) = 'object')
);
CREATE INDEX ix_person_merges_kept_id ON lms.person_merges (kept_id);
COMMENT ON TABLE lms.person_merges IS 'People who were merged into others, and how both were before';
COMMENT ON COLUMN lms.person_merges.id IS 'The number of the receipt';
COMMENT ON COLUMN lms.person_merges.removed_id IS 'The id that the row of users had; no foreign key, since that row is gone';
COMMENT ON COLUMN lms.person_merges.picture IS 'Rows of both before, and of the kept one afterwards';
COMMENT ON COLUMN lms.person_merges.merged_by IS 'The login';

ALTER TABLE lms.person_merges ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.person_merges FORCE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON lms.person_merges FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY admin_inserts ON lms.person_merges FOR INSERT TO lmskit_admin WITH CHECK (true);
CREATE POLICY admin_updates ON lms.person_merges FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_deletes ON lms.person_merges FOR DELETE TO lmskit_admin USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON lms.person_merges TO lmskit_admin;

-- Who is split off has the same number as before, and the time at which the row was made, by both of which an erasure is remembered.
GRANT INSERT (id, created_at) ON lms.users TO lmskit_admin;
