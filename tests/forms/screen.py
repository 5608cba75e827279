"""The widgets of a form, and a clock for tests."""


def widgets_in(view):
    """A widget and all widgets within it."""
    yield view
    for child in getattr(view, "children", ()):
        yield from widgets_in(child)


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now
