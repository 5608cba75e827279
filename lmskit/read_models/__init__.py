"""Read models: what a screen, a file or a report shows, read and computed in one go as one frozen dataclass.

Each function receives a session, asks the queries and the analytics, and writes nothing; it works in a read-only snapshot. A function
for the dashboard of one course first narrows the session to that course (`lmskit.queries.course.narrow`) until its transaction ends.
"""
