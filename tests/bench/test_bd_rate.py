"""Bjøntegaard rates against cases computed by hand."""

import numpy as np
import pytest

from codec.bench.bd_rate import bd_rate, best_of, curve, quality_at, rate_at
from codec.bench.errors import BenchError

ANCHOR = [(5.0, 0.4), (10.0, 0.25), (20.0, 0.15), (40.0, 0.1)]


def test_half_the_bits_at_every_quality_is_minus_fifty_percent() -> None:
    halved = [(kbps / 2, quality) for kbps, quality in ANCHOR]
    found = bd_rate(curve(halved, lower_is_better=True), curve(ANCHOR, lower_is_better=True))
    assert found is not None
    assert found.percent == pytest.approx(-50)
    assert (found.lowest, found.highest) == (0.1, 0.4)


def test_straight_lines_of_different_slope() -> None:
    # Between 0.2 and 0.1 the rate grows tenfold on one, a hundredfold on the other: on average by the root of ten.
    steep = curve([(10, 0.2), (100, 0.1)], lower_is_better=True)
    flat = curve([(10, 0.2), (1000, 0.1)], lower_is_better=True)
    found = bd_rate(flat, steep)
    assert found is not None
    assert found.percent == pytest.approx((np.sqrt(10) - 1) * 100)


def test_measures_that_rise_are_compared_in_the_same_way() -> None:
    anchor = [(5.0, 25.0), (10.0, 28.0), (20.0, 31.0)]
    doubled = [(kbps * 2, quality) for kbps, quality in anchor]
    found = bd_rate(curve(doubled, lower_is_better=False), curve(anchor, lower_is_better=False))
    assert found is not None
    assert found.percent == pytest.approx(100)


def test_only_the_common_range_counts() -> None:
    shifted = [(kbps / 2, quality + 0.1) for kbps, quality in ANCHOR]
    found = bd_rate(curve(shifted, lower_is_better=True), curve(ANCHOR, lower_is_better=True))
    assert found is not None
    assert (found.lowest, found.highest) == pytest.approx((0.2, 0.4))


@pytest.mark.parametrize("points", [[], [(4.0, 0.3)], [(4.0, 0.9), (8.0, 0.8)], [(4.0, float("nan"))]])
def test_curves_that_never_meet_have_no_rate(points: list[tuple[float, float]]) -> None:
    assert bd_rate(curve(points, lower_is_better=True), curve(ANCHOR, lower_is_better=True)) is None


def test_points_that_cost_more_for_less_are_left_out() -> None:
    kept = curve([(5, 0.4), (8, 0.45), (10, 0.25)], lower_is_better=True)
    assert kept.kbps.tolist() == [5, 10]


def test_more_bits_that_bring_nothing_do_not_end_a_curve() -> None:
    known = curve([(5, 0.4), (10, 0.25), (20, 0.26)], lower_is_better=True)
    assert quality_at(known, 15) == pytest.approx(0.25)
    assert quality_at(known, 21) is None
    assert quality_at(curve([(5, 0.4), (20, 0.5)], lower_is_better=True), 12) == pytest.approx(0.4)


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(BenchError, match="0"):
        curve([(0.0, 0.4)], lower_is_better=True)


def test_the_better_of_two_curves_follows_each_where_it_leads() -> None:
    early = curve([(4, 0.3), (40, 0.2)], lower_is_better=True)
    late = curve([(8, 0.4), (40, 0.1)], lower_is_better=True)
    best = best_of(early, late)
    for kbps in np.geomspace(8, 40, 20):
        wanted = min(quality_at(early, kbps) or 1, quality_at(late, kbps) or 1)
        assert quality_at(best, kbps) == pytest.approx(wanted, abs=0.004)
    assert quality_at(best, 4) == pytest.approx(0.3)
    assert quality_at(best, 41) is None


def test_the_rate_of_a_quality() -> None:
    known = curve(ANCHOR, lower_is_better=True)
    assert rate_at(known, 0.25) == pytest.approx(10)
    assert rate_at(known, 0.5) == pytest.approx(5), "better than asked for at its lowest rate"
    assert rate_at(known, 0.05) is None
