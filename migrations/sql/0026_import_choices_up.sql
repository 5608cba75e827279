-- How files of a source are read, as a person chose the last time: for the next file with the same columns.

CREATE TABLE lms.import_choices (
    id bigint GENERATED ALWAYS AS IDENTITY,
    source_key text NOT NULL,
    choices jsonb DEFAULT '{}'::jsonb NOT NULL,
    chosen_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT pk_import_choices PRIMARY KEY (id),
    CONSTRAINT uq_import_choices_source_key UNIQUE (source_key),
    CONSTRAINT ck_import_choices_source_key_is_sha256 CHECK (source_key ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_import_choices_choices_are_an_object CHECK (jsonb_typeof(choices) = 'object'),
    CONSTRAINT ck_import_choices_choices_is_shallow CHECK (NOT jsonb_path_exists(choices, '$.**{3 to last}') AND pg_column_size('{}'::jsonb || choices) <= 10000)
);
COMMENT ON TABLE lms.import_choices IS 'How files of a source are read, as a person chose the last time';
COMMENT ON COLUMN lms.import_choices.source_key IS 'SHA-256 of the headers of its files, in the order of the alphabet';
COMMENT ON COLUMN lms.import_choices.choices IS 'Options of the reader by name; columns has the header of each field';
COMMENT ON COLUMN lms.import_choices.chosen_at IS 'Of the last import with other choices than the one before';

ALTER TABLE lms.import_choices ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.import_choices FORCE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON lms.import_choices FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY admin_inserts ON lms.import_choices FOR INSERT TO lmskit_admin WITH CHECK (true);
CREATE POLICY admin_updates ON lms.import_choices FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_deletes ON lms.import_choices FOR DELETE TO lmskit_admin USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON lms.import_choices TO lmskit_admin;
