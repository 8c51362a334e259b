"""Which scanner takes which pick."""

from riskml.selection.capacity import Quota

__all__ = ["assign_scanners"]


def assign_scanners(quota: Quota, picks: int) -> list[str | None]:
    """Deal ranked picks to the scanners in turn, each until it is full.

    The highest ranks are spread over all scanners, so that one that fails does not take all of
    them with it.

    Parameters
    ----------
    quota : Quota
        Its scanners, in their order; a capacity of None takes whatever comes.
    picks : int
        At most the capacity of all of them.

    Returns
    -------
    list of str or None
        Name of the scanner of each rank; None where it has no name.

    Examples
    --------
    >>> from riskml.selection.capacity import Scanner
    >>> quota = Quota("HP", None, "sea", (Scanner("A", 3), Scanner("B", 1)))
    >>> assign_scanners(quota, 4)
    ['A', 'B', 'A', 'A']
    """
    rooms = [picks if each.capacity is None else each.capacity for each in quota.scanners]
    rounds = (
        scanner.scanner_id
        for turn in range(max(rooms, default=0))
        for scanner, room in zip(quota.scanners, rooms, strict=True)
        if turn < room
    )
    return [name for name, _ in zip(rounds, range(picks), strict=False)]
