"""What does `logboom check` say of rules?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from search_api.alerts.doubts import doubts_of
from search_api.alerts.rule_files import RuleFiles


def check_rules(patterns: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Reads the files of rules that a configuration names.

    Returns:
        A sentence for each file, what is wrong, and what may not be meant.
    """
    found = RuleFiles(patterns).read()
    rules: Counter[str] = Counter()
    for group in found.groups:
        rules[group.origin] += len(group.rules)
    sentences = [f"{origin}: {count} rules" for origin, count in rules.items()]
    problems = list(found.problems.values())
    if patterns and not sentences and not problems:
        problems = [f"no file of rules is named {' or '.join(patterns)}"]
    doubts = [
        f"{group.origin}: {rule.id}: {doubt}"
        for group in found.groups
        for rule in group.rules
        for doubt in doubts_of(rule)
    ]
    return sentences, problems, doubts
