"""The public pre-arrival list as a page."""

from collections.abc import Sequence
from datetime import date

from riskml.reports.content import Cell, Column, Missing, Paragraph, Report, Row, Section, Table
from riskml.reports.formatting import format_period
from riskml.reports.wording import Language, Message

__all__ = ["public_page"]

TITLE = Message(
    en="Containers selected for scanning before arrival",
    vi="Danh sách container được chọn soi chiếu trước khi đến",
)
EXPLANATION = Message(
    en="The containers below are to be scanned on arrival. Being listed is no statement about the"
    " goods or their owner: some containers are chosen at random.",
    vi="Các container dưới đây sẽ được soi chiếu khi đến. Việc có tên trong danh sách không phải là"
    " nhận định về hàng hóa hay chủ hàng: một số container được chọn ngẫu nhiên.",
)
EMPTY = Message(
    en="No container was selected for scanning before arrival.",
    vi="Không có container nào được chọn soi chiếu trước khi đến.",
)
DAY = Message(en="Selected on", vi="Ngày chọn")
OFFICE = Message(en="Office", vi="Đơn vị")
CONTAINER = Message(en="Container", vi="Số container")


def public_page(rows: Sequence[tuple[str, str, str]], language: Language) -> Report:
    """Return the public list as a report.

    Parameters
    ----------
    rows : sequence of (str, str, str)
        Day (ISO), office and container number, as `riskml.selection.public_list` gives them.
    language : {"en", "vi"}
        Language of the page.
    """
    days = [date.fromisoformat(day) for day, _, _ in rows]
    if not rows:
        sections = (Section("", (Paragraph(EMPTY(language), "lead"),)),)
        return Report(TITLE(language), language, sections)
    columns = (
        Column(DAY(language), "day"),
        Column(OFFICE(language)),
        Column(CONTAINER(language)),
    )
    cells: list[tuple[Cell, ...]] = [
        (day, office or Missing.UNKNOWN, container)
        for day, (_, office, container) in zip(days, rows, strict=True)
    ]
    table = Table(TITLE(language), columns, tuple(Row(row) for row in cells))
    return Report(
        TITLE(language),
        language,
        (Section("", (Paragraph(EXPLANATION(language), "lead"), table)),),
        subtitle=format_period(min(days), max(days), language),
    )
