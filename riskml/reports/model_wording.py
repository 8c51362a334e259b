"""The words of the model report."""

from riskml.reports.wording import Message

__all__: list[str] = []

KICKER = Message(en="Model report", vi="Báo cáo mô hình")
STAGES = {
    "pre_arrival": Message(en="before arrival", vi="trước khi đến"),
    "declaration": Message(en="at declaration", vi="khi khai báo"),
}
SUBTITLE = Message(
    en="Decides {stage}; trained on {window}", vi="Quyết định {stage}; huấn luyện {window}"
)

ROWS = Message(en="Labelled consignments", vi="Lô hàng có kết quả")
POSITIVES = Message(en="Violations", vi="Vi phạm")
FEATURES = Message(en="Features", vi="Đặc trưng")
OF_ROWS = Message(en="{rate} of them", vi="{rate} trong số đó")
OF_FAMILIES = Message(en="in {n} families", vi="thuộc {n} nhóm")

LEAD = Message(
    en="Among the {rate} of consignments that the model ranks highest, {hit_rate} were violations,"
    " {lift} times as many as chance would find there.",
    vi="Trong {rate} lô hàng được mô hình xếp cao nhất, {hit_rate} là vi phạm, gấp {lift} lần so"
    " với chọn ngẫu nhiên.",
)
SUSPECT = Message(
    en="The checks found signs that the outcome leaks into the data ({codes}): these figures are"
    " not to be trusted before that is explained.",
    vi="Các phép kiểm tra phát hiện dấu hiệu kết quả bị lộ trong dữ liệu ({codes}): không nên tin"
    " các số liệu này khi chưa giải thích được.",
)
NOT_JUDGED = Message(
    en="This model was not judged on any later slice of time: nothing can be said of its quality.",
    vi="Mô hình này chưa được đánh giá trên giai đoạn sau: chưa thể nói gì về chất lượng.",
)

AT_RATES = Message(en="At an inspection rate", vi="Theo tỷ lệ kiểm tra")
INSPECTION_RATE = Message(en="Inspection rate", vi="Tỷ lệ kiểm tra")
INSPECTED = Message(en="Inspected", vi="Số lô kiểm tra")
HITS = Message(en="Hits", vi="Phát hiện")
HIT_RATE = Message(en="Hit rate", vi="Tỷ lệ phát hiện")
RECALL = Message(en="Share of violations found", vi="Tỷ lệ vi phạm tìm được")
LIFT = Message(en="Lift over chance", vi="So với ngẫu nhiên")
AT_RATES_NOTE = Message(
    en="Measured on {rows} consignments with {positives} violations, {slices}; 95 % intervals in"
    " brackets.",
    vi="Đo trên {rows} lô hàng có {positives} vi phạm, {slices}; khoảng tin cậy 95 % trong ngoặc.",
)
LATER_SLICES = Message(
    en="each later than what the model had learned from",
    vi="đều thuộc thời gian sau dữ liệu huấn luyện",
)
CHART = Message(en="Hit rate by inspection rate", vi="Tỷ lệ phát hiện theo tỷ lệ kiểm tra")
CHART_TEXT = Message(
    en="Dots are hit rates among the highest-ranked, lines their 95 % intervals; the dashed line is"
    " what chance would find.",
    vi="Chấm là tỷ lệ phát hiện trong nhóm xếp cao nhất, đường là khoảng tin cậy 95 %; đường đứt là"
    " mức chọn ngẫu nhiên.",
)
CHANCE = Message(en="chance: {rate}", vi="ngẫu nhiên: {rate}")
HIGHEST = Message(en="highest {rate}", vi="{rate} cao nhất")

OVERALL = Message(en="Ranking and calibration", vi="Xếp hạng và hiệu chỉnh")
METRIC = Message(en="Metric", vi="Chỉ số")
VALUE = Message(en="Value and 95 % interval", vi="Giá trị và khoảng tin cậy 95 %")
BEST = Message(en="Best possible", vi="Tốt nhất")
METRICS = {
    "average_precision": (Message(en="Average precision", vi="Độ chính xác trung bình"), 1),
    "roc_auc": (Message(en="Area under the ROC curve", vi="Diện tích dưới đường ROC"), 1),
    "observed_over_expected": (
        Message(en="Violations observed over expected", vi="Vi phạm quan sát/kỳ vọng"),
        1,
    ),
    "brier": (Message(en="Brier score", vi="Điểm Brier"), 0),
    "log_loss": (Message(en="Logarithmic loss", vi="Tổn thất logarit"), 0),
    "ece": (Message(en="Calibration error", vi="Sai số hiệu chỉnh"), 0),
}

CHECKS = Message(en="Checks for leaks and instability", vi="Kiểm tra rò rỉ và độ ổn định")
CODE = Message(en="Code", vi="Mã")
CHECK = Message(en="Looks for", vi="Tìm kiếm")
STATUS = Message(en="Result", vi="Kết quả")
CHECK_NAMES = {
    "RK001": Message(
        en="several columns that together give the outcome away",
        vi="tổ hợp cột làm lộ kết quả",
    ),
    "RK002": Message(
        en="a single column that gives the outcome away", vi="một cột đơn lẻ làm lộ kết quả"
    ),
    "RK003": Message(
        en="consignments on both sides of the cut in time",
        vi="lô hàng nằm ở cả hai phía của mốc thời gian",
    ),
    "RK004": Message(
        en="too few violations to tell models apart", vi="quá ít vi phạm để so sánh các mô hình"
    ),
    "RK005": Message(
        en="features whose distribution moved", vi="đặc trưng có phân bố thay đổi theo thời gian"
    ),
    "RK006": Message(
        en="outcomes dated before their decision", vi="kết quả có ngày trước quyết định"
    ),
    "RK007": Message(
        en="outcomes known only where someone chose to look",
        vi="kết quả chỉ có ở nơi đã chọn kiểm tra",
    ),
    "RK008": Message(en="features that never vary", vi="đặc trưng không bao giờ thay đổi"),
}
STATUSES = {
    "ok": Message(en="nothing found", vi="không phát hiện"),
    "found": Message(en="found", vi="có phát hiện"),
    "not_applicable": Message(en="could not be looked for", vi="không kiểm tra được"),
}

KNOWS = Message(en="What it has seen", vi="Dữ liệu đã học")
WINDOW = Message(en="{first} to {last}", vi="{first} đến {last}")
FIRST_DECISION = Message(en="First decision", vi="Quyết định đầu tiên")
LAST_DECISION = Message(en="Last decision", vi="Quyết định cuối cùng")
UNTIL = Message(en="Labels known before", vi="Kết quả biết trước")
GAP = Message(en="Maturity gap", vi="Độ trễ kết quả")
DAYS = Message(en="{n} days", vi="{n} ngày")
TABLE_DIGEST = Message(en="Table {name}, SHA-256", vi="Bảng {name}, SHA-256")
PACKAGE = Message(en="Version of {name}", vi="Phiên bản {name}")
FEATURE_SET = Message(en="Feature set", vi="Bộ đặc trưng")
FEATURE_SET_NAME = Message(en="{name}, version {version}", vi="{name}, phiên bản {version}")
EXPLAINED_BY = Message(en="Explanations by", vi="Giải thích bởi")
CALIBRATOR = Message(en="Calibrator", vi="Hiệu chỉnh")

FEATURE_LIST = Message(en="Features and their sources", vi="Đặc trưng và nguồn dữ liệu")
FEATURE = Message(en="Feature", vi="Đặc trưng")
MEANING = Message(en="Meaning", vi="Ý nghĩa")
SOURCES = Message(en="Computed from", vi="Tính từ")
GAIN = Message(en="Share of the model's gain", vi="Tỷ trọng đóng góp")
FEATURE_NOTE = Message(
    en="Sorted by the share of the trees' gain that each feature brought; it says what the model"
    " used, not what causes a violation.",
    vi="Xếp theo tỷ trọng đóng góp của mỗi đặc trưng; cho biết mô hình đã dùng gì, không phải"
    " nguyên nhân của vi phạm.",
)

LIMITS = Message(en="Limits", vi="Giới hạn")
LIMIT_TEXTS = (
    Message(
        en="It ranks consignments for inspection; it is no proof of wrongdoing and must not be the"
        " only ground of a decision against a party.",
        vi="Mô hình xếp hạng lô hàng để kiểm tra; đó không phải bằng chứng vi phạm và không được là"
        " căn cứ duy nhất cho quyết định bất lợi đối với một bên.",
    ),
    Message(
        en="It knows only what was inspected in the past. What nobody ever looked for it cannot"
        " see; keep an exploration share.",
        vi="Mô hình chỉ biết những gì đã từng được kiểm tra. Những gì chưa ai tìm thì mô hình không"
        " thấy; cần giữ một phần kiểm tra ngẫu nhiên.",
    ),
    Message(
        en="Its quality was measured on inspected consignments, which were chosen, not drawn; among"
        " all arrivals it may differ.",
        vi="Chất lượng được đo trên các lô đã kiểm tra, vốn được lựa chọn chứ không phải ngẫu"
        " nhiên; với toàn bộ lô hàng kết quả có thể khác.",
    ),
)
DIGEST = Message(en="Model digest {digest}", vi="Mã băm mô hình {digest}")
