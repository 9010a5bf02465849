"""The collapse guard: reads a training's history and says in plain words what is going wrong.

It watches:

- **D's zero-loss share**: with the hinge loss, a picture that D classifies beyond the margin has
  zero loss. Brock et al., arXiv:1809.11096, section 4: D winning outright precedes collapse. In the
  anime BigGAN's log the share rises from 0.2 % to 18 % by step 14 000; then G's loss jumps.
- **G's loss**: a jump far outside its own recent spread.
- **the measure** (Fréchet distance): clearly above its best, several measurements in a row.
- **duplicates** among the samples: mode collapse, which the losses do not show.
- **top singular values**: a spike in G's precedes collapse (Brock et al., section 4.1).

The guard only gets numbers: it reads no files and touches no model. A warning means: look at the
run. An alarm means: the run is lost from here, and a rollback is worthwhile.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from foreign.records import Every
from metrics.errors import MetricError

WARNING, ALARM = "warning", "alarm"
# The form of `CollapseGuard.state`; see `foreign.records.misfit`.
STATE = {
    "steps": [int],
    "zero_share": [float],
    "g_loss": [float],
    "measures": [[float]],
    "duplicates": [[float]],
    "spectra": Every([[float]]),
    "lowest_zero_share": (float, None),
    "healthy_until": int,
    "rollbacks": int,
}


@dataclass(frozen=True)
class Thresholds:
    """Limits beyond which a number is reported. Shares are 0..1, windows are in steps."""

    window: int = 1000  # for the zero-loss share and for the usual value of G's loss
    block: int = 100  # G's loss is averaged over this many steps before it is compared
    winning: float = 0.15  # mean zero-loss share for a warning …
    rise: float = 2.5  # … once it is this many times its lowest so far
    won: float = 0.40  # mean zero-loss share for an alarm, under the same rise
    jump: float = 6.0  # G's loss, in robust standard deviations of its block means
    least_jump: float = 0.5  # and at least this much, in the loss's own unit
    worse: float = 1.5  # measure over its best …
    patience: int = 2  # … in this many measurements in a row
    duplicates: float = 0.20  # share of samples with a twin: a warning; twice that: an alarm
    spike: float = 1.5  # singular value over the median of its last ones
    spike_history: int = 5  # how many earlier ones that needs

    def __post_init__(self):
        if self.block < 1 or self.window < 3 * self.block:
            raise MetricError(
                f"The guard's window must be 3 blocks or more. Received: window {self.window}, "
                f"block {self.block}."
            )


@dataclass(frozen=True)
class Finding:
    """One problem: `kind` for the program, `message` for the reader."""

    kind: str
    level: str
    step: int
    message: str


@dataclass(frozen=True)
class Rollback:
    """Go back to the checkpoint of `step` and multiply both learning rates by `factor`."""

    step: int
    factor: float
    number: int
    message: str


@dataclass
class CollapseGuard:
    """Collects a run's history and judges it.

    Feed it with `losses`, `measured` and `singular_values`, in order of steps; `findings` says
    what is wrong now. `rollback` plans at most `max_rollbacks` returns, each with the learning
    rates times `factor`.
    """

    thresholds: Thresholds = field(default_factory=Thresholds)
    max_rollbacks: int = 3
    factor: float = 0.5
    steps: list[int] = field(default_factory=list)
    zero_share: list[float] = field(default_factory=list)
    g_loss: list[float] = field(default_factory=list)
    measures: list[tuple[int, float]] = field(default_factory=list)
    duplicates: list[tuple[int, float]] = field(default_factory=list)
    spectra: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    lowest_zero_share: float = math.inf
    healthy_until: int = 0  # the last judged step without a finding
    rollbacks: int = 0

    def losses(self, steps: Sequence[int], zero_share: Sequence[float], g_loss: Sequence[float]):
        """Add some steps' D zero-loss shares (0..1) and G losses, oldest first."""
        if not len(steps) == len(zero_share) == len(g_loss):
            raise MetricError("Steps, zero-loss shares and losses differ in number.")
        self.steps += [int(step) for step in steps]
        self.zero_share += [float(share) for share in zero_share]
        self.g_loss += [float(loss) for loss in g_loss]
        window = self.thresholds.window
        if len(self.zero_share) >= window:
            # Look at all windows, since the lowest may be inside a long addition.
            added = np.asarray(self.zero_share[-(window + len(steps)) :])
            sums = np.cumsum(np.insert(added, 0, 0.0))
            lowest = float(np.min(sums[window:] - sums[:-window])) / window
            self.lowest_zero_share = min(self.lowest_zero_share, lowest)
        keep = 3 * window  # all that is looked at, with room for a rollback
        for history in (self.steps, self.zero_share, self.g_loss):
            del history[:-keep]

    def measured(self, step: int, value: float, duplicate_share: float | None = None):
        """Add a measurement (lower is better) and, if known, the samples' duplicate share."""
        self.measures.append((int(step), float(value)))
        if duplicate_share is not None:
            self.duplicates.append((int(step), float(duplicate_share)))

    def singular_values(self, step: int, values: Mapping[str, float]):
        """Add the top singular value of each watched layer, by name."""
        for name, value in values.items():
            self.spectra.setdefault(name, []).append((int(step), float(value)))

    def findings(self) -> list[Finding]:
        """The current problems, alarms first; without any, remember that the run is healthy."""
        checks = (self._diverged, self._winning, self._jump, self._worse, self._twins, self._spikes)
        found = [finding for check in checks for finding in check()]
        kinds = {finding.kind for finding in found}
        if {"d_wins", "g_jump"} <= kinds and not any(f.level == ALARM for f in found):
            found.append(
                Finding(
                    "collapse",
                    ALARM,
                    self.step,
                    "Collapse: D's zero-loss share had risen, and now G's loss has jumped.",
                )
            )
        if not found:
            self.healthy_until = max(self.healthy_until, self.step)
        return sorted(found, key=lambda finding: finding.level != ALARM)

    @property
    def step(self) -> int:
        """The newest step that the guard has numbers for."""
        last = [entry[-1][0] for entry in (self.measures, *self.spectra.values()) if entry]
        return max([*self.steps[-1:], *last], default=0)

    def _diverged(self):
        numbers = [*self.g_loss[-1:], *(value for _, value in self.measures[-1:])]
        if any(not math.isfinite(number) for number in numbers):
            yield Finding("diverged", ALARM, self.step, "The loss or the measure is not a number.")

    def _winning(self):
        limits = self.thresholds
        if len(self.zero_share) < limits.window:
            return
        share = float(np.mean(self.zero_share[-limits.window :]))
        risen = share >= limits.rise * self.lowest_zero_share
        steps = f"{limits.window:,}".replace(",", " ")
        if share >= limits.won and risen:
            text = f"D has won: zero loss in {share:.0%} of the last {steps} steps"
            yield Finding("d_wins", ALARM, self.step, f"{_percent(text)}.")
        elif share >= limits.winning and risen:
            text = (
                f"D is winning: zero loss in {share:.0%} of the last {steps} steps, "
                f"up from {self.lowest_zero_share:.1%}"
            )
            yield Finding("d_wins", WARNING, self.step, f"{_percent(text)}.")

    def _jump(self):
        limits = self.thresholds
        blocks = limits.window // limits.block
        if len(self.g_loss) < (blocks + 1) * limits.block:
            return
        recent = np.asarray(self.g_loss[-(blocks + 1) * limits.block :])
        *before, now = recent.reshape(blocks + 1, limits.block).mean(axis=1)
        usual = float(np.median(before))
        spread = 1.4826 * float(np.median(np.abs(np.asarray(before) - usual)))
        if now - usual > max(limits.jump * spread, limits.least_jump):
            text = f"G's loss has jumped from {usual:.2f} to {now:.2f} within {limits.block} steps."
            yield Finding("g_jump", WARNING, self.step, text)

    def _worse(self):
        limits = self.thresholds
        if len(self.measures) <= limits.patience:
            return
        best_step, best = min(self.measures, key=lambda entry: entry[1])
        last = self.measures[-limits.patience :]
        if all(value > limits.worse * best for _, value in last):
            text = (
                f"The samples are getting worse: {last[-1][1]:.4g} at step {last[-1][0]}, "
                f"after {best:.4g} at step {best_step}."
            )
            yield Finding("worse", ALARM, self.step, text)

    def _twins(self):
        if not self.duplicates:
            return
        step, share = self.duplicates[-1]
        if share < self.thresholds.duplicates:
            return
        level = ALARM if share >= 2 * self.thresholds.duplicates else WARNING
        text = f"Mode collapse: {share:.0%} of the samples at step {step} have a twin among them."
        yield Finding("twins", level, self.step, _percent(text))

    def _spikes(self):
        limits = self.thresholds
        for name, history in self.spectra.items():
            before = [value for _, value in history[-limits.spike_history - 1 : -1]]
            if len(before) < limits.spike_history:
                continue
            usual, (step, value) = float(np.median(before)), history[-1]
            if value > limits.spike * usual:
                text = (
                    f"The top singular value of {name} has spiked from {usual:.3g} to "
                    f"{value:.3g} at step {step}."
                )
                yield Finding("spike", WARNING, self.step, text)

    def rollback(self, checkpoints: Sequence[int]) -> Rollback | None:
        """After an alarm, a return to the newest checkpoint from before the problem.

        `checkpoints` are the steps of the available checkpoints. `None` if there is no alarm, no
        healthy checkpoint, or no return left.
        """
        alarms = [finding for finding in self.findings() if finding.level == ALARM]
        good = [step for step in checkpoints if step <= self.healthy_until]
        return self._return_to(good, alarms[0].message) if alarms else None

    def rollback_of_divergence(self, message: str, checkpoints: Sequence[int]) -> Rollback | None:
        """After numbers that are not finite, a return as `rollback` plans it, `message` first.

        All of the checkpoints have finite weights. If none is healthy, the newest must do.
        """
        good = [step for step in checkpoints if step <= self.healthy_until]
        return self._return_to(good or list(checkpoints), message)

    def _return_to(self, good: list[int], message: str) -> Rollback | None:
        if not good or self.rollbacks >= self.max_rollbacks:
            return None
        number = self.rollbacks + 1
        text = (
            f"{message} Going back to step {max(good)} with {self.factor:g} times the "
            f"learning rates (return {number} of {self.max_rollbacks})."
        )
        return Rollback(max(good), self.factor, number, text)

    def rolled_back(self, rollback: Rollback):
        """Forget everything after the step to which the run has returned, and count the return."""
        self.forget_after(rollback.step)
        self.rollbacks = rollback.number

    def forget_after(self, last: int):
        """Forget everything after step `last`: the run goes on from there."""
        kept = sum(step <= last for step in self.steps)
        for history in (self.steps, self.zero_share, self.g_loss):
            del history[kept:]
        for entries in (self.measures, self.duplicates, *self.spectra.values()):
            entries[:] = [entry for entry in entries if entry[0] <= last]
        self.healthy_until = min(self.healthy_until, last)

    def state(self) -> dict:
        """Everything but the thresholds, for a checkpoint (JSON)."""
        content = dict(vars(self))
        for setting in ("thresholds", "max_rollbacks", "factor"):
            del content[setting]
        if math.isinf(self.lowest_zero_share):
            content["lowest_zero_share"] = None
        return content

    def restore(self, state: Mapping):
        """Go on from a `state` of the form `STATE`. Raises `MetricError`."""
        self.steps, self.zero_share = list(state["steps"]), list(state["zero_share"])
        self.g_loss = list(state["g_loss"])
        if not len(self.steps) == len(self.zero_share) == len(self.g_loss):
            raise MetricError("The guard's steps, zero-loss shares and losses differ in number.")
        self.measures = _pairs(state["measures"])
        self.duplicates = _pairs(state["duplicates"])
        self.spectra = {name: _pairs(values) for name, values in state["spectra"].items()}
        lowest = state["lowest_zero_share"]
        self.lowest_zero_share = math.inf if lowest is None else lowest
        self.healthy_until, self.rollbacks = state["healthy_until"], state["rollbacks"]


def _pairs(entries: Sequence[Sequence[float]]) -> list[tuple[int, float]]:
    if not all(len(entry) == 2 and isinstance(entry[0], int) for entry in entries):
        raise MetricError("The guard's measurements are not pairs of a step and a number.")
    return [(int(step), value) for step, value in entries]


def _percent(text: str) -> str:
    return text.replace("%", " %")
