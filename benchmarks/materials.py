"""How long it takes to read a PDF of 300 pages and 1,000 web pages, as a ratio to what the bare libraries need for the same files.

Run it with: python -m benchmarks.materials

The bare library gives the text of pages without lines, headings, headers removed, passages or languages; `lmskit` gives those, from a child
process whose start is measured apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.materials.pdf_files import Text, pdf, prose
from tests.materials.words import ENGLISH, words

PAGES, FILES = 300, 1_000


def book() -> bytes:
    """A script of 300 pages with headings, a header and page numbers."""
    return pdf(
        [
            [
                Text("Statistics I", 800, size=9),
                Text(f"Section {number}", 770, size=18),
                *prose(words(420), per_line=12, top=740),
                Text(str(number), 40, size=9),
            ]
            for number in range(1, PAGES + 1)
        ]
    )


def web_pages() -> list[bytes]:
    """Pages of 1,000 words with a menu and a footer."""
    menu = "".join(f"<li><a href='/{number}'>Menu {number}</a></li>" for number in range(40))
    sections = "".join(f"<h2>Section {number}</h2><p>{ENGLISH}</p><p>{ENGLISH}</p>" for number in range(5))
    page = "<html><head><title>Page {}</title></head><body><ul>{}</ul><div><h1>Page {}</h1>{}</div><footer>Imprint</footer></body></html>"
    return [page.format(number, menu, number, sections).encode() for number in range(FILES)]


def timed(work: Callable[[], int]) -> tuple[int, float]:
    """What the work gives, and how many seconds it takes."""
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def main() -> None:
    """Print the times and ratios."""
    import pypdfium2
    from trafilatura import bare_extraction

    from lmskit.materials.reading import MaterialReader

    def bare_book() -> int:
        document = pypdfium2.PdfDocument(content)
        return sum(len(page.get_textpage().get_text_range()) for page in document)

    def bare_pages() -> int:
        return sum(bare_extraction(page) is not None for page in pages)

    content, pages = book(), web_pages()
    start = time.perf_counter()
    with MaterialReader() as reader:
        reader.read(b"a few words")
        print(f"start of the process: {time.perf_counter() - start:.2f} s")
        reader.read(pages[0])  # its libraries are loaded
        for what, bare, ours, count in (
            ("PDF", bare_book, lambda: len(reader.read(content).passages), PAGES),
            ("HTML", bare_pages, lambda: sum(len(reader.read(page).passages) for page in pages), FILES),
        ):
            (_, of_library), (passages, of_lmskit) = timed(bare), timed(ours)
            assert passages >= count
            print(
                f"{what}, {count:,} pages: {of_lmskit:.2f} s ({1000 * of_lmskit / count:.1f} ms a page); "
                f"the bare library {of_library:.2f} s; "
                f"ratio {of_lmskit / of_library:.1f}"
            )


if __name__ == "__main__":
    main()
