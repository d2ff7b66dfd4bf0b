"""The demonstration participant: a recording in the product's own format, and how it is made."""

from pathlib import Path

RECORDING = Path(__file__).resolve().parent / "demo.fwr"
