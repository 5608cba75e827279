"""How long a text, how large a number, how late a week may be: each limit once, for forms, importers and the database's checks.

A test compares those that the database holds too with its catalogue.
"""

from __future__ import annotations

FIRST_WEEK = 1
LAST_WEEK = 60
"""Teaching weeks are numbered from `FIRST_WEEK` to this."""

LONGEST_CODE = 100
"""Characters in the code of a course, module or term."""
LONGEST_TITLE = 300
"""Characters in the title of a course, quiz or material, and in the topic of a week."""
LONGEST_NAME = 200
"""Characters in a family name, and in a given name."""
LONGEST_ADDRESS = 320
"""Characters in an e-mail address: 64 before the @ and 255 after it."""
LONGEST_SOURCE = 100
"""Characters in the name of a source system."""
LONGEST_EXTERNAL_ID = 500
"""Characters in the id that a source system gives a person, term, course or quiz."""
LONGEST_QUESTION_ID = 100
"""Characters in the id of a question, option or target."""
LONGEST_PROSE = 20_000
"""Characters in a text of several lines: objectives, prompts, feedback, answers."""

LARGEST_SCORE = 99_999_999
"""The largest score, also as a maximum: `numeric(12, 4)` has eight digits before the point."""

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200
"""Characters in a password that a person chooses."""
