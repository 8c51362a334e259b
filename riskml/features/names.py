"""Names of firms made comparable: marks, legal forms and the language of business left out."""

from functools import lru_cache

from rapidfuzz import fuzz

from riskml.features.plain import plain_text

__all__ = ["address_key", "likeness", "name_key"]

_LEGAL = frozenset(
    ("cong", "ty", "cty", "tnhh", "mtv", "cp", "dntn", "cn", "va", "co", "company", "ltd",
     "limited", "pte", "plc", "corp", "corporation", "inc", "incorporated", "llc", "jsc", "gmbh",
     "sa", "and", "of", "the")
)  # fmt: skip
"""Words of legal forms and joining words, Vietnamese without marks and English."""

_PHRASES = {
    "trach nhiem huu han": "",
    "mot thanh vien": "",
    "co phan": "",
    "doanh nghiep tu nhan": "",
    "chi nhanh": "",
    "joint stock": "",
    "import export": "impex",
    "xuat nhap khau": "impex",
    "thuong mai": "trading",
    "dich vu": "service",
    "services": "service",
    "san xuat": "manufacturing",
    "dau tu": "investment",
    "cong nghiep": "industrial",
    "dien tu": "electronics",
    "det may": "textile",
    "thuc pham": "food",
    "foods": "food",
    "vat tu": "materials",
    "co khi": "mechanical",
    "hoa chat": "chemical",
    "chemicals": "chemical",
    "xay dung": "construction",
    "van tai": "transport",
    "ky thuat": "technical",
    "cong nghe": "technology",
    "phat trien": "development",
    "quoc te": "international",
    "toan cau": "global",
    "viet nam": "vietnam",
}
"""What firms call themselves in Vietnamese, and the English word that their other papers use."""


@lru_cache(maxsize=100_000)
def name_key(name: str) -> str:
    """Return the words of a firm's name in order of the alphabet, legal forms left out.

    >>> name_key("Công ty TNHH Thương Mại Và Dịch Vụ Thành Phát Hà Nội")
    'ha noi phat service thanh trading'
    >>> name_key("THANH PHAT HA NOI TRADING AND SERVICE CO., LTD")
    'ha noi phat service thanh trading'
    """
    text = f" {' '.join(_words(name))} "
    for phrase, meaning in _PHRASES.items():
        text = text.replace(f" {phrase} ", f" {meaning} ")
    return " ".join(sorted(word for word in text.split() if word not in _LEGAL))


def likeness(one: str, other: str) -> float:
    """Return how alike two keys of names are, 0 to 1 (normalised indel similarity)."""
    return fuzz.ratio(one, other) / 100.0


@lru_cache(maxsize=100_000)
def address_key(address: str) -> str:
    """Return the words and numbers of an address in order of the alphabet.

    >>> address_key("Số 12, đường Lê Lợi, Quận 1")
    '1 12 duong le loi quan so'
    """
    return " ".join(sorted(_words(address)))


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in plain_text(text)).split()
