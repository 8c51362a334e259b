"""Words for history features, in English and Vietnamese."""

from functools import lru_cache

from riskml.history import Statistic

__all__ = ["describe", "describe_key"]

_KEYS = {
    "carrier_id": ("carrier", "hãng vận chuyển"),
    "chapter": ("HS chapter", "chương HS"),
    "commodity_code": ("commodity code", "mã hàng"),
    "consignee_group": ("consignee under any number", "người nhận hàng (mọi mã số)"),
    "consignee_id": ("consignee", "người nhận hàng"),
    "container_no": ("container", "công-te-nơ"),
    "container_type": ("container type", "loại công-te-nơ"),
    "declarant_id": ("declarant", "người khai"),
    "departure_country": ("country of departure", "nước xuất hàng"),
    "exporter_id": ("exporter", "người xuất khẩu"),
    "heading": ("HS heading", "nhóm HS"),
    "importer_group": ("importer under any number", "người nhập khẩu (mọi mã số)"),
    "importer_id": ("importer", "người nhập khẩu"),
    "notify_id": ("notify party", "bên được thông báo"),
    "office": ("customs office", "đơn vị hải quan"),
    "origin_country": ("country of origin", "nước xuất xứ"),
    "port_of_loading": ("port of loading", "cảng xếp hàng"),
    "shipper_id": ("shipper", "người gửi hàng"),
    "transshipment_port": ("transshipment port", "cảng trung chuyển"),
    "unit_price": ("unit price", "đơn giá"),
}

_EVERYTHING = ("all consignments", "mọi lô hàng")

_KINDS = {
    "count": ("Number of earlier lines of this {key}", "Số dòng hàng trước đây của {key}"),
    "known": (
        "Number of earlier closed inspections of this {key}",
        "Số lần kiểm tra đã kết thúc của {key}",
    ),
    "hits": (
        "Number of violations found earlier with this {key}",
        "Số vi phạm đã phát hiện của {key}",
    ),
    "suspicious": (
        "Number of suspicious scans of this {key}",
        "Số lần soi chiếu nghi vấn của {key}",
    ),
    "hit_rate": (
        "Share of closed inspections of this {key} that found a violation, shrunk to its parent",
        "Tỷ lệ vi phạm trong các lần kiểm tra đã kết thúc của {key}, có làm trơn theo nhóm cha",
    ),
    "suspicious_rate": (
        "Share of scans of this {key} that were suspicious, shrunk to its parent",
        "Tỷ lệ soi chiếu nghi vấn của {key}, có làm trơn theo nhóm cha",
    ),
    "days_since_last": (
        "Days since the last earlier line of this {key}",
        "Số ngày từ dòng hàng gần nhất của {key}",
    ),
    "days_since_last_hit": (
        "Days since the last violation known of this {key}",
        "Số ngày từ vi phạm gần nhất đã biết của {key}",
    ),
    "first_seen": ("This {key} has never been seen before", "{key} chưa từng xuất hiện"),
    "distinct": (
        "Number of distinct values of {column} with this {key}",
        "Số giá trị khác nhau của {column} theo {key}",
    ),
    "share": (
        "Share of the lines of this {key} that have the same {column}",
        "Tỷ lệ dòng hàng của {key} có cùng {column}",
    ),
    "trend": ("Share of the lines of this {key}", "Tỷ lệ số dòng hàng của {key}"),
    "findings": ("Number of scans of this {key}", "Số lần soi chiếu của {key}"),
    "mean_severity": (
        "Mean severity of what was found with this {key}",
        "Mức độ vi phạm trung bình của {key}",
    ),
    "price_count": (
        "Number of earlier prices of {column} of this {key}",
        "Số đơn giá {column} trước đây của {key}",
    ),
    "price_percentile": (
        "Share of earlier prices of this {key} that lie below the declared one",
        "Tỷ lệ đơn giá trước đây của {key} thấp hơn đơn giá khai báo",
    ),
    "price_log_ratio": (
        "Logarithm of the declared unit price over the median price of this {key}",
        "Lô-ga-rít của đơn giá khai báo so với trung vị của {key}",
    ),
    "sum": ("Sum of {column} of this {key}", "Tổng {column} của {key}"),
    "mean": ("Mean of {column} of this {key}", "Trung bình {column} của {key}"),
    "std": ("Standard deviation of {column} of this {key}", "Độ lệch chuẩn {column} của {key}"),
}

_ROLLUP = {
    "max": ("highest among the lines", "cao nhất trong các dòng"),
    "min": ("lowest among the lines", "thấp nhất trong các dòng"),
    "mean": ("mean over the lines", "trung bình các dòng"),
}


def _window(statistic: Statistic, language: int) -> str:
    days = f"{statistic.days:g}"
    if statistic.kind == "trend":
        longer = statistic.long_days
        of = ("all time", "toàn bộ thời gian")[language]
        if longer is not None:
            of = (f"the last {longer:g} days", f"{longer:g} ngày qua")[language]
        return (f": the last {days} days over {of}", f": {days} ngày qua so với {of}")[language]
    if statistic.lodged:
        return (
            f", of consignments lodged in the last {days} days",
            f", của các lô hàng đăng ký trong {days} ngày qua",
        )[language]
    return (f" in the last {days} days", f" trong {days} ngày qua")[language]


@lru_cache(maxsize=1024)
def describe_key(key: tuple[str, ...], language: int) -> str:
    """Return the name of a key; ``language`` 0 is English, 1 is Vietnamese."""
    names = [_KEYS.get(column, (column, column))[language] for column in key]
    return (" x " if language == 0 else " và ").join(names) or _EVERYTHING[language]


def describe(statistic: Statistic, how: str) -> tuple[str, str]:
    """Return what a history feature says, in English and in Vietnamese."""
    texts = []
    for language in (0, 1):
        text = _KINDS[statistic.kind][language].format(
            key=describe_key(statistic.key, language),
            column=describe_key((statistic.column,), language) if statistic.column else "",
        )
        if statistic.days is not None:
            text += _window(statistic, language)
        text = f"{text} ({_ROLLUP[how][language]})" if how != "max" else text
        texts.append(text[0].upper() + text[1:])
    return texts[0], texts[1]
