import asyncio

from lmskit.forms.finder import Finder


def test_what_is_typed_is_searched_once_it_pauses():
    searched: list[str] = []

    def read(typed):
        searched.append(typed)
        return [("Loops", "CS101")], 1

    finder = Finder("course", read, hint="A part of code or title.", on_choose=lambda: None)

    async def type_a_word():
        for typed in ("l", "lo", "loo"):
            finder.typed.value = typed
        await asyncio.sleep(0.4)

    asyncio.run(type_a_word())
    assert searched == ["", "loo"]
