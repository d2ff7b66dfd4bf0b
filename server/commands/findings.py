"""What a check finds, and how it is printed: one line each, with what to do where that is not nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """How a check ended."""

    GOOD = "ok"
    MISSING = "--"  #: something optional is not here
    BAD = "!!"  #: something is wrong


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a report, with what to do where that is not nothing."""

    verdict: Verdict
    subject: str
    detail: str
    remedy: str = ""


def print_findings(findings: Iterable[Finding]) -> int:
    """Print every finding as it comes; returns 1 if something is wrong, else 0."""
    worst = 0
    for finding in findings:
        print(f"{finding.verdict.value:3}{finding.subject:18}{finding.detail}")
        if finding.remedy:
            print(f"{'':21}→ {finding.remedy}")
        worst |= finding.verdict is Verdict.BAD
    return int(worst)
