"""The row of one load, and what else was at its limit: a figure that the bench itself has spoilt is told as such."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bench.capacity.usage import CALLS

FULL_PERCENT: Final = 90.0
PHONES_LATE_MS: Final = 2.0
MUCH_PERCENT: Final = 10.0

HEADINGS: Final = (
    "checkout  calls  CPU a call    RTP p50/p99/max ms  gap p50/p95 ms  (own)      barge-in p50/p95  greeting p50/p95"
    "  memory  a call  calls that ended"
)


def row(result: dict[str, Any]) -> str:
    """One line of the table."""
    figures, media = result["figures"], result["media"]

    def pair(name: str, less: float = 0.0) -> str:
        spread = figures[name]
        return f"{spread['p50'] - less:.0f} / {spread['p95'] - less:.0f}" if spread["count"] else "-"

    deviations = "/".join(f"{media[f'deviation_{which}_ms']:.1f}" for which in ("p50", "p99", "max"))
    return (
        f"{result['checkout']:8}  {result['calls']:5}  {result['cpu_percent_a_call']:6.2f} %  {deviations:>20}"
        f"  {pair('gap_ms'):>14}  {pair('gap_ms', result['waited_ms']):>9}  {pair('barge_in_ms'):>16}"
        f"  {pair('greeting_ms'):>16}  {result['rss_mb']:4.0f} MB  {result['mb_a_call']:.2f} MB"
        f"  {', '.join(f'{n} {what}' for what, n in result['outcomes'].items()) or 'none'}"
    )


def remarks(result: dict[str, Any]) -> list[str]:
    """What each process took, and what spoils the figures."""
    shares = dict(result["percent"])
    calls = shares.pop(CALLS)
    rest = ", ".join(f"{name} {share:.0f}" for name, share in sorted(shares.items(), key=lambda one: -one[1]))
    cores = result["cores"]
    lines = [
        f"          core of the calls {cores['calls']:.0f} % (call process {calls:.0f});"
        f" the other core {cores['other']:.0f} % ({rest}); others {cores['others']:.0f} %"
    ]
    lines.append(f"          our own share of the gap, p50/p95 ms: {', '.join(_stages(result['stages_ms']))}")
    if cores["other"] > FULL_PERCENT:
        most = max(shares, key=lambda name: float(shares[name]))
        lines.append(f"          THE OTHER CORE IS FULL, most of it {most}: gaps and barge-ins are the bench's own")
    if not result["pinned"]:
        lines.append("          there is one core only: all of it is shared")
    if result["media"]["far_end_late_p99_ms"] > PHONES_LATE_MS:
        late_ms = result["media"]["far_end_late_p99_ms"]
        lines.append(f"          the phones sent {late_ms:.1f} ms late (p99): so much of the gaps is theirs")
    if cores["others"] > MUCH_PERCENT:
        lines.append("          the machine was not quiet: the figures are spoilt")
    if result["figures"]["cut_ins"] or result["figures"]["missed_barge_ins"]:
        lines.append(
            f"          {result['figures']['cut_ins']} answers while we spoke or keyed,"
            f" {result['figures']['missed_barge_ins']} interruptions missed"
        )
    return lines


def _stages(stages: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, spread in stages.items():
        yield f"{name} {spread['p50']:.0f}/{spread['p95']:.0f}" if spread["count"] else f"{name} -"


def complete(result: dict[str, Any]) -> bool:
    """Whether calls ended in the window, and all of them as they should."""
    return set(result["outcomes"]) == {"completed"}
