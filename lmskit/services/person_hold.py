"""Hold a person, so that nobody adds rows about them, and no message to them is sent, until the transaction ends."""

from sqlalchemy import text
from sqlalchemy.orm import Session


def hold_person(session: Session, person_id: int) -> bool:
    """Let nobody add rows about the person, and wait for those who do; return whether no message to the person is being sent.

    Nobody begins to send one afterwards, as its row is locked. That of one that is being sent is not waited for, since who sends it takes
    the enrollment next.
    """
    session.execute(text("SELECT FROM users WHERE id = :person FOR UPDATE"), {"person": person_id})
    session.execute(text("SELECT FROM student_enrollments WHERE student_id = :person FOR UPDATE"), {"person": person_id})
    waiting = "FROM outbox WHERE student_id = :person AND status = 'waiting'"
    locked = session.scalars(text(f"SELECT id {waiting} FOR UPDATE SKIP LOCKED"), {"person": person_id}).all()
    n_waiting, n_leased = session.execute(
        text(f"SELECT count(*), count(*) FILTER (WHERE leased_until > clock_timestamp()) {waiting}"),
        {"person": person_id},
    ).one()
    return bool(n_leased == 0 and n_waiting <= len(locked))
