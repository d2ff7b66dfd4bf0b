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
            budget.spend_keyframe(size, time_ms, begins_chain=not made)
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


def test_new_chains_are_saved_for() -> None:
    budget, spent, last_intra_ms = RateBudget(16.0), [], None
    intra_times = []
    for time_ms in range(0, 60_000, 40):
        is_long = last_intra_ms is not None and time_ms - last_intra_ms > 20_000
        begins = last_intra_ms is None or (is_long and budget.allows_intra(time_ms))
        if begins or budget.allows_keyframe(time_ms):
            size = 5000 if begins else 500
            budget.spend_keyframe(size, time_ms, begins_chain=begins)
            spent.append((time_ms, size))
            if begins:
                last_intra_ms = time_ms
                intra_times.append(time_ms)
        budget.spend_bundle(12, time_ms)
        spent.append((time_ms, 12))
    assert len(intra_times) == 3
    assert _worst_window(spent, 16.0) < 1.1
    assert sum(size for _, size in spent) > 0.88 * 60_000 * 16.0 / 8
    times = [time for time, size in spent if size >= 500]
    assert max(b - a for a, b in pairwise(times)) < 3000, "none is starved for it"


def test_urgent_keyframes_come_sooner() -> None:
    def first_after(need: float) -> float:
        budget = RateBudget(16.0)
        budget.spend_keyframe(1000, 0, begins_chain=True)
        for _ in range(20):
            budget.spend_keyframe(400, 0, begins_chain=False)
        return next(time for time in range(0, 60_000, 40) if budget.allows_keyframe(time, need))

    assert first_after(1.6) < first_after(1.0) < first_after(0.5)


def test_keyframes_of_any_size_come_again() -> None:
    spent = _spent(8.0, [2000], 30, intra=3000)
    times = [time for time, size in spent if size == 2000]
    assert len(times) >= 6
    assert max(b - a for a, b in pairwise(times)) < 6000
