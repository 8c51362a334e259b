"""Small exports and mappings that the tests of ingestion share."""

from pathlib import Path

import pandas as pd

PLAIN = Path(__file__).parents[3] / "data" / "mappings" / "plain.toml"

MAPPING = """
name = "test"
commodity_system = "HS"

[sources.lines]
files = "*.csv"
missing = ["NA", "-"]

[tables.declarations]
source = "lines"

[tables.declarations.columns]
declaration_id = "Decl"
line_no = { number_within = "Decl" }
lodged_at = { from = "Day", format = "%d/%m/%Y", timezone = "Asia/Ho_Chi_Minh" }
office = "Office"
mode = { from = "Mode", codes = { 1 = "sea", 4 = "air" } }
commodity_code = { from = "HS", pad = 6 }
origin_country = "Origin"
customs_value = { from = "Value", decimal = ",", thousands = "." }
net_mass_kg = { from = "Mass", units = { column = "Unit", factors = { kg = 1.0, g = 0.001 } } }

[tables.inspections]
source = "lines"
one_row_per = "Decl"

[tables.inspections.columns]
inspection_id = { join = "Decl", prefix = "I-" }
declaration_id = "Decl"
office = "Office"
selected_at = { from = "Day", format = "%d/%m/%Y", pick = "earliest" }
closed_at = { from = "Done", format = "%d/%m/%Y", pick = "latest" }
revenue_recovered = { from = "Extra", pick = "sum" }

[tables.inspections.result]
violation_when = [{ Found = "F" }]
no_violation_when = [{ Found = "OK" }]
"""

HEADER = "Decl,Day,Office,Mode,HS,Origin,Value,Mass,Unit,Done,Found,Extra\n"
LINES = (
    'A,02/01/2020,HP,1,10121,NA,"1.000,5",2,kg,05/01/2020,OK,\n'
    'A,02/01/2020,HP,1,847130,XX,"20",500,g,09/01/2020,F,7.5\n'
    'B,03/01/2020,HP,4,847130,VN,"3,5",1,box,04/01/2020,OK,\n'
)


def export(folder: Path, lines: str = LINES, mapping: str = MAPPING, name: str = "a.csv") -> Path:
    """Write an export and its mapping; return the mapping's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(HEADER + lines, encoding="utf-8")
    path = folder / "mapping.toml"
    path.write_text(mapping, encoding="utf-8")
    return path


def declarations(rows: int) -> pd.DataFrame:
    """Return good declaration rows as text, under the names of the vocabulary."""
    number = pd.Series(range(rows))
    return pd.DataFrame(
        {
            "declaration_id": "D" + number.astype("str"),
            "line_no": "1",
            "lodged_at": "2020-01-01T08:00:00Z",
            "office": "HPH",
            "mode": "sea",
            "importer_id": "M" + (number % 97).astype("str"),
            "commodity_code": "847130",
            "goods_description": "máy tính xách tay",
            "origin_country": "VN",
            "customs_value": (number + 0.5).astype("str"),
            "net_mass_kg": "12.5",
            "packages": "3",
            "duty_rate": "5",
        }
    ).astype("str")
