"""What a file may spend, and when."""

from itertools import pairwise

from codec.rate_budget import RateBudget


def _spent(kbps: float, sizes: list[int], seconds: float, intra: int) -> list[tuple[int, int]]:
    """Spend like a sender: 25 bundles of 12 bytes a second, and a keyframe whenever the budget allows one."""
    budget, spent = RateBudget(kbps), []
    made = 0
    for time_ms in range(0, round(seconds * 1000), 40):
        if budget.allows_keyframe(time_ms):
            size = intra if not made else sizes[made % len(sizes)]
            budget.spend_keyframe(size, time_ms)
            spent.append((time_ms, size))
            made += 1
        budget.spend_bundle(12, time_ms)
        spent.append((time_ms, 12))
    return spent


def _worst_window(spent: list[tuple[int, int]], kbps: float) -> float:
    starts = [time for time, _ in spent if time >= 3000]
    most = max(sum(size for time, size in spent if start <= time < start + 5000) for start in starts)
    return most / (5000 * kbps / 8)


def test_even_keyframes_keep_to_the_rate() -> None:
    spent = _spent(12.0, [500, 400, 600], 20, intra=1600)
    share = sum(size for _, size in spent) / (20_000 * 12.0 / 8)
    assert 0.9 < share < 1.05
    assert _worst_window(spent, 12.0) < 1.1


def test_the_first_picture_is_paid_back() -> None:
    spent = _spent(8.0, [400], 8, intra=3000)
    assert sum(size for _, size in spent) < 1.05 * 8000 * 8.0 / 8


def test_keyframes_of_any_size_come_again() -> None:
    spent = _spent(8.0, [2000], 30, intra=3000)
    times = [time for time, size in spent if size == 2000]
    assert len(times) >= 6
    assert max(b - a for a, b in pairwise(times)) < 6000
