"""Files of settings, and what the tiers that they describe may cost."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'facewire[train]'")

from models.cost import animate_macs  # noqa: E402
from models.errors import TrainingSettingsError  # noqa: E402
from models.networks.animator import Animator  # noqa: E402
from models.settings import read_settings  # noqa: E402

_CONFIGS = Path(__file__).resolve().parents[2] / "models/configs"


@pytest.mark.parametrize(("name", "most"), [("pocket", 0.3e9), ("pocket-gpu", 0.3e9), ("studio", 10e9)])
def test_tiers_keep_their_budget(name: str, most: float) -> None:
    assert animate_macs(Animator(read_settings(_CONFIGS / f"{name}.toml").network)) <= most


def test_both_pockets_are_the_same_network() -> None:
    assert read_settings(_CONFIGS / "pocket.toml").network == read_settings(_CONFIGS / "pocket-gpu.toml").network


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mirror_share = 0.5\n", "", "mirror_share is missing or unknown"),
        ("[loss]", "[loss]\nnonsense = 1", "nonsense is missing or unknown"),
        ("batch = 4", 'batch = "four"', "batch = 'four' should be"),
        ("channels = [20, 40, 64]", "channels = 20", "channels = 20 should be"),
        ("[schedule]", "[plan]", r"no section \[schedule\]"),
        ("[network]", "[network", "cannot be read as TOML"),
    ],
)
def test_faults_in_settings_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (_CONFIGS / "pocket.toml").read_text()
    assert old in text
    path = tmp_path / "settings.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(TrainingSettingsError, match=message):
        read_settings(path)
