"""Statistics: twelve weeks."""

# ruff: noqa: E501, PLR2004  # a prompt stands on one line, and its numbers are the question's own

from __future__ import annotations

from lmskit.analytics.itembank.item import Module, Topic, choice, drawn, multiple, numeric, short_text, true_false

MODULE = Module(
    "STAT",
    "Statistics",
    (
        Topic(
            "Data and variables",
            "Tell categorical from numerical variables, and a sample from a population.",
            (
                drawn(
                    lambda a, b: numeric(
                        f"{a} of {a + b} people answered yes. What percentage is that? (one decimal)",
                        round(100 * a / (a + b), 1),
                        100 * a / b,
                        tolerance=0.1,
                    ),
                    (12, 45),
                    (46, 90),
                ),
                drawn(
                    lambda a: choice(
                        f"{a} students are weighed. What is the observational unit?",
                        "one student",
                        "the weight",
                        f"the {a} students together",
                        "a kilogram",
                    ),
                    (20, 90),
                ),
            ),
            (
                choice("Which of these variables is categorical?", "blood group", "height in cm", "number of siblings", "reaction time"),
                true_false("A sample chosen by whoever volunteers is a random sample.", answer=False),
            ),
        ),
        Topic(
            "Mean, median and quartiles",
            "Compute measures of centre by hand; say which of them outliers move.",
            (
                drawn(
                    lambda a, b, c: numeric(f"What is the mean of {a}, {b} and {3 * c - a - b}?", c, b, (a + b) / 2),
                    (2, 9),
                    (10, 19),
                    (12, 30),
                ),
                drawn(
                    lambda a, b, c: numeric(f"What is the median of {c}, {a}, {b}, {c + 5} and {a - 1}?", b, c, a),
                    (2, 9),
                    (10, 19),
                    (20, 40),
                ),
            ),
            (
                choice("Which measure does a single huge outlier change least?", "the median", "the mean", "the range", "the variance"),
                true_false("Half of all values are always exactly equal to the median.", answer=False),
            ),
        ),
        Topic(
            "Spread",
            "Compute the variance and standard deviation; read a box plot.",
            (
                drawn(
                    lambda a, d: numeric(
                        f"What is the population variance of {a - d}, {a} and {a + d}? (two decimals)",
                        round(2 * d * d / 3, 2),
                        d * d,
                        d,
                        tolerance=0.01,
                    ),
                    (10, 40),
                    (2, 9),
                ),
                drawn(
                    lambda v, k: numeric(
                        f"A variable has the standard deviation {v}. Every value is multiplied by {k}. What is its standard deviation now?",
                        v * k,
                        v,
                        v * k * k,
                    ),
                    (2, 9),
                    (2, 6),
                ),
            ),
            (
                choice("Adding 10 to every value changes the standard deviation by", "nothing", "10", "the square root of 10", "100"),
                true_false("The interquartile range contains about half of the values.", answer=True),
            ),
        ),
        Topic(
            "Probability",
            "Use the addition and multiplication rules; tell disjoint from independent.",
            (
                drawn(
                    lambda a, b: numeric(
                        f"A and B are independent, P(A) = 0.{a}, P(B) = 0.{b}. What is P(A and B)?",
                        a * b / 100,
                        (a + b) / 10,
                        tolerance=0.001,
                    ),
                    (2, 9),
                    (2, 9),
                ),
                drawn(
                    lambda a, b: numeric(
                        f"A bag holds {a} red and {b} blue balls. What is the probability of red? (two decimals)",
                        round(a / (a + b), 2),
                        a / b,
                        tolerance=0.01,
                    ),
                    (2, 9),
                    (10, 19),
                ),
            ),
            (
                choice(
                    "Two events of positive probability that exclude each other are",
                    "never independent",
                    "always independent",
                    "sometimes independent",
                    "equally likely",
                ),
                true_false("After five heads in a row, tails is more likely with a fair coin.", answer=False),
            ),
        ),
        Topic(
            "Conditional probability and Bayes",
            "Reverse a conditional probability with a table or with Bayes' theorem.",
            (
                drawn(
                    lambda a, b: numeric(
                        f"Of 1000 people {a * 10} are ill. The test finds all of them, and is wrongly positive for {b * 10} others. What share of the positives is ill? (two decimals)",
                        round(a / (a + b), 2),
                        a / 100,
                        1.0,
                        tolerance=0.01,
                    ),
                    (1, 9),
                    (5, 20),
                ),
                drawn(
                    lambda a, b: numeric(
                        f"P(A and B) = 0.{a}, P(B) = 0.{b}. What is P(A | B)? (two decimals)", round(a / b, 2), a * b / 100, tolerance=0.01
                    ),
                    (1, 4),
                    (5, 9),
                ),
            ),
            (
                choice("P(A | B) = P(A) means that A and B are", "independent", "disjoint", "equal", "certain"),
                true_false("P(A | B) and P(B | A) are always equal.", answer=False),
            ),
        ),
        Topic(
            "Random variables",
            "Compute expectation and variance of a discrete variable; use their rules.",
            (
                drawn(lambda a, b, m: numeric(f"E(X) = {m}. What is E({a}X + {b})?", a * m + b, a * m, a + b + m), (2, 9), (1, 9), (2, 12)),
                drawn(lambda a, v: numeric(f"Var(X) = {v}. What is Var({a}X + 3)?", a * a * v, a * v, a * v + 3), (2, 6), (2, 9)),
            ),
            (
                choice("What is the expected value of one throw of a fair die?", "3.5", "3", "4", "6"),
                true_false("E(X + Y) = E(X) + E(Y) holds only for independent X and Y.", answer=False),
            ),
        ),
        Topic(
            "The binomial distribution",
            "Recognise binomial situations; compute their mean and variance.",
            (
                drawn(
                    lambda n, p: numeric(
                        f"X is binomial with n = {n * 10} and p = 0.{p}. What is E(X)?", n * p, n * 10, n * p / 10, tolerance=0.01
                    ),
                    (2, 20),
                    (1, 9),
                ),
                drawn(
                    lambda n, p: numeric(
                        f"X is binomial with n = {n * 10} and p = 0.{p}. What is Var(X)?",
                        round(n * p * (10 - p) / 10, 2),
                        n * p,
                        tolerance=0.01,
                    ),
                    (2, 20),
                    (1, 9),
                ),
            ),
            (
                choice(
                    "Which of these is binomial?",
                    "sixes in 20 throws of a die",
                    "throws until the first six",
                    "the sum of 20 throws",
                    "the largest of 20 throws",
                ),
                true_false("Draws without replacement from a small bag are binomial.", answer=False),
            ),
        ),
        Topic(
            "The normal distribution",
            "Standardise; use the 68-95-99.7 rule.",
            (
                drawn(
                    lambda m, s, k: numeric(
                        f"X is normal with mean {m} and standard deviation {s}. What is the z-score of {m + k * s}?", k, k * s, m
                    ),
                    (40, 90),
                    (2, 9),
                    (-3, 3),
                ),
                drawn(
                    lambda m, s: choice(
                        f"X is normal with mean {m} and standard deviation {s}. About which share lies between {m - s} and {m + s}?",
                        "68 %",
                        "50 %",
                        "95 %",
                        "99.7 %",
                    ),
                    (40, 90),
                    (2, 9),
                ),
            ),
            (
                choice("The median of a normal distribution with mean 10 and variance 4 is", "10", "4", "2", "0"),
                true_false("A linear transformation of a normal variable is normal.", answer=True),
            ),
        ),
        Topic(
            "Sampling distributions",
            "State how the mean of a sample varies; use the central limit theorem.",
            (
                drawn(
                    lambda s, k: numeric(
                        f"A population has the standard deviation {s * k}. What is the standard error of the mean of {k * k} values?",
                        s,
                        s * k,
                        s / k,
                    ),
                    (2, 9),
                    (2, 9),
                ),
                drawn(
                    lambda k: numeric(f"By what factor must a sample grow to make the standard error {k} times smaller?", k * k, k, 2 * k),
                    (2, 9),
                ),
            ),
            (
                choice(
                    "The central limit theorem says that for large samples the mean is nearly",
                    "normal",
                    "uniform",
                    "equal to the median",
                    "zero",
                ),
                true_false("The standard error falls in proportion to the sample size.", answer=False),
            ),
        ),
        Topic(
            "Confidence intervals",
            "Compute an interval for a mean; say what 95 % refers to.",
            (
                drawn(
                    lambda m, s: numeric(
                        f"A mean is {m} with the standard error {s}. What is the upper end of the 95 % interval? (use 1.96, two decimals)",
                        round(m + 1.96 * s, 2),
                        m + s,
                        m + 2.58 * s,
                        tolerance=0.01,
                    ),
                    (20, 90),
                    (1, 6),
                ),
                drawn(
                    lambda a, h: numeric(f"A 95 % interval runs from {a} to {a + 2 * h}. What is its margin of error?", h, 2 * h, a + h),
                    (10, 60),
                    (2, 9),
                ),
            ),
            (
                choice("Raising the confidence from 90 % to 99 % makes the interval", "wider", "narrower", "no different", "more precise"),
                true_false("95 % of all values of the population lie in the 95 % interval of the mean.", answer=False),
            ),
        ),
        Topic(
            "Hypothesis tests",
            "Set up a test; interpret a p-value; name both kinds of error.",
            (
                drawn(
                    lambda m, d, s: numeric(
                        f"H0: mean = {m}. The sample mean is {m + d * s}, its standard error {s}. What is the z statistic?", d, d * s, m
                    ),
                    (20, 90),
                    (1, 4),
                    (2, 9),
                ),
                drawn(
                    lambda p: true_false(f"With p = 0.0{p + p // 5} and a significance level of 5 %, H0 is rejected.", answer=p < 5), (1, 8)
                ),
            ),
            (
                multiple(
                    "Which of these make a test more powerful?",
                    ("a larger sample", "a larger true effect"),
                    ("a smaller significance level", "a more variable population"),
                ),
                true_false("The p-value is the probability that the null hypothesis is true.", answer=False),
            ),
        ),
        Topic(
            "Correlation and regression",
            "Read a regression line; keep correlation and causation apart.",
            (
                drawn(
                    lambda a, b, x: numeric(
                        f"The fitted line is y = {a} + {b}x. What does it predict for x = {x}?", a + b * x, (a + b) * x, a + b
                    ),
                    (1, 20),
                    (2, 9),
                    (2, 12),
                ),
                drawn(
                    lambda r: numeric(
                        f"The correlation is 0.{r}. Which share of the variance does the line explain? (two decimals)",
                        r * r / 100,
                        r / 10,
                        tolerance=0.001,
                    ),
                    (2, 9),
                ),
            ),
            (
                short_text(
                    "What is the difference between an observed and a predicted value called?",
                    "residual",
                    "error term",
                    "slope",
                    "variance",
                ),
                true_false("A correlation of 0 means that the variables are unrelated in every way.", answer=False),
            ),
        ),
    ),
)
