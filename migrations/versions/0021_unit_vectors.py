"""Have vectors of the length 1, and a vector by which a model is recognised.

Why:   a search takes the product of two vectors for the cosine, so a vector that a lecturer had stored with another length came first, or
       last, in every search of the course. Whether a model still answers as when its vectors were stored was decided by stored vectors of
       passages, which lecturers write: those of one course could refuse the model for all. Now it is the vector of a text of lmskit's own.
Locks: passage_vectors, exclusively, while its rows are read and those of another length are brought to 1: about twelve seconds for a
       million; embedding_models, exclusively, for an instant.
Down:  parks the vectors by which models are recognised. Vectors of passages keep the length 1.
"""

from alembic import op

from lmskit.db.migration_statements import lock_first, run_as_written
from lmskit.db.parking import lifted, park, put_back

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

HELD = {
    "passage_vectors": "a vector of another length would come first in searches: none may be added while the others get the length 1",
    "embedding_models": "it has a row for each model, and is read in an instant",
}
SERVES = "0021"
LOCKED = ("passage_vectors", "embedding_models")
PROBE = "UPDATE lms.embedding_models SET probe = (parked.content ->> 'probe')::lms.halfvec WHERE name = parked.content ->> 'name'"


def upgrade() -> None:
    """Go forward."""
    lock_first(*LOCKED)
    op.execute("ALTER TABLE lms.passage_vectors NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM lms.passage_vectors WHERE lms.l2_norm(embedding) = 0")
    op.execute("UPDATE lms.passage_vectors SET embedding = lms.l2_normalize(embedding) WHERE abs(lms.l2_norm(embedding) - 1) > 0.01")
    op.execute("ALTER TABLE lms.passage_vectors FORCE ROW LEVEL SECURITY")
    op.execute(
        "ALTER TABLE lms.passage_vectors ADD CONSTRAINT ck_passage_vectors_embedding_has_the_length_1"
        " CHECK (abs(lms.l2_norm(embedding) - 1) <= 0.01)"
    )
    op.execute(
        "ALTER TABLE lms.embedding_models ADD COLUMN probe lms.halfvec,"
        " ADD CONSTRAINT ck_embedding_models_probe_has_the_dimension CHECK (lms.vector_dims(probe) = dimension)"
    )
    comment = "Its vector of a fixed text, by which it is recognised; null = not kept yet"
    op.execute(f"COMMENT ON COLUMN lms.embedding_models.probe IS '{comment}'")
    run_as_written(put_back(revision, {"embedding_models": PROBE}))


def downgrade() -> None:
    """Go back."""
    lock_first(*LOCKED)
    probes = "SELECT name, probe FROM lms.embedding_models WHERE probe IS NOT NULL"
    run_as_written(lifted(park(revision, {"embedding_models": probes}), "embedding_models"))
    op.execute("ALTER TABLE lms.embedding_models DROP COLUMN probe")
    op.execute("ALTER TABLE lms.passage_vectors DROP CONSTRAINT ck_passage_vectors_embedding_has_the_length_1")
