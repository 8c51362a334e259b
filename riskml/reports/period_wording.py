"""The words of the period report."""

from riskml.reports.wording import Message

__all__: list[str] = []

KICKER = Message(en="Period report", vi="Báo cáo kỳ")
TITLE = Message(en="Container scanning and what it found", vi="Kết quả soi chiếu container")
ALL_OFFICES = Message(en="All offices", vi="Toàn quốc")
ONE_OFFICE = Message(en="Office: {office}", vi="Đơn vị: {office}")

SCANS = Message(en="Scans", vi="Lượt soi chiếu")
SUSPICIOUS = Message(en="Suspicious", vi="Nghi vấn")
VIOLATIONS = Message(en="Violations", vi="Vi phạm")
SUSPICIOUS_PER_SCAN = Message(en="Suspicious per scan", vi="Nghi vấn trên lượt soi chiếu")
VIOLATIONS_PER_SUSPICIOUS = Message(en="Violations per suspicious", vi="Vi phạm trên nghi vấn")
VIOLATIONS_PER_SCAN = Message(en="Violations per scan", vi="Vi phạm trên lượt soi chiếu")
OF_SCANS = Message(en="{rate} of scans", vi="{rate} số lượt soi chiếu")
OF_SUSPICIOUS = Message(en="{rate} of suspicious images", vi="{rate} số hình ảnh nghi vấn")

LEAD = Message(
    en="Of {scans} scans, {suspicious} ({suspicious_rate}) showed a suspicious image and"
    " {violations} ({violation_rate}) ended in a violation.",
    vi="Trong {scans} lượt soi chiếu có {suspicious} lượt nghi vấn ({suspicious_rate}) và"
    " {violations} lượt phát hiện vi phạm ({violation_rate}).",
)
NO_SCANS = Message(
    en="No container was scanned in this period, so there is no ratio to report.",
    vi="Trong kỳ không có lượt soi chiếu nào, vì vậy không có tỷ lệ để báo cáo.",
)
NO_VIOLATION = Message(
    en="No violation was found. That does not prove there was none to find: with this number of"
    " scans, a rate of up to {high} per scan is compatible with the result.",
    vi="Không phát hiện vi phạm nào. Điều đó không chứng minh là không có vi phạm: với số lượt"
    " soi chiếu này, tỷ lệ đến {high} trên lượt soi chiếu vẫn phù hợp với kết quả.",
)
UNCERTAIN = Message(
    en="Taken as a sample of what the same selection finds, the period puts the rate of violations"
    " per scan between {low} and {high}.",
    vi="Nếu coi kỳ này là một mẫu của cách lựa chọn hiện hành, tỷ lệ vi phạm trên lượt soi chiếu"
    " nằm trong khoảng từ {low} đến {high}.",
)

RATIOS = Message(en="The three ratios", vi="Ba tỷ lệ chính")
RATIO = Message(en="Ratio", vi="Tỷ lệ")
COUNT = Message(en="Count", vi="Số vụ")
OUT_OF = Message(en="Out of", vi="Trên tổng số")
RATE = Message(en="Rate", vi="Giá trị")
INTERVAL = Message(en="95 % interval", vi="Khoảng tin cậy 95 %")

OFFICES = Message(en="By office", vi="Theo đơn vị")
OFFICE = Message(en="Office", vi="Đơn vị")
SHARE = Message(en="Share of scans", vi="Tỷ trọng soi chiếu")
HIT_RATE = Message(en="Violations per scan", vi="Vi phạm/lượt soi")
RANK = Message(en="Possible ranks", vi="Thứ hạng có thể")
OTHER_OFFICES = Message(en="Other offices", vi="Các đơn vị khác")
TOTAL = Message(en="Total", vi="Tổng cộng")
UNNAMED = Message(en="not stated", vi="không ghi")

NO_ORDER = Message(
    en="No two offices can be told apart: the differences between their rates are within what"
    " chance alone produces, so none is ranked above another.",
    vi="Không thể phân biệt hai đơn vị nào với nhau: chênh lệch tỷ lệ nằm trong mức ngẫu nhiên có"
    " thể gây ra, vì vậy không đơn vị nào được xếp trên đơn vị khác.",
)
SOME_ORDER = Message(
    en="What the figures do tell apart: {pairs}. Everything else is within what chance alone"
    " produces.",
    vi="Số liệu cho phép phân biệt: {pairs}. Mọi chênh lệch khác nằm trong mức ngẫu nhiên có thể"
    " gây ra.",
)
ABOVE = Message(en="{higher} finds more per scan than {lower}", vi="{higher} cao hơn {lower}")
MORE_PAIRS = Message(en="and {n} further pairs", vi="và {n} cặp khác")

OFFICE_CHART = Message(
    en="Violations per scan, by office", vi="Vi phạm trên lượt soi chiếu, theo đơn vị"
)
OFFICE_CHART_TEXT = Message(
    en="Dots are observed rates, lines their 95 % intervals; a short line means many scans.",
    vi="Chấm là tỷ lệ quan sát, đường là khoảng tin cậy 95 %; đường ngắn nghĩa là nhiều lượt soi.",
)
REFERENCE = Message(en="all: {rate}", vi="chung: {rate}")

CHANNELS = Message(en="By reason of selection", vi="Theo lý do lựa chọn")
CHANNEL = Message(en="Channel", vi="Kênh")
MODES = Message(en="By mode of transport", vi="Theo phương thức vận tải")
MODE = Message(en="Mode", vi="Phương thức")
MONTHS = Message(en="Month by month", vi="Theo tháng")
MONTH = Message(en="Month", vi="Tháng")
MONTH_CHART = Message(
    en="Violations per scan, by month", vi="Vi phạm trên lượt soi chiếu, theo tháng"
)

NAMES = {
    "model": Message(en="model", vi="mô hình"),
    "mandatory": Message(en="mandatory rule", vi="bắt buộc theo quy định"),
    "exploration": Message(en="random exploration", vi="khám phá ngẫu nhiên"),
    "officer": Message(en="officer", vi="công chức"),
    "sea": Message(en="sea", vi="đường biển"),
    "road": Message(en="road", vi="đường bộ"),
    "rail": Message(en="rail", vi="đường sắt"),
    "air": Message(en="air", vi="đường hàng không"),
}

PENDING = Message(en="Behind the figures", vi="Chi tiết thêm")
PENDING_TEXT = Message(
    en="Results that are still open can only add violations to the figures above.",
    vi="Các vụ chưa có kết luận chỉ có thể làm tăng số vi phạm nêu trên.",
)
UNREAD = Message(en="Scans without a reading", vi="Lượt soi chưa có kết quả đọc ảnh")
OPEN_SUSPICIOUS = Message(en="Suspicious, result open", vi="Nghi vấn, chưa có kết luận")
OPENED_CLEAR = Message(
    en="Read as clear, opened all the same", vi="Đọc ảnh không nghi vấn nhưng vẫn mở kiểm tra"
)
CLEAR_VIOLATIONS = Message(
    en="Violations behind an image not read as suspicious",
    vi="Vi phạm dù hình ảnh không bị coi là nghi vấn",
)
UNSCANNED = Message(
    en="Inspections selected in the period without a scan, not counted",
    vi="Vụ kiểm tra được chọn trong kỳ nhưng không soi chiếu, không tính",
)

METHOD = Message(en="How to read this", vi="Cách đọc báo cáo")
METHOD_INTERVALS = Message(
    en="Intervals are Wilson score intervals at 95 %. They say how far a rate could move by chance"
    " alone if as many scans were chosen again in the same way; they do not correct for what was"
    " never scanned.",
    vi="Khoảng tin cậy là khoảng Wilson 95 %. Chúng cho biết tỷ lệ có thể thay đổi bao nhiêu chỉ do"
    " ngẫu nhiên nếu chọn lại cùng số lượt soi theo cùng cách; chúng không phản ánh những gì chưa"
    " từng được soi chiếu.",
)
METHOD_RANKS = Message(
    en="Possible ranks run from the highest to the lowest place an office may hold, rank 1 being"
    " the most violations per scan. An office stands above another only where the interval of their"
    " difference (Newcombe) excludes zero and Fisher's exact test agrees, over all pairs together"
    " (Bonferroni).",
    vi="Thứ hạng có thể là khoảng từ vị trí cao nhất đến thấp nhất của đơn vị, hạng 1 là nhiều vi"
    " phạm nhất trên lượt soi. Một đơn vị chỉ xếp trên đơn vị khác khi khoảng tin cậy của chênh"
    " lệch (Newcombe) không chứa số không và kiểm định chính xác Fisher đồng thuận, tính"
    " chung cho mọi cặp (Bonferroni).",
)
METHOD_MISSING = Message(
    en="“unknown” is a count that was not reported, “n/a” a ratio of nothing. Neither is zero.",
    vi="“không rõ” là số liệu không được cung cấp, “không áp dụng” là tỷ lệ trên số không. Cả hai"
    " đều không phải là số không.",
)
METHOD_CLEAR = Message(
    en="Violations per suspicious leaves out violations found behind images read as clear.",
    vi="Tỷ lệ vi phạm trên nghi vấn không tính vi phạm phát hiện ở hình ảnh đọc là không nghi vấn.",
)

SOURCE = Message(en="Source: {name}", vi="Nguồn: {name}")
DIGEST = Message(en="SHA-256 {digest}", vi="SHA-256 {digest}")
PREPARED = Message(
    en="Prepared on {day} by riskml {version}", vi="Lập ngày {day} bằng riskml {version}"
)
