"""What has come of a deployment, in one sentence, and what a person may want to know of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from amltasks.endpoints.rolling import Outcome
from amltasks.models.chain import ENDPOINT, MODEL, chain_of
from amltasks.models.lineage import origin_of
from amltasks.platforms.registry import Model
from amltasks.report.checks import ChainLink, Check, CheckOutcome, RolloutMove
from amltasks.report.checks_wording import reason


def verdict(
    outcome: str, deployment: str, models: Sequence[Model], moves: Sequence[RolloutMove], checks: Sequence[Check]
) -> str:
    """Of one that came to its end. deployment: empty where it did not come to one."""
    failed = [reason(check) for check in checks if check.outcome is CheckOutcome.FAILED]
    why = f": {failed[0]}" if failed else "."
    if outcome == Outcome.DEPLOYED.value:
        served = f"{deployment} serves {', '.join(model.id for model in models)}"
        return f"{served} and has {moves[-1].traffic.get(deployment, 0)} % of the requests." if moves else f"{served}."
    if not deployment:
        return f"Nothing was deployed{why}"
    shares = moves[-1].shares if moves else "none"
    if outcome == Outcome.ROLLED_BACK.value:
        return f"Rolled back, and requests are answered as before ({shares}){why}"
    return f"Not deployed{why}"


def facts(endpoint: str, deployment: str, address: str, models: Sequence[Model]) -> dict[str, str]:
    """Without what is not known."""
    known = {"Model": ", ".join(model.id for model in models), "Endpoint": endpoint}
    known |= {"Deployment": deployment, "Address": address}
    return {name: value for name, value in known.items() if value}


def chain(models: Sequence[Model], endpoint: str, deployment: str) -> Iterator[ChainLink]:
    """From the data to the endpoint; of several models only the models, as each has a chain of its own."""
    if len(models) == 1:
        yield from chain_of(models[0].id, origin_of(models[0]))
    else:
        yield from (ChainLink(kind=MODEL, name=model.id) for model in models)
    yield ChainLink(kind=ENDPOINT, name=endpoint, facts={"Deployment": deployment} if deployment else {})
