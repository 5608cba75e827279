"""Introduction to programming, in Python: twelve weeks."""

# ruff: noqa: E501, PLR2004  # a prompt stands on one line, and its numbers are the question's own

from __future__ import annotations

from lmskit.analytics.itembank.item import Module, Topic, choice, drawn, multiple, numeric, short_text, true_false

MODULE = Module(
    "PROG",
    "Introduction to programming",
    (
        Topic(
            "Values, types and expressions",
            "Evaluate arithmetic expressions by hand; name the type of a value.",
            (
                drawn(
                    lambda a, b, c: numeric(f"What is the value of {a} + {b} * {c}?", a + b * c, (a + b) * c, a * b + c),
                    (2, 9),
                    (2, 9),
                    (2, 9),
                ),
                drawn(lambda a, b: numeric(f"What is the value of {a} % {b}?", a % b, a // b, b), (17, 98), (3, 9)),
            ),
            (
                choice("Which type has the value of 7 / 2 in Python?", "float", "int", "str", "bool"),
                true_false("In Python, '3' + '4' has the value '34'.", answer=True),
            ),
        ),
        Topic(
            "Variables and assignment",
            "Trace the values of variables through a sequence of assignments.",
            (
                drawn(lambda a, b: numeric(f"After x = {a}; y = x; x = x + {b}, what is the value of y?", a, a + b, b), (3, 40), (2, 9)),
                drawn(
                    lambda a, b: numeric(f"After x = {a}; x += {b}; x *= 2, what is the value of x?", (a + b) * 2, a + b * 2, a + b),
                    (3, 20),
                    (2, 9),
                ),
            ),
            (
                choice("Which of these is a valid variable name in Python?", "total_2", "2_total", "total-2", "class"),
                true_false("The statement x = x + 1 is a contradiction and Python refuses it.", answer=False),
            ),
        ),
        Topic(
            "Strings",
            "Index, slice and join strings; use the commonest string methods.",
            (
                drawn(
                    lambda a, b: numeric(f"How long is the string 'ab' * {a} + 'c' * {b}?", 2 * a + b, a + b, 2 * (a + b)),
                    (3, 12),
                    (2, 9),
                ),
                drawn(
                    lambda a, b: choice(
                        f"What is 'programming'[{a}:{a + b}]?",
                        *("programming"[i:j] for i, j in ((a, a + b), (a, a + b + 1), (a + 1, a + b + 1), (a - 1, a + b - 1))),
                    ),
                    (1, 5),
                    (2, 4),
                ),
            ),
            (
                short_text("Which string method turns 'Data' into 'data'?", "lower", "small", "lowercase", "upper"),
                true_false("A string can be changed in place: s[0] = 'x' works.", answer=False),
            ),
        ),
        Topic(
            "Conditions",
            "Combine comparisons with and, or and not; follow if, elif and else.",
            (
                drawn(lambda a, b: true_false(f"The expression {a} < {b} or {a} == 5 is true.", answer=a < b or a == 5), (1, 20), (1, 20)),
                drawn(
                    lambda a, b: choice(
                        f"x = {a}. What is printed?  if x > {b}: print('A')  elif x > {b - 4}: print('B')  else: print('C')",
                        *sorted("ABC", key=lambda c: c != ("A" if a > b else "B" if a > b - 4 else "C")),
                        "nothing",
                    ),
                    (1, 20),
                    (6, 16),
                ),
            ),
            (
                choice(
                    "Which expression is true exactly when x lies between 1 and 10, both included?",
                    "1 <= x <= 10",
                    "1 < x < 10",
                    "x >= 1 or x <= 10",
                    "x in (1, 10)",
                ),
                true_false("not (a and b) always equals (not a) or (not b).", answer=True),
            ),
        ),
        Topic(
            "Loops",
            "Predict how often a loop runs and what it leaves behind.",
            (
                drawn(
                    lambda a, b: numeric(f"How often does the body of  for i in range({a}, {a + b}):  run?", b, b + 1, a + b),
                    (1, 9),
                    (4, 15),
                ),
                drawn(
                    lambda n: numeric(
                        f"total = 0;  for i in range({n}): total += i.  What is total?", n * (n - 1) // 2, n * (n + 1) // 2, n
                    ),
                    (4, 14),
                ),
            ),
            (
                choice("Which statement leaves the innermost loop at once?", "break", "continue", "pass", "stop"),
                true_false("The body of a while loop always runs at least once.", answer=False),
            ),
        ),
        Topic(
            "Functions",
            "Write functions with parameters and a return value; tell printing from returning.",
            (
                drawn(
                    lambda a, b: numeric(f"def f(x, y={b}): return x * y - 1.  What is f({a})?", a * b - 1, a * b, a - 1), (2, 9), (2, 9)
                ),
                drawn(lambda a: numeric(f"def g(x): return x + 3.  What is g(g({a}))?", a + 6, a + 3, 2 * a + 6), (1, 30)),
            ),
            (
                choice("What does a function return that has no return statement?", "None", "0", "an empty string", "an error"),
                true_false("A variable assigned inside a function is visible everywhere in the program.", answer=False),
            ),
        ),
        Topic(
            "Lists and tuples",
            "Index, change and copy lists; know when two names share one list.",
            (
                drawn(
                    lambda a, b, c: numeric(f"After x = [{a}, {b}]; y = x; y.append({c}), how long is x?", 3, 2, c), (1, 9), (1, 9), (1, 9)
                ),
                drawn(lambda a, b, c: numeric(f"What is [{a}, {b}, {c}][-1]?", c, a, b), (10, 39), (40, 69), (70, 99)),
            ),
            (
                choice("Which expression makes a copy of the list x?", "x[:]", "x", "[x]", "x[0]"),
                multiple("Which of these change the list x in place?", ("x.append(1)", "x.sort()"), ("sorted(x)", "x + [1]")),
            ),
        ),
        Topic(
            "Dictionaries and sets",
            "Choose a dictionary or a set where a lookup is wanted; count with a dictionary.",
            (
                drawn(
                    lambda a, b: numeric(f"d = {{'a': {a}, 'b': {b}}};  d['a'] += d['b'].  What is d['a']?", a + b, a, b), (2, 40), (2, 40)
                ),
                drawn(lambda a, b: numeric(f"How many elements has the set {{{a}, {b}, {a}, {b}, {a + b}}}?", 3, 5, 4), (2, 19), (20, 39)),
            ),
            (
                choice("What does d.get('k', 0) give when 'k' is not a key of d?", "0", "None", "a KeyError", "'k'"),
                true_false("A list can be a key of a dictionary.", answer=False),
            ),
        ),
        Topic(
            "Files and exceptions",
            "Read a text file line by line; handle the errors one can expect and no others.",
            (
                drawn(
                    lambda a, b: numeric(
                        f"A file holds {a} lines, {b} of them empty. How many items has list(open(path))?", a, a - b, a + 1
                    ),
                    (10, 60),
                    (2, 9),
                ),
                drawn(
                    lambda a: choice(f"Which exception does int('{a}x') raise?", "ValueError", "TypeError", "KeyError", "SyntaxError"),
                    (1, 99),
                ),
            ),
            (
                choice(
                    "What does the with statement guarantee for an opened file?",
                    "that it is closed",
                    "that it exists",
                    "that it is empty",
                    "that it is text",
                ),
                true_false("A bare except: also catches a KeyboardInterrupt.", answer=True),
            ),
        ),
        Topic(
            "Recursion",
            "State the base case; trace the calls of a recursive function.",
            (
                drawn(
                    lambda n: numeric(f"def f(n): return 1 if n == 0 else 2 * f(n - 1).  What is f({n})?", 2**n, 2 * n, 2 ** (n + 1)),
                    (2, 9),
                ),
                drawn(
                    lambda n: numeric(
                        f"def s(n): return 0 if n == 0 else n + s(n - 1).  How many calls of s does s({n}) make in all?",
                        n + 1,
                        n,
                        n * (n + 1) // 2,
                    ),
                    (3, 20),
                ),
            ),
            (
                choice(
                    "What happens in Python when a recursion has no base case?",
                    "RecursionError",
                    "it returns None",
                    "it runs forever",
                    "SyntaxError",
                ),
                true_false("Every recursive function can also be written with a loop.", answer=True),
            ),
        ),
        Topic(
            "Classes and objects",
            "Read a class definition; tell an attribute of the class from one of the object.",
            (
                drawn(
                    lambda a, b: numeric(
                        f"class P: def __init__(self, x): self.x = x.   p = P({a}); q = P({b}); p.x = q.x.  What is p.x?", b, a, a + b
                    ),
                    (1, 40),
                    (41, 90),
                ),
                drawn(
                    lambda n: numeric(
                        f"A class counts its objects in a class attribute. After {n} objects are made, what does the attribute of the last one read?",
                        n,
                        1,
                        0,
                    ),
                    (2, 30),
                ),
            ),
            (
                short_text("What is the usual name of the first parameter of a method?", "self", "this", "init", "cls"),
                true_false("Two objects of the same class always compare equal with ==.", answer=False),
            ),
        ),
        Topic(
            "Searching, sorting and cost",
            "Compare linear and binary search; estimate how the cost grows with the input.",
            (
                drawn(
                    lambda k: numeric(
                        f"At most how many comparisons does binary search need among {2**k - 1} sorted items?", k, 2**k - 1, k + 1
                    ),
                    (3, 12),
                ),
                drawn(
                    lambda k: numeric(
                        f"A loop inside a loop takes 1 second for n items. About how many seconds for {k} times as many?", k * k, k, 2 * k
                    ),
                    (3, 12),
                ),
            ),
            (
                choice("How does the cost of merge sort grow with n?", "n log n", "n", "n squared", "log n"),
                true_false("Binary search needs a sorted list.", answer=True),
            ),
        ),
    ),
)
