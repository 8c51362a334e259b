"""What is remembered of numbers does not depend on who asked first."""

import pytest

from riskml.explanation import numbers


@pytest.mark.parametrize("first", [0.0, -0.0])
@pytest.mark.parametrize("language", ["en", "vi"])
def test_zero_reads_alike_whichever_zero_came_first(first: float, language) -> None:
    numbers._amount.cache_clear()
    numbers._share.cache_clear()
    for value in (first, -first):
        assert numbers.amount(value, language) == "0"
        assert numbers.share(value, language) == "0 %"
