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

LONGEST_URL = 2_000
"""Characters in a web address."""
LARGEST_PARAMETERS = 10_000
"""Bytes that the parameters of a course's mastery rule may take."""
LARGEST_QUIZ = 16 * 1024**2
"""Bytes that the questions of a quiz, and their key, may take each."""
LARGEST_ANSWERS = 4 * 1024**2
"""Bytes that the answers of one attempt may take."""
DEEPEST_JSON = 8
"""Levels within each other that the questions, keys and answers of quizzes may have."""
MOST_ATTEMPTS = 10_000
"""The highest number of a student's attempt at a quiz."""
MOST_PASSAGES = 1_000_000
"""The highest page of a material, and the highest number of a passage."""
EARLIEST_YEAR, LATEST_YEAR = 1900, 2200
"""When a quiz can be due, and an attempt be started or submitted: years whose days every program can read."""

CONTROL_CHARACTERS = "[[:cntrl:]]"
INVISIBLE_CHARACTERS = r"[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]"
"""Characters without a picture, which make two ids, addresses or codes look the same; for PostgreSQL's and Python's regular expressions."""
