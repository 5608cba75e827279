"""Linear algebra: twelve weeks."""

# a prompt stands on one line, and its numbers are the question's own

from __future__ import annotations

from lmskit.analytics.itembank.item import Module, Topic, choice, drawn, multiple, numeric, short_text, true_false

MODULE = Module(
    "LINA",
    "Linear algebra",
    (
        Topic(
            "Vectors",
            "Add and scale vectors; express one as a combination of others.",
            (
                drawn(
                    lambda a, b, k: choice(f"What is {k}·({a}, {b})?", (k * a, k * b), (k + a, k + b), (k * a, b), (a, k * b)),
                    (2, 9),
                    (2, 9),
                    (2, 5),
                ),
                drawn(
                    lambda a, b, c: numeric(f"What is the first entry of ({a}, 1, 0) + 2·({b}, {c}, 1)?", a + 2 * b, a + b, 1 + 2 * c),
                    (1, 9),
                    (1, 9),
                    (1, 9),
                ),
            ),
            (
                choice(
                    "Two vectors in the plane are linearly dependent exactly when",
                    "one is a multiple of the other",
                    "they are equal",
                    "they are orthogonal",
                    "they have the same length",
                ),
                true_false("The zero vector is a linear combination of any vectors.", answer=True),
            ),
        ),
        Topic(
            "Length and dot product",
            "Compute lengths and angles; test for orthogonality.",
            (
                drawn(
                    lambda a, b, c, d: numeric(
                        f"What is the dot product of ({a}, {b}) and ({c}, {d})?", a * c + b * d, a * d + b * c, a * c
                    ),
                    (-6, 9),
                    (1, 9),
                    (1, 9),
                    (-6, 9),
                ),
                drawn(lambda k: numeric(f"What is the length of ({3 * k}, {4 * k})?", 5 * k, 7 * k, 25 * k), (1, 12)),
            ),
            (
                choice("The dot product of two non-zero vectors is 0. They are", "orthogonal", "parallel", "equal", "of length 1"),
                true_false("The length of a sum is always the sum of the lengths.", answer=False),
            ),
        ),
        Topic(
            "Linear systems",
            "Solve small systems by elimination; tell none, one and infinitely many solutions apart.",
            (
                drawn(lambda x, y: numeric(f"x + y = {x + y} and x - y = {x - y}. What is x?", x, y, x + y), (2, 20), (2, 20)),
                drawn(lambda x, y, a: numeric(f"{a}x + y = {a * x + y} and y = {y}. What is x?", x, y, a * x), (2, 12), (1, 9), (2, 7)),
            ),
            (
                choice(
                    "A system of two equations whose lines are parallel and distinct has",
                    "no solution",
                    "one solution",
                    "two solutions",
                    "infinitely many solutions",
                ),
                true_false("A linear system can have exactly two solutions.", answer=False),
            ),
        ),
        Topic(
            "Matrices",
            "Multiply a matrix by a vector and by a matrix; watch the shapes.",
            (
                drawn(
                    lambda a, b, x, y: numeric(
                        f"What is the first entry of [[{a}, {b}], [0, 1]] times ({x}, {y})?", a * x + b * y, a * x, y
                    ),
                    (1, 9),
                    (1, 9),
                    (1, 9),
                    (1, 9),
                ),
                drawn(
                    lambda m, n, p: choice(
                        f"A has the shape {m}×{n}, B has {n}×{p}. Which shape has AB?",
                        f"{m}×{p}",
                        f"{n}×{n}",
                        f"{p}×{m}",
                        "it is not defined",
                    ),
                    (2, 4),
                    (5, 7),
                    (8, 9),
                ),
            ),
            (
                choice("For matrices A and B of fitting shapes, the transpose of AB is", "BᵀAᵀ", "AᵀBᵀ", "AB", "BA"),
                true_false("AB = BA for all square matrices of the same size.", answer=False),
            ),
        ),
        Topic(
            "Inverse matrices",
            "Invert 2×2 matrices; say when an inverse exists.",
            (
                drawn(
                    lambda a, b: numeric(
                        f"What is the top left entry of the inverse of [[{a}, 0], [0, {b}]]? (three decimals)",
                        round(1 / a, 3),
                        a,
                        1 / b,
                        tolerance=0.001,
                    ),
                    (2, 9),
                    (2, 9),
                ),
                drawn(lambda a, b: numeric(f"For which x is [[{a}, {a * b}], [1, x]] not invertible?", b, a * b, a), (2, 9), (2, 9)),
            ),
            (
                choice("If A and B are invertible, the inverse of AB is", "B⁻¹A⁻¹", "A⁻¹B⁻¹", "AB", "(BA)⁻¹"),
                true_false("Every square matrix has an inverse.", answer=False),
            ),
        ),
        Topic(
            "Vector spaces and subspaces",
            "Test a set for being a subspace; describe the span of vectors.",
            (
                drawn(
                    lambda a, b, c: true_false(f"The points of the plane with {a}x + {b}y = {c} form a subspace.", answer=c == 0),
                    (1, 9),
                    (1, 9),
                    (0, 1),
                ),
                drawn(
                    lambda a, b, k: numeric(f"What is the dimension of the span of ({a}, {b}) and ({k * a}, {k * b})?", 1, 2, 0),
                    (1, 9),
                    (1, 9),
                    (2, 5),
                ),
            ),
            (
                multiple(
                    "Which of these are subspaces of three-dimensional space?",
                    ("a plane through the origin", "the origin alone"),
                    ("the unit sphere", "a line that misses the origin"),
                ),
                true_false("The union of two subspaces is always a subspace.", answer=False),
            ),
        ),
        Topic(
            "Basis and dimension",
            "Find a basis; use rank and nullity.",
            (
                drawn(
                    lambda r, n: numeric(
                        f"A matrix with {r + n} columns has rank {r}. What is the dimension of its null space?", n, r, r + n
                    ),
                    (2, 6),
                    (1, 5),
                ),
                drawn(
                    lambda m, n: numeric(f"What is the dimension of the space of {m}×{n} matrices?", m * n, m + n, max(m, n)),
                    (2, 7),
                    (2, 7),
                ),
            ),
            (
                choice(
                    "Every basis of a space of dimension 4 has",
                    "4 vectors",
                    "at most 4 vectors",
                    "at least 4 vectors",
                    "orthogonal vectors",
                ),
                true_false("Five vectors in a space of dimension 4 are always linearly dependent.", answer=True),
            ),
        ),
        Topic(
            "Linear maps",
            "Find the matrix of a map; describe its kernel and its image.",
            (
                drawn(
                    lambda a, b: numeric(f"f is linear, f(1, 0) = {a} and f(0, 1) = {b}. What is f(2, 1)?", 2 * a + b, a + b, 2 * a * b),
                    (1, 20),
                    (1, 20),
                ),
                drawn(
                    lambda a, b: choice(
                        f"Which map of the plane has the matrix [[{a}, 0], [0, {b}]]?",
                        "a scaling along the axes",
                        "a rotation",
                        "a translation",
                        "a projection",
                    ),
                    (2, 5),
                    (6, 9),
                ),
            ),
            (
                choice(
                    "A linear map is injective exactly when its kernel",
                    "is the zero vector alone",
                    "is empty",
                    "is the whole space",
                    "has dimension 1",
                ),
                true_false("The map f(x) = x + 1 is linear.", answer=False),
            ),
        ),
        Topic(
            "Determinants",
            "Compute determinants of small matrices; use their rules.",
            (
                drawn(
                    lambda a, b, c, d: numeric(
                        f"What is the determinant of [[{a}, {b}], [{c}, {d}]]?", a * d - b * c, a * d + b * c, a * c - b * d
                    ),
                    (1, 9),
                    (1, 9),
                    (1, 9),
                    (1, 9),
                ),
                drawn(
                    lambda d, k: numeric(
                        f"A 2×2 matrix has the determinant {d}. What is the determinant of {k} times the matrix?", k * k * d, k * d, d
                    ),
                    (2, 9),
                    (2, 6),
                ),
            ),
            (
                choice("Swapping two rows of a matrix makes its determinant", "change sign", "stay the same", "zero", "double"),
                true_false("det(A + B) = det(A) + det(B) for all square matrices.", answer=False),
            ),
        ),
        Topic(
            "Eigenvalues and eigenvectors",
            "Find eigenvalues of 2×2 matrices; check an eigenvector.",
            (
                drawn(
                    lambda a, b, c: numeric(f"What is the largest eigenvalue of [[{a}, {b}], [0, {c}]]?", max(a, c), min(a, c), b, a + c),
                    (1, 9),
                    (1, 9),
                    (10, 19),
                ),
                drawn(
                    lambda a, d: numeric(f"What is the sum of the eigenvalues of [[{a}, 3], [2, {d}]]?", a + d, a * d - 6, a * d),
                    (1, 20),
                    (1, 20),
                ),
            ),
            (
                short_text("Eigenvalues are the roots of the … polynomial.", "characteristic", "minimal", "eigen", "quadratic"),
                true_false("A real matrix always has a real eigenvalue.", answer=False),
            ),
        ),
        Topic(
            "Orthogonality and projections",
            "Project onto a line; build an orthonormal basis.",
            (
                drawn(
                    lambda a, b: numeric(
                        f"What is the first entry of the projection of ({a}, {b}) onto (1, 1)?", (a + b) / 2, a, a + b, tolerance=0.01
                    ),
                    (1, 20),
                    (1, 20),
                ),
                drawn(lambda a, b: numeric(f"For which x are ({a}, {a * b}) and (x, 1) orthogonal?", -b, b, 0), (1, 9), (1, 9)),
            ),
            (
                choice("For a matrix Q with orthonormal columns, QᵀQ is", "the identity", "zero", "Q", "a projection of rank 1"),
                true_false("A projection applied twice gives the same as applied once.", answer=True),
            ),
        ),
        Topic(
            "Least squares",
            "Set up the normal equations; interpret the solution.",
            (
                drawn(
                    lambda a, b, c: numeric(
                        f"Which constant fits {a}, {b} and {3 * c - a - b} best in the sense of least squares?", c, b, a + b
                    ),
                    (1, 9),
                    (1, 9),
                    (10, 20),
                ),
                drawn(
                    lambda m, n: choice(
                        f"A has the shape {m}×{n}. Which shape has the matrix of the normal equations?",
                        f"{n}×{n}",
                        f"{m}×{m}",
                        f"{m}×{n}",
                        f"{n}×{m}",
                    ),
                    (10, 40),
                    (2, 6),
                ),
            ),
            (
                choice("The normal equations of Ax ≈ b are", "AᵀAx = Aᵀb", "AAᵀx = b", "Ax = Aᵀb", "Aᵀx = b"),
                true_false("The residual of a least-squares fit is orthogonal to the columns of A.", answer=True),
            ),
        ),
    ),
)
