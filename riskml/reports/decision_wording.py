"""The words of the decision report."""

from collections.abc import Mapping

from riskml.reports.wording import Language, Message

__all__ = ["named"]

KICKER = Message(en="Decision report", vi="Báo cáo quyết định")
SUBTITLE = Message(
    en="{stage}, decided {time}, office {office}",
    vi="{stage}, quyết định lúc {time}, đơn vị {office}",
)
LEAD = Message(
    en="The score says: a probability of {probability} that an inspection finds a violation."
    " It saw what was known before {time}, and nothing later.",
    vi="Điểm cho biết: xác suất {probability} rằng việc kiểm tra sẽ phát hiện vi phạm. Điểm chỉ dựa"
    " trên những gì đã biết trước {time}, không dùng thông tin muộn hơn.",
)
DEGRADED = Message(
    en="This score was given by the rule profile or from an old history, not by the model alone.",
    vi="Điểm này do bộ quy tắc hoặc lịch sử đã cũ đưa ra, không phải chỉ do mô hình.",
)
PROBABILITY = Message(en="Probability of a violation", vi="Xác suất vi phạm")
RAW_SCORE = Message(en="Raw score (log-odds)", vi="Điểm thô (log-odds)")
BASE_VALUE = Message(en="Base value (log-odds)", vi="Giá trị cơ sở (log-odds)")
SUM = Message(en="Sum of contributions", vi="Tổng mức đóng góp")
CALIBRATED = Message(en="Calibrated probability", vi="Xác suất đã hiệu chỉnh")

SCORE = Message(en="Score", vi="Điểm số")
BILL = Message(en="Bill", vi="Vận đơn")
CONTAINER = Message(en="Container", vi="Công-te-nơ")
DECLARATION = Message(en="Declaration", vi="Tờ khai")
OFFICE = Message(en="Office", vi="Đơn vị")
STAGE = Message(en="Stage", vi="Giai đoạn")
DECIDED = Message(en="Decision time", vi="Thời điểm quyết định")
SCORED = Message(en="Scored at", vi="Chấm điểm lúc")
MODEL = Message(en="Model", vi="Mô hình")
RULE_PROFILE = Message(en="rule profile", vi="bộ quy tắc")
MODEL_DIGEST = Message(en="Model digest", vi="Mã băm mô hình")
FEATURE_SET_DIGEST = Message(en="Feature set digest", vi="Mã băm bộ đặc trưng")
WATERMARK = Message(en="History up to event", vi="Lịch sử đến sự kiện số")

WHY = Message(en="Why", vi="Vì sao")
RAISES = Message(en="Why: for the risk", vi="Vì sao: làm tăng rủi ro")
LOWERS = Message(en="Why: against the risk", vi="Vì sao: làm giảm rủi ro")
REASON = Message(en="Reason", vi="Lý do")
CODE = Message(en="Code", vi="Mã lý do")
CONTRIBUTION = Message(en="Contribution", vi="Mức đóng góp")
NO_REASON = Message(
    en="No evidence moved this score.", vi="Không có yếu tố nào làm thay đổi điểm này."
)
WAY = Message(en="From the base value to the score", vi="Từ giá trị cơ sở đến điểm số")
WAY_NOTE = Message(
    en="In log-odds, by reason; every feature counts, also those that no reason names.",
    vi="Theo log-odds, theo từng lý do; tính mọi đặc trưng, kể cả những đặc trưng không được nêu.",
)
STEP = Message(en="Step", vi="Bước")

KNOWN = Message(en="What was known", vi="Những gì đã biết")
BESIDE = Message(en="Manifest beside declaration", vi="Bản lược khai và tờ khai")
WHAT = Message(en="What", vi="Nội dung")
MANIFEST = Message(en="Manifest", vi="Bản lược khai")
DIFFERS = Message(en="Differs", vi="Khác nhau")
NOT_HELD = Message(
    en="The documents came with the base tables of the history, not as events: the ledger does not"
    " hold them.",
    vi="Chứng từ đến từ bảng lịch sử gốc, không phải là sự kiện: sổ cái không lưu chúng.",
)
ALL_FEATURES = Message(en="All features", vi="Tất cả đặc trưng")
FEATURE = Message(en="Feature", vi="Đặc trưng")
MEANING = Message(en="Meaning", vi="Ý nghĩa")
VALUE = Message(en="Value", vi="Giá trị")

SIMILAR = Message(en="Similar past cases", vi="Các trường hợp tương tự trước đây")
SIMILARITY = Message(en="Similarity", vi="Độ tương tự")
CONSIGNMENT = Message(en="Consignment", vi="Lô hàng")
FINDING = Message(en="Scan finding", vi="Kết quả soi chiếu")
RESULT = Message(en="Result", vi="Kết quả")
REVENUE = Message(en="Revenue recovered", vi="Số thuế thu hồi")
NOT_OPENED = Message(en="not opened", vi="không mở")
NO_SIMILAR = Message(
    en="No similar inspected consignment is known.",
    vi="Chưa biết lô hàng đã kiểm tra nào tương tự.",
)
MODEL_GONE = Message(
    en="The model that answered is not on this machine, and its cases are not either.",
    vi="Mô hình đã trả lời không còn trên máy này, các trường hợp của nó cũng vậy.",
)
SIMILAR_NOTE = Message(
    en="Alike to the model: the share of its trees that put both into the same leaf. Only what was"
    " known before the decision.",
    vi="Giống nhau theo mô hình: tỷ lệ số cây xếp cả hai lô vào cùng một lá. Chỉ tính những gì đã"
    " biết trước thời điểm quyết định.",
)

CASE = Message(en="What became of it", vi="Diễn biến xử lý")
NO_CASE = Message(en="Nobody has proposed this consignment yet.", vi="Chưa ai đề xuất lô hàng này.")
STATE = Message(en="State", vi="Trạng thái")
CHANNEL = Message(en="Channel", vi="Kênh lựa chọn")
LEVEL = Message(en="Level of approval", vi="Cấp phê duyệt")
TIMELINE = Message(en="Who did what, when and why", vi="Ai đã làm gì, khi nào và vì sao")
WHEN = Message(en="When", vi="Khi nào")
WHO = Message(en="Who", vi="Ai")
ROLE = Message(en="Role", vi="Vai trò")
ACTION = Message(en="Step taken", vi="Bước thực hiện")

AGAIN = Message(en="Recomputation", vi="Tính lại")
SAME = Message(
    en="Computed again from the recorded events: the same.",
    vi="Đã tính lại từ các sự kiện được ghi: kết quả giống hệt.",
)
OTHER = Message(
    en="Computed again from the recorded events: it differs.",
    vi="Đã tính lại từ các sự kiện được ghi: kết quả khác.",
)
FAILED = Message(en="It could not be computed again: {why}", vi="Không tính lại được: {why}")
RECORDED = Message(en="Recorded", vi="Đã ghi")
RECOMPUTED = Message(en="Computed again", vi="Tính lại được")
AGREES = Message(en="Same", vi="Giống")

PROOF = Message(en="Proof in the ledger", vi="Bằng chứng trong sổ cái")
INTACT = Message(
    en="The row has the hash that the ledger's chain holds, and follows the row before it.",
    vi="Dòng này có đúng mã băm trong chuỗi của sổ cái và nối tiếp dòng trước.",
)
BROKEN = Message(
    en="The row does not fit its chain. Keep it as evidence.",
    vi="Dòng này không khớp với chuỗi. Hãy giữ làm bằng chứng.",
)
CHAIN = Message(en="Chain", vi="Chuỗi")
POSITION = Message(en="Position", vi="Vị trí")
HASH_BEFORE = Message(en="Hash of the row before", vi="Mã băm của dòng trước")
HASH = Message(en="Hash of this row", vi="Mã băm của dòng này")
SIGNED = Message(en="Signed", vi="Đã ký")
BY_CHECKPOINT = Message(en="yes, by checkpoint {number}", vi="có, bởi điểm kiểm tra số {number}")
NOT_SIGNED = Message(
    en="not yet; the next signature will cover it", vi="chưa; lần ký tiếp theo sẽ bao gồm"
)

LOOKED = Message(en="Who looked", vi="Ai đã xem")
NOBODY = Message(en="Nobody yet.", vi="Chưa có ai.")
WHERE = Message(en="Where", vi="Ở đâu")

YES = Message(en="yes", vi="có")
NO = Message(en="no", vi="không")

DOCUMENTS: Mapping[str, Message] = {
    "consignee": Message(en="Consignee, importer", vi="Người nhận hàng, người nhập khẩu"),
    "shipper": Message(en="Shipper, exporter", vi="Người gửi hàng, người xuất khẩu"),
    "container": Message(en="Container", vi="Công-te-nơ"),
    "goods": Message(en="Goods", vi="Hàng hóa"),
    "commodity": Message(en="Commodity code", vi="Mã hàng"),
    "gross_mass": Message(en="Gross mass (kg)", vi="Trọng lượng cả bì (kg)"),
    "packages": Message(en="Packages", vi="Số kiện"),
    "departure": Message(
        en="Port of loading, country of departure", vi="Cảng xếp hàng, nước xuất khẩu"
    ),
    "origin": Message(en="Country of origin", vi="Nước xuất xứ"),
    "transshipment": Message(en="Transshipment", vi="Chuyển tải"),
    "carrier": Message(en="Carrier, vessel", vi="Hãng vận chuyển, tàu"),
    "declarant": Message(en="Declarant", vi="Người khai hải quan"),
    "procedure": Message(en="Procedure, lane", vi="Loại hình, luồng"),
    "customs_value": Message(en="Customs value", vi="Trị giá hải quan"),
    "duty": Message(en="Duty", vi="Tiền thuế"),
}
"""What `riskml.cases.comparison` compares."""

_CODES: Mapping[str, Message] = {
    "pre_arrival": Message(en="Pre-arrival", vi="Trước khi hàng đến"),
    "declaration": Message(en="Declaration", vi="Tờ khai"),
    "proposed": Message(en="proposed", vi="đã đề xuất"),
    "approved": Message(en="approved", vi="đã phê duyệt"),
    "selected": Message(en="selected", vi="đã chọn"),
    "scanned": Message(en="scanned", vi="đã soi chiếu"),
    "image_reviewed": Message(en="image reviewed", vi="đã xem ảnh"),
    "cleared": Message(en="cleared", vi="đã thông qua"),
    "opened": Message(en="opened", vi="đã mở"),
    "closed": Message(en="closed", vi="đã kết thúc"),
    "propose": Message(en="Propose for scanning", vi="Đề xuất soi chiếu"),
    "approve": Message(en="Approve", vi="Phê duyệt"),
    "reject": Message(en="Reject", vi="Từ chối"),
    "select": Message(en="Select for scanning", vi="Chọn để soi chiếu"),
    "scan": Message(en="Record the scan", vi="Ghi kết quả soi chiếu"),
    "review_image": Message(en="Review the image", vi="Xem xét ảnh soi"),
    "clear": Message(en="Clear", vi="Cho thông qua"),
    "open": Message(en="Open the container", vi="Mở công-te-nơ"),
    "close": Message(en="Close with result", vi="Kết thúc và ghi kết quả"),
    "model": Message(en="model", vi="mô hình"),
    "mandatory": Message(en="mandatory", vi="bắt buộc"),
    "exploration": Message(en="exploration", vi="thăm dò ngẫu nhiên"),
    "officer": Message(en="officer", vi="công chức"),
    "national": Message(en="national", vi="toàn quốc"),
    "provincial": Message(en="provincial office", vi="cục hải quan"),
    "sub_office": Message(en="sub-office", vi="chi cục"),
    "analyst": Message(en="analyst", vi="chuyên viên phân tích"),
    "supervisor": Message(en="supervisor", vi="lãnh đạo"),
    "auditor": Message(en="auditor", vi="kiểm toán viên"),
    "operator": Message(en="operator", vi="người vận hành"),
    "admin": Message(en="administrator", vi="quản trị viên"),
    "selection": Message(en="selection engine", vi="hệ thống lựa chọn"),
    "system": Message(en="system", vi="hệ thống"),
    "no_finding": Message(en="clear", vi="không nghi vấn"),
    "suspicious": Message(en="suspicious", vi="nghi vấn"),
    "violation": Message(en="violation", vi="vi phạm"),
    "no_violation": Message(en="no violation", vi="không vi phạm"),
    "rejected": Message(en="rejected", vi="bị từ chối"),
}


def named(code: str | None, language: Language) -> str:
    """Return the word for a code; one that nobody named is shown as it is."""
    if not code:
        return ""
    found = _CODES.get(code)
    return code if found is None else found(language)
