"""Byte strings put together from pieces that are kept: a text is escaped once, not for each row."""

import numpy as np

from riskml.explanation.compiled import compiled, inlined

__all__ = ["BETWEEN", "arrange", "cut", "measure", "splice"]

BETWEEN = (
    "[", "]", ",", ',"value":', ',"text_en":"', '.","text_vi":"', "; ", '.","features":[',
    ',"contribution":', "}", "]}",
)  # fmt: skip
"""The first pieces: what stands between the others."""
OPEN, CLOSE, COMMA, VALUE, ENGLISH, _VIETNAMESE, AND, FEATURES, CONTRIBUTION, END, LAST = range(
    len(BETWEEN)
)


@compiled
def cut(numbers: np.ndarray, ends: np.ndarray) -> None:
    """Find the numbers of a JSON list without spaces.

    Parameters
    ----------
    numbers : (m,) uint8 array
        The list.
    ends : (k + 1,) int64 array
        Where to write the place of the opening bracket, then that behind each number.
    """
    ends[0], found = 0, 1
    for place in range(len(numbers)):
        if numbers[place] == 44 or numbers[place] == 93:  # a comma, the closing bracket
            ends[found] = place
            found += 1


@inlined
def same(
    run: np.ndarray, runs: np.ndarray, content: np.ndarray, bounds: np.ndarray, one: int, two: int
) -> bool:
    """Tell whether two texts have the same bytes, however they are cut into pieces."""
    left, right = runs[one] + 1, runs[two] + 1
    if runs[one + 1] - left == runs[two + 1] - right:  # mostly they are cut alike
        alike = True
        for at in range(runs[one + 1] - left):
            alike = alike and run[left + at] == run[right + at]
        if alike:
            return True
    sizes = 0
    for at in range(left, runs[one + 1]):
        sizes += bounds[run[at] + 1] - bounds[run[at]]
    for at in range(right, runs[two + 1]):
        sizes -= bounds[run[at] + 1] - bounds[run[at]]
    if sizes != 0:
        return False
    place, end = bounds[run[right]], bounds[run[right] + 1]
    for at in range(left, runs[one + 1]):
        for mine in range(bounds[run[at]], bounds[run[at] + 1]):
            while place == end:
                right += 1
                place, end = bounds[run[right]], bounds[run[right] + 1]
            if content[mine] != content[place]:
                return False
            place += 1
    return True


@compiled
def arrange(
    groups: np.ndarray,
    tops: np.ndarray,
    told: np.ndarray,
    run: np.ndarray,
    runs: np.ndarray,
    content: np.ndarray,
    bounds: np.ndarray,
    heads: np.ndarray,
    openings: np.ndarray,
    names: np.ndarray,
    values: np.ndarray,
    raises: np.ndarray,
    languages: int,
    stream: np.ndarray,
    stops: np.ndarray,
) -> None:
    """Write down which pieces make the JSON of each row's reasons.

    Parameters
    ----------
    groups, tops
        What :func:`~riskml.explanation.choice_kernel.choose` wrote.
    told : (evidence,) int64 array
        The text of each feature named, in the first language; those in the others follow it.
    run, runs : (many,) int64 arrays
        The pieces of all texts, and where each text begins: with the piece that stands in place
        of the next one where the text is the first of a reason.
    content, bounds
        The pieces, as :func:`measure` and :func:`splice` know them.
    heads : (reasons,) int64 array
        The piece that each reason begins with in the first language; the others follow it.
    openings : (g, 2) int64 array
        The pieces before a group's contribution, by whether it raises the risk.
    names : (p,) int64 array
        The pieces before a feature's value.
    values : (evidence,) int64 array
        The piece of each value; below zero: a number, counted from -1.
    raises : (reasons,) int64 array
        Whether each reason raises the risk.
    languages : int
        How many there are.
    stream : (many,) int64 array
        Where to write the pieces; below zero: numbers, counted from -1. Contributions of the
        reasons come first among the numbers, then those of the evidence, then values.
    stops : (n,) int64 array
        Where to write at which place of ``stream`` each row ends.
    """
    at, reason, evidence = 0, 0, 0
    for row in range(len(groups)):
        stream[at] = OPEN
        at += 1
        for place in range(groups.shape[1]):
            group = groups[row, place]
            if group < 0:
                break
            if place > 0:
                stream[at] = COMMA
                at += 1
            size = 0
            while size < tops.shape[2] and tops[row, place, size] >= 0:
                size += 1
            stream[at] = openings[group, raises[reason]]
            stream[at + 1] = -1 - reason
            stream[at + 2] = VALUE
            stream[at + 3] = values[evidence]
            at += 4
            for language in range(languages):
                stream[at] = ENGLISH + language
                stream[at + 1] = heads[reason] + language
                at += 2
                for one in range(size):
                    text = told[evidence + one] + language
                    again = False
                    for other in range(one):
                        before = told[evidence + other] + language
                        again = again or same(run, runs, content, bounds, text, before)
                    if again:  # what means the same is said once
                        continue
                    if one > 0:
                        stream[at] = AND
                        at += 1
                    for part in range(runs[text] + 1, runs[text + 1]):
                        stream[at] = run[part]
                        at += 1
                    if one == 0:
                        stream[at - (runs[text + 1] - runs[text] - 1)] = run[runs[text]]
            stream[at] = FEATURES
            at += 1
            for one in range(size):
                if one > 0:
                    stream[at] = COMMA
                    at += 1
                stream[at] = names[tops[row, place, one]]
                stream[at + 1] = values[evidence + one]
                stream[at + 2] = CONTRIBUTION
                stream[at + 3] = -1 - len(heads) - evidence - one
                stream[at + 4] = END
                at += 5
            stream[at] = LAST
            at += 1
            reason += 1
            evidence += size
        stream[at] = CLOSE
        at += 1
        stops[row] = at


@compiled
def measure(
    stream: np.ndarray, stops: np.ndarray, bounds: np.ndarray, cuts: np.ndarray, ends: np.ndarray
) -> None:
    """Write where each row's bytes will end.

    Parameters
    ----------
    stream, stops
        What :func:`arrange` wrote.
    bounds : (pieces + 1,) int64 array
        Where each piece ends among the kept bytes, behind a zero.
    cuts : (k + 1,) int64 array
        What :func:`cut` wrote.
    ends : (n,) int64 array
        Where to write.
    """
    at, size = 0, 0
    for row in range(len(stops)):
        while at < stops[row]:
            piece = stream[at]
            if piece >= 0:
                size += bounds[piece + 1] - bounds[piece]
            else:
                size += cuts[-piece] - cuts[-piece - 1] - 1
            at += 1
        ends[row] = size


@compiled
def splice(
    stream: np.ndarray,
    stop: int,
    kept: np.ndarray,
    bounds: np.ndarray,
    numbers: np.ndarray,
    cuts: np.ndarray,
    out: np.ndarray,
) -> None:
    """Put all rows' pieces one behind the other; parameters as in :func:`measure`.

    Parameters
    ----------
    kept, numbers : uint8 arrays
        The bytes of the pieces, and of the numbers.
    out : uint8 array
        Where to write.
    """
    to = 0
    for at in range(stop):
        piece = stream[at]
        if piece >= 0:
            start, end = bounds[piece], bounds[piece + 1]
            for place in range(start, end):
                out[to + place - start] = kept[place]
            to += end - start
        else:
            start, end = cuts[-piece - 1] + 1, cuts[-piece]
            for place in range(start, end):
                out[to + place - start] = numbers[place]
            to += end - start
