"""Made-up prose of any length, in English and German."""

from __future__ import annotations

import itertools

ENGLISH = (
    "The mean of a sample is the sum of its values divided by their number. A median is less sensitive to values that lie far away from "
    "the others, which is why incomes are often described by it. When we fit a line to points we choose the slope that makes the squared "
    "distances as small as possible. What remains after fitting is called a residual, and a pattern in the residuals shows that something "
    "important has been left out of the model. Students often believe that a high correlation proves a cause, which it does not."
)
GERMAN = (
    "Der Mittelwert einer Stichprobe ist die Summe ihrer Werte geteilt durch deren Anzahl. Der Median reagiert weniger empfindlich auf "
    "Ausreißer, weshalb man Einkommen meistens durch ihn beschreibt. Wenn wir eine Gerade an Punkte anpassen, wählen wir die Steigung so, "
    "dass die quadrierten Abstände möglichst klein werden. Was nach der Anpassung übrig bleibt, heißt Residuum, und ein Muster in den "
    "Residuen zeigt, dass im Modell etwas Wichtiges fehlt."
)


def words(count: int, text: str = ENGLISH) -> list[str]:
    """So many words of a text, again from its start when it ends."""
    return list(itertools.islice(itertools.cycle(text.split()), count))


def numbered(count: int, prefix: str = "word") -> list[str]:
    """Words that differ from each other."""
    return [f"{prefix}{number}" for number in range(count)]
