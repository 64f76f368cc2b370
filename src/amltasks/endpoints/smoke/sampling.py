"""How an endpoint, or one deployment of it, does with many requests: for the rules of a rollout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from amltasks.data import Data
from amltasks.endpoints.smoke.answers import Answer, differences, document_of, judged, percentile
from amltasks.endpoints.smoke.cases import Case
from amltasks.endpoints.smoke.probing import Prober
from amltasks.notebooks.strict_json import ContentError

EXAMPLES = 5


class Sample(Data):
    """What became of so many requests. faults: sentence → how many answers it is true of."""

    requests: int
    errors: int
    seconds: tuple[float, ...] = ()
    faults: dict[str, int] = {}

    @property
    def error_rate(self) -> float:
        """0 to 1; 0 where nothing was sent."""
        return self.errors / self.requests if self.requests else 0.0

    def percentile(self, number: float) -> float | None:
        """Seconds that so many per cent of the answers do not exceed; None without answers."""
        return percentile(self.seconds, number) if self.seconds else None


class Comparison(Data):
    """Two deployments on the same requests. differing: pairs of good answers that differ. examples: sentences."""

    new: Sample
    old: Sample
    compared: int
    differing: int
    examples: tuple[str, ...] = ()

    @property
    def difference_rate(self) -> float:
        """0 to 1; 0 where nothing could be compared."""
        return self.differing / self.compared if self.compared else 0.0


class Sampler:
    """Sends the cases in turn. concurrency: requests at once. Ends early when the prober's `stop` is set."""

    def __init__(self, prober: Prober, cases: Sequence[Case], *, concurrency: int = 4) -> None:
        self._prober = prober
        self._cases = cases
        self._concurrency = concurrency

    def sample(self, number: int, deployment: str = "") -> Sample:
        """Of `number` requests. An error is an answer that is not as its case expects, or none."""
        asked = self._each(number, deployment)
        return self._sample(asked)

    def compare(self, number: int, new: str, old: str, *, absolute: float = 0.0, relative: float = 0.0) -> Comparison:
        """Sends each of `number` requests to both. absolute, relative: by how much their numbers may differ."""
        with ThreadPoolExecutor(2, "compare") as threads:
            one, other = threads.map(lambda deployment: self._each(number, deployment), (new, old))
        differing, compared, examples = 0, 0, []
        for (case, answer), (_, before) in zip(one, other, strict=False):
            if judged(case.expect, answer) or judged(case.expect, before):
                continue
            compared += 1
            if _differences(before, answer, absolute, relative):
                differing += 1
                shown = self._prober.shown
                told = _differences(shown(before), shown(answer), absolute, relative)
                examples += [f"{case.name}: {clause}." for clause in told[:1]]
        return Comparison(
            new=self._sample(one),
            old=self._sample(other),
            compared=compared,
            differing=differing,
            examples=tuple(dict.fromkeys(examples))[:EXAMPLES],
        )

    def _each(self, number: int, deployment: str) -> list[tuple[Case, Answer]]:
        def send(index: int) -> tuple[Case, Answer] | None:
            case = self._cases[index % len(self._cases)]
            return None if self._prober.stop.is_set() else (case, self._prober.send(case, deployment))

        with ThreadPoolExecutor(self._concurrency, "sample") as threads:
            return [asked for asked in threads.map(send, range(number)) if asked is not None]

    def _sample(self, asked: Sequence[tuple[Case, Answer]]) -> Sample:
        faults = [self._prober.judged(case, answer) for case, answer in asked]
        counted = Counter(found[0] for found in faults if found)
        return Sample(
            requests=len(asked),
            errors=sum(map(bool, faults)),
            seconds=tuple(answer.seconds for _, answer in asked if answer.status),
            faults=dict(counted.most_common(EXAMPLES)),
        )


def _differences(old: Answer, new: Answer, absolute: float, relative: float) -> list[str]:
    """Clauses; the old answer is what is expected of the new one."""
    if old.status != new.status:
        return [f"status {new.status}, and {old.status} before"]
    try:
        return differences(document_of(old.body), document_of(new.body), absolute, relative)
    except ContentError:
        return [] if old.body == new.body else ["the responses, which are no JSON, differ"]
