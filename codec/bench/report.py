"""What every benchmark gives: a table to read and a file of figures to keep."""

import json
import os
import platform
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass
class Report:
    """One run of one benchmark."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    figures: dict[str, float | str | None] = field(default_factory=dict)  #: headline numbers; names carry units
    notes: list[str] = field(default_factory=list)
    details: dict[str, object] = field(default_factory=dict)  #: what only a program wants to read

    def add(self, *cells: str | float) -> None:
        """Add a row; numbers get one decimal."""
        self.rows.append([cell if isinstance(cell, str) else f"{cell:.1f}" for cell in cells])

    def text(self) -> str:
        """Return the table, its notes and the figures as aligned text."""
        table = [self.columns, *self.rows]
        widths = [max(len(row[i]) for row in table if i < len(row)) for i in range(len(self.columns))]
        lines = [self.title, ""]
        for number, row in enumerate(table):
            first, *rest = (cell.rjust(width) for cell, width in zip(row, widths, strict=False))
            lines.append("  ".join([row[0].ljust(widths[0]), *rest]) if first else "")
            if number == 0:
                lines.append("  ".join("-" * width for width in widths))
        lines += ["", *self.notes] if self.notes else []
        lines += ["", *(f"{name} = {value}" for name, value in self.figures.items())]
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """Write the report as JSON with the commit and the machine beside the figures."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            json.dumps(
                {
                    "title": self.title,
                    "figures": self.figures,
                    "columns": self.columns,
                    "rows": self.rows,
                    "notes": self.notes,
                    "details": self.details,
                    "commit": _commit(),
                    "machine": _machine(),
                    "time": datetime.now(UTC).isoformat(timespec="seconds"),
                },
                indent=1,
                ensure_ascii=False,
            )
            + "\n"
        )


def _commit() -> str:
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"


def _machine() -> dict[str, str | int | None]:
    model = ""
    cpu_table = Path("/proc/cpuinfo")
    if cpu_table.is_file():
        names = [line.split(":")[1].strip() for line in cpu_table.read_text().splitlines() if "model name" in line]
        model = names[0] if names else ""
    return {
        "system": platform.platform(),
        "processor": model or platform.processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
