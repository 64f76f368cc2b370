"""What run history refuses."""

from __future__ import annotations

from sandbox.azure.machine_learning import HistoryError


def run_not_found(name: str) -> HistoryError:
    return HistoryError(404, "UserError", f"Run {name} not found")


def experiment_not_found(name: str) -> HistoryError:
    return HistoryError(404, "UserError", f"Experiment {name} not found")


def property_is_kept(name: str) -> HistoryError:
    return HistoryError(400, "UserError", f"The run's property {name} has a value already; properties are immutable.")


def experiment_name(name: str) -> HistoryError:
    return HistoryError(
        400,
        "UserError",
        f"The experiment name '{name}' is invalid: it has 1 to 255 letters, digits, underscores, hyphens, dots and "
        "blanks and begins with a letter or a digit.",
    )


def experiment_exists(name: str) -> HistoryError:
    return HistoryError(409, "UserError", f"Experiment {name} exists already")


def run_name(name: str) -> HistoryError:
    return HistoryError(
        400,
        "UserError",
        f"The run id '{name}' is invalid: it has 1 to 255 letters, digits, underscores and hyphens and begins with a "
        "letter or a digit.",
    )


def other_run(asked: str, name: str) -> HistoryError:
    return HistoryError(400, "UserError", f"The request is for the run {name}, its body for {asked}")


def fixed(member: str, run: str) -> HistoryError:
    return HistoryError(400, "UserError", f"The member {member} of the run {run} cannot be changed")


def unknown_event(name: str) -> HistoryError:
    return HistoryError(400, "UserError", f"There is no event of a run called {name}")


def bad_filter(text: str, reason: str) -> HistoryError:
    return HistoryError(400, "UserError", f"The filter '{text}' cannot be read: {reason}")


def bad_order(order: str) -> HistoryError:
    return HistoryError(400, "UserError", f"There is no order '{order}': it is a field of runs and asc or desc")


def bad_page(size: int, most: int) -> HistoryError:
    return HistoryError(400, "UserError", f"A page has 1 to {most} items, not {size}")


def bad_token(token: str) -> HistoryError:
    return HistoryError(400, "UserError", f"The continuation token {token} is not known")
