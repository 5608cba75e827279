"""Workbooks and JSON tables that are hostile, and such with odd cells that have one right meaning."""

import io
import zipfile
from collections.abc import Callable
from xml.sax.saxutils import escape

from tests.hostile.entry import Entry, Imported, Make, Refused, written

TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>'
    '<Override PartName="/xl/sharedStrings.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
WORKBOOK = (
    f'<?xml version="1.0"?><workbook {MAIN} xmlns:r="{RELATIONS}"><sheets>'
    '<sheet name="People" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
OF_PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
ROOT_LINKS = (
    f'<?xml version="1.0"?><Relationships {OF_PACKAGE}><Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>"
)
LINKS = (
    f'<?xml version="1.0"?><Relationships {OF_PACKAGE}>'
    f'<Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{RELATIONS}/styles" Target="styles.xml"/>'
    f'<Relationship Id="rId3" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
)
STYLES = (
    f'<?xml version="1.0"?><styleSheet {MAIN}><numFmts count="1"><numFmt numFmtId="164" formatCode="00000000"/></numFmts>'
    '<fonts count="1"><font/></fonts><fills count="1"><fill><patternFill/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="14" applyNumberFormat="1"/></cellXfs>'
    "</styleSheet>"
)
HEADER = ("id", "family_name", "given_name")
SPREADSHEET = "application/vnd.oasis.opendocument.spreadsheet"
NAMESPACES = (
    " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text", "style"))
    + ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
)


def text_cells(*texts: str) -> str:
    """Cells of an XLSX row with texts."""
    return "".join(f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>' for text in texts)


def sheet(*rows: str) -> str:
    """A sheet of XLSX with rows, each as its cells."""
    return f'<?xml version="1.0"?><worksheet {MAIN}><sheetData>{"".join(f"<row>{row}</row>" for row in rows)}</sheetData></worksheet>'


def xlsx(content: str, *, strings: str = "", **others: str) -> bytes:
    """A workbook with one sheet; `others` are further parts by their names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in {
            "[Content_Types].xml": TYPES,
            "_rels/.rels": ROOT_LINKS,
            "xl/workbook.xml": WORKBOOK,
            "xl/_rels/workbook.xml.rels": LINKS,
            "xl/styles.xml": STYLES,
            "xl/sharedStrings.xml": strings or f'<?xml version="1.0"?><sst {MAIN}/>',
            "xl/worksheets/sheet1.xml": content,
            **others,
        }.items():
            archive.writestr(name, part)
    return stream.getvalue()


def ods(rows: str, *, head: str = "", styles: str = "", style: str = "") -> bytes:
    """A workbook of OpenDocument with one sheet of rows, whose style has a name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), SPREADSHEET)
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0"?>{head}<office:document-content {NAMESPACES}>{styles}<office:body><office:spreadsheet>'
            f'<table:table table:name="People" table:style-name="{style}">{rows}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return stream.getvalue()


def ods_row(*texts: str, more: str = "") -> str:
    """A row of ODS with texts."""
    cells = "".join(f'<table:table-cell office:value-type="string"><text:p>{escape(text)}</text:p></table:table-cell>' for text in texts)
    return f"<table:table-row>{cells}{more}</table:table-row>"


def _xlsx(*rows: str) -> Make:
    return written(lambda: xlsx(sheet(text_cells(*HEADER), *rows)), name="people.xlsx")


def _ods(*rows: str) -> Make:
    return written(lambda: ods(ods_row(*HEADER) + "".join(rows)), name="people.ods")


def _refused(name: str, make: Make, sentence: str) -> Entry:
    return Entry(name, make, Refused(rf"people\.(xlsx|ods|json).*{sentence}"), form="csv")


def _part(content: Callable[[], str]) -> Make:
    return written(lambda: xlsx(content()), name="people.xlsx")


def _open(start: str, piece: str, count: int, end: str) -> Callable[[], str]:
    """A part with very many pieces, which pack badly so that the ratio of the archive stays small."""
    return lambda: start + "".join(piece.replace("#", f"{number * 2654435761 % 2**32:x}") for number in range(count)) + end


def _long_workbook() -> bytes:
    rows = (text_cells(str(number), f"Family{number}", f"Given{number % 100}") for number in range(10_000))
    return xlsx(sheet(text_cells(*HEADER), *rows))


def _long_ods() -> bytes:
    return ods(ods_row(*HEADER) + "".join(ods_row(str(number), f"Family{number}", f"Given{number % 100}") for number in range(10_000)))


ADA = text_cells("1", "Lovelace", "Ada")
FORMULA = '<c t="str"><f>1+1</f><v>7</v></c>' + text_cells("Lovelace", "Ada")
WITHOUT_VALUE = "<c><f>A1+B1</f></c>" + text_cells("Lovelace", "Ada")
ERROR = '<c t="e"><v>#N/A</v></c>' + text_cells("Lovelace", "Ada")
AS_SHOWN = '<c s="1"><v>78</v></c>' + text_cells("Lovelace", "Ada")
AS_TEXT = (
    "people.xlsx: cells with a formula whose value is not stored were read as the text of the formula: 1, "
    "the first in row 2: =A1+B1. To get their values, save the file in a spreadsheet program."
)
FAR = '<c r="XFD2" t="inlineStr"><is><t>x</t></is></c>'
LAST = '<row r="1048576"><c r="A1048576" s="1"/></row>'
A_NUMBER = '<row a="#"><c><v>1</v></c></row>'
DTD = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
SHEET_START, SHEET_END = f'<?xml version="1.0"?><worksheet {MAIN}><sheetData>', "</sheetData></worksheet>"

WORKBOOKS = (
    Entry("a workbook with a formula and its value", _xlsx(FORMULA), Imported(1, names=("Lovelace, Ada",))),
    Entry("a workbook with an id of leading zeros", _xlsx(AS_SHOWN), Imported(1, names=("Lovelace, Ada",))),
    Entry(
        "a workbook with an empty last row of the sheet",
        _part(
            lambda: sheet(text_cells(*HEADER), ADA).replace("</sheetData>", '<row r="1048576"><c r="A1048576" s="1"/></row></sheetData>')
        ),
        Imported(1, names=("Lovelace, Ada",)),
    ),
    Entry(
        "a workbook with a formula without a value",
        _xlsx(WITHOUT_VALUE),
        Imported(
            1,
            rejected=((2, "id", "is a formula of a spreadsheet"),),
            notes=(AS_TEXT,),
        ),
    ),
    _refused("a workbook with a document type", _part(lambda: DTD + sheet(ADA).partition("?>")[2]), "it has a document type"),
    _refused(
        "a workbook whose texts have a document type",
        written(lambda: xlsx(sheet(ADA), strings=DTD + f"<sst {MAIN}><si><t>&b;</t></si></sst>"), name="people.xlsx"),
        "it has a document type",
    ),
    _refused("a workbook with a cell in the last column", _xlsx(FAR), "row 2 has more than 10,000 columns"),
    _refused(
        "a workbook with a row of 50,001 elements",
        _part(_open(SHEET_START + "<row>", '<c r="A1"/>', 60_000, "</row>" + SHEET_END)),
        "elements",
    ),
    _refused("a workbook with a row far below", _part(lambda: SHEET_START + '<row r="999999999"/>' + SHEET_END), "a row that no sheet has"),
    _refused(
        "a workbook with 60,000 merged cells",
        _part(_open(f'<?xml version="1.0"?><worksheet {MAIN}><mergeCells>', '<mergeCell ref="#"/>', 60_000, "</mergeCells></worksheet>")),
        "too many elements",
    ),
    _refused("a workbook whose sheet is 20 times packed", _part(lambda: SHEET_START + " " * 20_000_000 + SHEET_END), "unpacks to more"),
    _refused(
        "a workbook with a cell of 2 MiB",
        _part(_open(SHEET_START + '<row><c t="str"><v>', "#", 300_000, "</v></c></row>" + SHEET_END)),
        "1 MiB",
    ),
    _refused(
        "a workbook with elements 1,000 deep",
        _part(lambda: SHEET_START + "<a>" * 1000 + "</a>" * 1000 + SHEET_END),
        "nested more than 100 deep",
    ),
    _refused("a workbook that breaks off", written(lambda: xlsx(sheet(ADA))[:-200], name="people.xlsx"), "damaged or cut off"),
    _refused("a workbook whose sheet breaks off", _part(lambda: sheet(ADA)[:-30]), "not well-formed XML"),
    _refused("a workbook without a cell", _part(sheet), "no sheet with cells"),
    _refused("a workbook with half a number", _part(lambda: sheet("<c><v>1e</v></c>")), "is not as the format"),
    _refused(
        "a workbook with a number of 10,000 digits",
        _part(lambda: sheet(f"<c><v>{'9' * 10_000}</v></c>")),
        "is not as the format",
    ),
    Entry(
        "an ODS workbook with a formula and its value",
        _ods(
            ods_row(
                more='<table:table-cell table:formula="of:=1+1" office:value-type="float" office:value="7"><text:p>7</text:p>'
                "</table:table-cell>"
                "<table:table-cell><text:p>Lovelace</text:p><office:annotation><text:p>secret</text:p></office:annotation></table:table-cell>"
                "<table:table-cell><text:p>Ada<text:s/>M.</text:p></table:table-cell>"
            )
        ),
        Imported(1, names=("Lovelace, Ada M.",)),
    ),
    Entry(
        "an ODS workbook with empty rows and columns to the end of the sheet",
        _ods(
            ods_row("1", "Lovelace", "Ada", more='<table:table-cell table:number-columns-repeated="16381"/>'),
            '<table:table-row table:number-rows-repeated="1048574"><table:table-cell table:number-columns-repeated="16384"/>'
            "</table:table-row>",
        ),
        Imported(1, names=("Lovelace, Ada",)),
    ),
    _refused(
        "an ODS workbook with a text in every column",
        _ods(ods_row("1", more='<table:table-cell table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell>')),
        "row 2 has more than 10,000 columns",
    ),
    _refused(
        "an ODS workbook with one row a million times",
        _ods(ods_row("1", "A", "B").replace("<table:table-row>", '<table:table-row table:number-rows-repeated="1048575">')),
        "more than 250,000 rows",
    ),
    _refused(
        "an ODS workbook with a space of a million",
        _ods(ods_row(more='<table:table-cell><text:p><text:s text:c="999999999"/></text:p></table:table-cell>')),
        "1 MiB",
    ),
    _refused(
        "an ODS workbook with a document type", written(lambda: ods(ods_row(*HEADER), head=DTD[21:]), name="people.ods"), "document type"
    ),
    _refused(
        "an ODS workbook from which Moodle left out a text", _ods("<table:table-row><table:table-cell<table:table-cell/>"), "row 2: content"
    ),
    Entry(
        "a JSON table",
        written('[[{"id": "1", "family_name": "Lovelace", "given_name": "Ada \\u00e9"}]]', name="people.json"),
        Imported(1, names=("Lovelace, Ada é",)),
    ),
    Entry(
        "a JSON table with a NUL character",
        written('[{"id": "1", "family_name": "Love\\u0000lace", "given_name": "Ada"}]', name="people.json"),
        Imported(1, rejected=((2, "family_name", "contains a NUL character"),)),
        form="csv",
    ),
    _refused("a JSON table in a JSON table", written('[{"id": [[[]]]}]', name="people.json"), "neither a text nor a number"),
    _refused("a JSON table that breaks off", written('[{"id": "1"', name="people.json"), "line 1"),
    _refused("a JSON table with a field twice", written('[{"id": "1", "id": "2"}]', name="people.json"), "'id' is in a row twice"),
    _refused("a JSON table with another field", written('[{"id": "1"}, {"name": "2"}]', name="people.json"), "row 3 has the field 'name'"),
)
LARGE = (
    _refused(
        "a workbook with 260,000 rows",
        _part(_open(SHEET_START, A_NUMBER, 260_000, SHEET_END)),
        "more than 250,000 rows",
    ),
    _refused("a JSON table of 33 MiB", written(lambda: '[{"id": "' + "x" * 33 * 1024**2, name="people.json"), "larger than 32 MiB"),
    _refused(
        "a JSON table of many rows", written(lambda: "[" + '{"id":"1"},' * 260_000 + "{}]", name="people.json"), "more than 250,000 rows"
    ),
    Entry("a workbook of 10,000 rows", written(_long_workbook, name="people.xlsx"), Imported(10_000)),
    Entry("an ODS workbook of 10,000 rows", written(_long_ods, name="people.ods"), Imported(10_000)),
)
"""Files that take seconds; their memory is measured with that of the others."""
