"""The lists of courses, people, quizzes, messages and imports: which columns they have, and how each is headed.

A query returns a list with these columns; a form, the terminal and a file show it under these headings. A further column of a list
is added here and to the statement of its query.
"""

from lmskit.columns import EMAIL, NAME, QUIZ_WEEK, TOPIC, WEEK_NUMBER, Column, Columns

COURSES = Columns(
    Column("code", "str", "of the course, unique", heading="Code"),
    Column("module_code", "str", "the same in every term the module runs in"),
    Column("title", "str", heading="Title"),
    Column("term", "str", "code of the term", heading="Term"),
    NAME.renamed("lecturer", heading="Lecturer"),
    Column("starts_on", "object", "`date`, first day of the term, inclusive"),
    Column("ends_on", "object", "`date`, last day of the term, inclusive"),
    Column("n_students", "int64", "active and completed", heading="Students"),
    Column("n_weeks", "int64", "weeks in the syllabus", heading="Weeks"),
    Column("n_quizzes", "int64", heading="Quizzes"),
    Column("origin", "str", "`Origin`; the screen says so if it is `simulation`", heading="Origin"),
)

COURSE_TITLES = Columns(*(column for column in COURSES if column.name in {"code", "title"}))
"""What a course is chosen by."""

SYLLABUS = Columns(
    WEEK_NUMBER,
    TOPIC,
    Column("objectives", "str", "may be empty", heading="Objectives"),
)

ROSTER = Columns(
    Column("student_id", "int64"),
    NAME,
    EMAIL.renamed("email", meaning="lower case; NaN for a student without an address, and for lecturers if the student has withdrawn"),
    Column("status", "str", "`EnrollmentStatus`; totals count `active` and `completed` only", heading="Status"),
    Column("started_on", "object", "`date`, first day, inclusive", heading="Since"),
    Column("ended_on", "object", "`date`, last day, inclusive; None while enrolled", heading="Until"),
    Column("origin", "str", "`Origin`", heading="Entered by"),
)

PASTED_PEOPLE = Columns(
    Column("line", "Int64", "of the text, from 1; missing for those who were not pasted", heading="Line"),
    Column("typed", "str", "as it was pasted", heading="Pasted"),
    Column("outcome", "str", "`PastedOutcome`", heading="Outcome"),
    NAME.renamed("name", meaning='"Family, Given"; empty where no person is meant for certain'),
    Column("reason", "str", "why nothing is done, or what is to be known", heading="Notes"),
)
"""What becomes of each person whom a pasted text names."""

LECTURERS = Columns(
    Column("person_id", "int64"),
    NAME,
    EMAIL,
    Column("has_login", "bool", "whether they can sign in"),
)

PEOPLE = Columns(
    Column("person_id", "int64", heading="No."),
    NAME,
    EMAIL.renamed("email", meaning="lower case; NaN for a student without an address"),
    Column("role", "str", "`Role`", heading="Role"),
    Column("ids", "str", "ids of other systems, each as SYSTEM:ID, by system; NaN without any", heading="Other ids"),
    Column("n_courses", "int64", "courses in which a student is or was enrolled, or that a lecturer leads", heading="Courses"),
)

DUPLICATES = Columns(
    Column("person_id", "int64", "of the one who came first", heading="No."),
    NAME,
    EMAIL.renamed("email", meaning="lower case; NaN for a student without an address"),
    Column("other_id", "int64", heading="Other no."),
    NAME.renamed("other_name", heading="Other name"),
    EMAIL.renamed("other_email", meaning="lower case; NaN for a student without an address", heading="Other e-mail"),
    Column("reason", "str", "why they are probably one person", heading="Why"),
    Column("against", "str", "what speaks against it; NaN if nothing does", heading="Against"),
)

PERSON_MERGES = Columns(
    Column("receipt", "int64", "by which the two can be split again", heading="Receipt"),
    Column("kept_id", "int64", "of the person who stays", heading="No."),
    NAME,
    Column("removed_id", "int64", "of the person who is gone", heading="Former no."),
    Column("former_name", "str", "of the person who is gone", heading="Former name"),
    Column("merged_at", "object", "`datetime` with time zone", heading="When"),
)

CONFLICTS = Columns(
    Column("what", "str", "what both have", heading="What"),
    Column("kept", "str", "what the person who stays has", heading="Who stays"),
    Column("removed", "str", "what the person who goes has", heading="Who goes"),
    Column("resolution", "str", "what becomes of it", heading="What becomes of it"),
)

SPLIT_PARTS = Columns(
    Column("what", "str", "what both are called, or have", heading="What"),
    Column("kept", "str", "what the person who had stayed has after a split", heading="Who stays"),
    Column("removed", "str", "what the person who is there again has", heading="Who is there again"),
)

PERSON_IDS = Columns(
    Column("source", "str", "the system that the id comes from", heading="System"),
    Column("external_id", "str", "as the system writes it", heading="Id"),
)

PERSON_COURSES = Columns(
    Column("code", "str", "of the course", heading="Course"),
    Column("term", "str", "code of the term", heading="Term"),
    Column("role", "str", '"student", "responsible" or a `StaffRole`', heading="As"),
    Column("status", "str", "`EnrollmentStatus`; NaN for staff", heading="Status"),
    Column("started_on", "object", "`date`, first day, inclusive; None for the responsible lecturer", heading="Since"),
    Column("ended_on", "object", "`date`, last day, inclusive; None while enrolled, and for staff", heading="Until"),
    Column("sections", "str", "sections and groups of a student, by name; NaN without any", heading="Sections"),
    Column("n_attempts", "int64", "results of a student in the course", heading="Results"),
)

STAFF = Columns(
    NAME,
    EMAIL,
    Column("role", "str", '`StaffRole`, or "responsible"', heading="Role"),
    Column("sections", "str", "of an assistant who sees no others; empty for who sees the whole course", heading="Sections"),
    Column("granted_at", "object", "`datetime` with time zone; None for the responsible lecturer", heading="Since"),
)

SECTIONS = Columns(
    Column("kind", "str", "`SectionKind`", heading="Kind"),
    Column("name", "str", "of the section or group", heading="Name"),
    Column("n_students", "int64", "active and completed", heading="Students"),
    Column("source", "str", "system whose file named it first", heading="From"),
)

ATTEMPTS = Columns(
    Column("attempt_id", "int64", "number of the attempt in lmskit", heading="No."),
    NAME,
    Column("quiz", "str", "title of the quiz", heading="Quiz"),
    QUIZ_WEEK,
    Column("number", "int64", "1 for the first attempt at the quiz", heading="Attempt"),
    Column("score", "float64", "NaN = not graded", heading="Score"),
    Column("max_score", "float64", heading="Maximum"),
    Column("submitted_at", "datetime64[us, UTC]", "NaT = unknown", heading="Submitted"),
    Column("evidence", "str", "`EvidenceState`: whether it is evidence of mastery, and if not, why", heading="Evidence"),
)

LOGINS = Columns(
    Column("person_id", "int64"),
    NAME,
    EMAIL,
    Column("role", "str", "`Role`", heading="Role"),
    Column("login", "str", "name of the database role; NaN without one"),
    Column("state", "str", '"open", "closed" or "none"', heading="Login"),
)

INVITATIONS = Columns(
    Column("invitation", "int64", heading="Invitation"),
    NAME,
    EMAIL,
    Column("role", "str", "`Role`", heading="Role"),
    Column("state", "str", '"open", "accepted", "revoked", "expired", or "void": the server does not have its code', heading="State"),
    Column("invited_by", "str", "address; of a login that belongs to no person, its name", heading="Invited by"),
    Column("created_at", "object", "`datetime` with time zone", heading="Made"),
    Column("expires_at", "object", "`datetime` with time zone", heading="Expires"),
    Column("accepted_at", "object", "`datetime` with time zone; None if it was not accepted", heading="Accepted"),
)

QUIZZES = Columns(
    Column("quiz_id", "int64", heading="Quiz"),
    QUIZ_WEEK,
    Column("title", "str", "after an import, several quizzes may have the same", heading="Title"),
    Column("n_questions", "int64", "0 where only totals are known", heading="Questions"),
    Column("max_score", "float64", "score of a perfect attempt", heading="Max score"),
    Column("due_on", "object", "`date`, or None", heading="Due"),
    Column("n_attempts", "int64", "of all students, whatever their status; banked attempts included", heading="Attempts"),
)

QUIZ_EXCEPTIONS = Columns(
    Column("quiz_id", "int64", heading="Quiz"),
    QUIZ_WEEK,
    Column("title", "str", "of the quiz", heading="Title"),
    Column("student_id", "int64", heading="No."),
    NAME.renamed("name", heading="Student"),
    Column("excused", "bool", "whether the attempts of the student at the quiz are left out of the evidence", heading="Excused"),
    Column("due_on", "object", "`date`, the last day for this student; None = as for others", heading="Due"),
    Column("due_for_others", "object", "`date`, or None", heading="Due for others"),
    Column("excused_by_format", "object", "format of the file that excused the student; None = a person did", heading="Excused by file"),
    Column("granted_at", "object", "`datetime` with time zone", heading="Since"),
)
"""Excuses and extensions of single students."""

QUESTION_BANKS = Columns(
    Column("bank", "str", "name of its file or folder, or the title of the quiz whose questions it keeps", heading="Bank"),
    Column("n_questions", "int64", heading="Questions"),
    Column("n_in_quizzes", "int64", "questions that a quiz of the course has", heading="In quizzes"),
    Column("n_waiting", "int64", "questions that no quiz has yet", heading="Waiting"),
)

BANK_QUESTIONS = Columns(
    Column("number", "int64", "position in the bank, from 1", heading="No."),
    Column("question", "str", "id in the bank", heading="Id"),
    Column("type", "str", "`QuestionType`", heading="Type"),
    Column("prompt", "str", heading="Text"),
    Column("quiz", "str", "title of the quiz that has it; NaN if it waits", heading="Quiz"),
    Column("asked_as", "str", "its id in that quiz; NaN if it waits", heading="Question"),
)

PASSAGES = Columns(
    Column("ordinal", "int64", "from 1, in the order of the text", heading="No."),
    Column("page", "Int64", "of a PDF, from 1; <NA> elsewhere", heading="Page"),
    Column("slide", "Int64", "of a presentation, from 1; <NA> elsewhere", heading="Slide"),
    Column("cell", "Int64", "of a notebook, from 1; <NA> elsewhere", heading="Cell"),
    Column("seconds", "float64", "of a video, from its start; NaN elsewhere", heading="Second"),
    Column("headings", "object", "list of the headings above it, from the outermost to the nearest", heading="Headings"),
    Column("body", "str", heading="Text"),
    Column("language", "str", "ISO 639; NaN if it was not detected", heading="Language"),
    Column("is_notes", "bool", "what a speaker says and the audience does not see"),
    Column("overlap", "int64", "characters at its start that end the passage before it"),
    Column("checksum", "str", "SHA-256 of the body, by which decisions about reading advice name it"),
)

EMBEDDING_MODELS = Columns(
    Column("name", "str", "name of the model", heading="Model"),
    Column("state", "str", "`EmbeddingModelState`", heading="State"),
    Column("dimension", "int64", "numbers in a vector", heading="Numbers"),
    Column("vectors", "int64", "passages that have a vector of it, among those that the person may see", heading="Vectors"),
    Column("missing", "int64", "passages that have none of it", heading="Missing"),
    Column("created_at", "object", "`datetime` of its first use"),
    Column("checksum", "str", "SHA-256 of what determines its vectors; NaN = unknown"),
)

CRAWLS = Columns(
    Column("crawl_id", "int64", heading="Crawl"),
    Column("course", "str", "code of the course", heading="Course"),
    Column("start_url", "str", "the page it starts from", heading="Start"),
    Column(
        "state",
        "str",
        "`CrawlState`, one that was killed is still `running`; `refused` if nothing was added, not even its start",
        heading="State",
    ),
    Column("done", "int64", "addresses that are materials, or lead to one", heading="Done"),
    Column("not_added", "int64", "addresses that are gone or refused", heading="Not added"),
    Column("waiting", "int64", "addresses within its depth that are not fetched yet", heading="Waiting"),
    Column("started_at", "object", "`datetime`", heading="Started"),
    Column("ended_at", "object", "`datetime`; None while it runs, and after it was killed", heading="Ended"),
    Column("started_by", "str", "e-mail address; the login where the reader may not see whose it is, as lecturers may not", heading="By"),
    Column("is_newest", "bool", "whether the course has no later crawl from there; only the newest one can go on"),
    Column("refusal", "str", "why nothing was added from the start of one that is `refused`; NaN for others"),
    Column("options", "object", "limits, week and the like, as a dictionary"),
)

MATERIALS = Columns(
    Column("material_id", "int64", heading="Material"),
    Column("week_number", "Int64", "1-60; missing for the whole course", heading="Week"),
    Column("title", "str", heading="Title"),
    Column("kind", "str", "`MaterialKind`", heading="Kind"),
    Column("language", "str", "ISO 639; NaN where it could not be detected", heading="Language"),
    Column("licence", "str", "SPDX identifier or text; NaN if it is not known"),
    Column("n_passages", "int64", "0 if it has no text, or is a link only", heading="Passages"),
    Column("length", "Int64", "pages, slides, cells or seconds, as the kind has it; missing for kinds without", heading="Length"),
    Column("size", "Int64", "bytes of the file; missing for a link"),
    Column("file_name", "str", "path within its folder, with slashes; NaN for a link", heading="File"),
    Column("url", "str", "NaN for a file without an address", heading="Address"),
    Column("state", "str", "`MaterialState`", heading="State"),
    Column("findings", "object", "list of sentences: what was not read or is doubtful"),
    Column("origin", "str", "`Origin`"),
    Column("updated_at", "object", "`datetime` of the last change"),
)

MESSAGES = Columns(
    Column("id", "int64", heading="Message"),
    Column("recipient", "str", "the address of the message; the person may have another one now", heading="To"),
    NAME.renamed("name", meaning='"Family, Given"; NaN where it concerns no student', heading="Student"),
    Column("course", "str", "code; NaN where it concerns no course", heading="Course"),
    Column("template", "str", "what it is, such as welcome, withdrawal, message or invitation", heading="Kind"),
    Column("status", "str", "`OutboxStatus`", heading="Status"),
    Column("attempts", "int64", "tries, including one that is under way", heading="Tries"),
    Column("available_at", "object", "`datetime` of the next try, while it waits"),
    Column("sent_at", "object", "`datetime` when the mail server accepted it, or None"),
    Column("last_error", "str", "why the last try failed or the message was not sent; NaN without an error", heading="Reason"),
    Column("message_id", "str", "the Message-ID, as in the log of the mail server"),
)

IMPORT_RUNS = Columns(
    Column("id", "int64", heading="Run"),
    Column("format", "str", 'such as "oulad"', heading="Format"),
    Column("name", "str", "of the file or folder, without its path", heading="Name"),
    Column("status", "str", "`ImportStatus`"),
    Column("actor", "str", "address of the person who imported; the name of the login if it no longer belongs to a person", heading="By"),
    Column("started_at", "object", "`datetime` with time zone", heading="Started"),
    Column("finished_at", "object", "the same, or None"),
    Column("rows_in", "int64", "added + changed + unchanged + rejected", heading="In"),
    Column("added", "int64", heading="Added"),
    Column("changed", "int64", heading="Changed"),
    Column("unchanged", "int64", heading="Unchanged"),
    Column("rejected", "int64", heading="Rejected"),
    Column("undoes", "Int64", "the import that this run took back"),
    Column("undone_by", "Int64", "the last run that took this one back, wholly or in part", heading="Taken back by"),
)

WRITTEN_ROWS = Columns(
    Column("table_name", "str", heading="Table"),
    Column("added", "int64", heading="Added"),
    Column("changed", "int64", "rows of which at least one column has another value", heading="Changed"),
    Column("removed", "int64", heading="Removed"),
)

STUDENTS_TO_HELP = Columns(
    Column("position", "int64", "as in `mastery_cells`; without gaps, since these students are its first", heading="No."),
    Column("student_id", "int64"),
    NAME.renamed("name", heading="Student"),
    Column("n_remedial", "int64", "remedial weeks", heading="Remedial weeks"),
    Column("n_assessed", "int64", "weeks with a value", heading="Assessed weeks"),
    Column("n_weeks", "int64", "weeks in the syllabus"),
    Column("mean_value", "float64", "mean of the student's values, 0-1; NaN without values", heading="Mean value"),
    Column(
        "last_submitted_at",
        "datetime64[us, UTC]",
        "last attempt in this course with a known time, graded or not; NaT without any",
        heading="Last attempt",
    ),
    Column("reason", "str", "why the student is listed, with the weeks", heading="Why"),
)
"""Students who need help: on the dashboard and in the report."""
