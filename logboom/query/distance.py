"""Are two texts alike but for a few letters?"""

from __future__ import annotations


def within(one: str, other: str, most: int) -> bool:
    """True when at most `most` edits make one text of the other.

    An edit inserts, deletes or changes a character, or swaps two neighbours (the distance of
    Damerau and Levenshtein in its restricted form, as Lucene's fuzzy queries count).
    """
    if abs(len(one) - len(other)) > most:
        return False
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, sign in enumerate(one, start=1):
        line = [row]
        for column, against in enumerate(other, start=1):
            best = min(last[column] + 1, line[column - 1] + 1, last[column - 1] + (sign != against))
            swapped = (
                row > 1
                and column > 1
                and sign == other[column - 2]
                and one[row - 2] == against
                and sign != against
            )
            line.append(min(best, before[column - 2] + 1) if swapped else best)
        if min(line) > most and min(last) > most:
            return False
        before, last = last, line
    return last[-1] <= most
