"""The rollout as a machine: which move comes next, whenever the one who makes them dies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amltasks.endpoints.rollout import (
    TAG,
    Deploy,
    End,
    Move,
    Phase,
    Remove,
    RemoveEndpoint,
    Rollout,
    Route,
    Strategy,
    Watch,
    after,
    begun,
    key_of,
    next_move,
    parse_steps,
    read_rollout,
    resumed,
    shares,
)
from amltasks.errors import UserError
from amltasks.platforms.endpoints import Deployment, DeploymentSpec, Endpoint

STEPS = (0, 10, 50, 100)
BLUE = Deployment(name="blue", state="ready", traffic=100)


@dataclass
class World:
    """An endpoint that moves change. seen: the traffic after each of them, as a client would meet it."""

    endpoint: Endpoint | None
    seen: list[int] = field(default_factory=list)

    def make(self, move: Move, starts: bool = True) -> None:
        assert self.endpoint is not None
        deployments = {each.name: each for each in self.endpoint.deployments}
        if isinstance(move, Deploy):
            deployments[move.name] = Deployment(name=move.name, state="ready" if starts else "failed")
        elif isinstance(move, Remove):
            assert not deployments[move.deployment].traffic, "a place refuses to remove what has requests"
            del deployments[move.deployment]
        elif isinstance(move, Route):
            assert all(deployments[name].state == "ready" for name in move.traffic)
            deployments = {
                name: each.model_copy(update={"traffic": move.traffic.get(name, 0), "mirror": move.mirror.get(name, 0)})
                for name, each in deployments.items()
            }
        elif isinstance(move, RemoveEndpoint):
            self.endpoint = None
            return
        self.endpoint = self.endpoint.model_copy(update={"deployments": tuple(deployments.values())})
        self.seen.append(sum(self.endpoint.traffic.values()))

    def tag(self, text: str) -> None:
        assert self.endpoint is not None
        self.endpoint = self.endpoint.model_copy(update={"tags": {TAG: text}})


def run(
    world: World, key: str, dies_after: int, starts: bool = True, good: Callable[[int], bool] = lambda share: True
) -> End | None:
    """As the driver does it; dies_after: so many writes of any kind, which are moves and tags alike."""
    left = dies_after
    rollout = read_rollout(world.endpoint.tags) if world.endpoint else None
    if world.endpoint and rollout:
        rollout = resumed(rollout, key, world.endpoint)
    fresh = rollout is None or rollout.key != key or rollout.phase in (Phase.ROLLING_BACK, Phase.FINISHING)
    while True:
        if rollout is None:
            rollout, fresh = begun(key, world.endpoint), False
            world.endpoint = world.endpoint or Endpoint(name="e", state="ready", several=True)
            world.tag(rollout.tag())
        assert world.endpoint is not None
        move = next_move(rollout, world.endpoint, STEPS)
        if isinstance(move, End):
            if not left:
                return None
            world.tag("")
            if not fresh:
                return move
            rollout = None
            continue
        if not left:
            return None
        world.make(move, starts)
        left -= 1
        if world.endpoint is None:
            return End(deployed=False, share=0)
        fine = starts if isinstance(move, Deploy) else good(move.share) if isinstance(move, Watch) else True
        moved = after(rollout, move, fine)
        if moved != rollout and (fine or not isinstance(move, Deploy)):
            if not left:
                return None
            world.tag(moved.tag())
            left -= 1
        rollout = moved


class TestWhoeverDies:
    """Shown by 3 of what was promised: the next run finishes or rolls back; traffic sums to 100 at every moment."""

    @pytest.mark.parametrize("dies_after", range(14))
    @pytest.mark.parametrize("key", ["same", "another"])
    def test_the_next_run_comes_to_the_end(self, dies_after: int, key: str) -> None:
        world = World(Endpoint(name="e", state="ready", several=True, deployments=(BLUE,)))

        run(world, "same", dies_after)
        end = run(world, key, 1000)

        assert end == End(deployed=True, share=100)
        assert world.endpoint is not None
        assert list(world.endpoint.traffic.values()) == [100]
        assert len(world.endpoint.deployments) == 1
        assert not world.endpoint.tags[TAG]
        assert set(world.seen) == {100}

    @given(
        deaths=st.lists(st.tuples(st.integers(0, 14), st.sampled_from("ab")), max_size=4),
        fails_at=st.sampled_from([0, 10, 50, 100, 1000]),
        starts=st.booleans(),
        last=st.sampled_from("ab"),
    )
    def test_however_often_and_whatever_comes_of_it(
        self, deaths: list[tuple[int, str]], fails_at: int, starts: bool, last: str
    ) -> None:
        world = World(Endpoint(name="e", state="ready", several=True, deployments=(BLUE,)))
        for writes, key in deaths:
            run(world, key, writes, starts, lambda share: share < fails_at)
        end = run(world, last, 1000, starts, lambda share: share < fails_at)

        deployed = starts and fails_at > 100
        assert end is not None
        assert end.deployed is deployed
        assert world.endpoint is not None
        assert list(world.endpoint.traffic.values()) == [100]
        assert len(world.endpoint.deployments) == 1
        assert set(world.seen) <= {100}
        assert deployed or world.endpoint.traffic == {"blue": 100}

    @pytest.mark.parametrize("dies_after", range(8))
    def test_of_a_first_deployment_that_fails_nothing_is_left(self, dies_after: int) -> None:
        world = World(None)

        run(world, "same", dies_after, starts=False)
        end = run(world, "same", 1000, starts=False)

        assert end == End(deployed=False, share=0)
        assert world.endpoint is None

    def test_an_endpoint_that_was_there_before_stays(self) -> None:
        world = World(Endpoint(name="e", state="ready", several=True))

        run(world, "same", 1000, starts=False)

        assert world.endpoint is not None
        assert world.endpoint.deployments == ()


def test_steps_come_one_after_the_other_and_what_was_before_goes_last() -> None:
    endpoint = Endpoint(name="e", state="ready", deployments=(BLUE,))
    world = World(endpoint)
    moves: list[Move] = []
    rollout = begun("key", endpoint)
    while not isinstance(moves[-1] if moves else None, End):
        assert world.endpoint is not None
        moves.append(next_move(rollout, world.endpoint, STEPS, mirror=20))
        if not isinstance(moves[-1], End):
            world.make(moves[-1])
            rollout = after(rollout, moves[-1], True)

    assert moves == [
        Deploy(name="green"),
        Route(traffic={"blue": 100}, mirror={"green": 20}),
        Watch(share=0),
        Route(traffic={"blue": 90, "green": 10}),
        Watch(share=10),
        Route(traffic={"blue": 50, "green": 50}),
        Watch(share=50),
        Route(traffic={"green": 100}),
        Watch(share=100),
        Remove(deployment="blue"),
        End(deployed=True, share=100),
    ]


def test_steps_that_end_below_100_stay_there_until_a_later_run_goes_on() -> None:
    """So that somebody can approve in between."""
    green = Deployment(name="green", state="ready", traffic=10)
    endpoint = Endpoint(name="e", state="ready", deployments=(BLUE.model_copy(update={"traffic": 90}), green))
    rollout = Rollout(key="k", new="green", base={"blue": 100}, phase=Phase.SHIFTING, passed=10)

    assert next_move(rollout, endpoint, (0, 10)) == End(deployed=True, share=10)
    assert next_move(resumed(rollout, "k", endpoint), endpoint, (50, 100)) == Route(traffic={"blue": 50, "green": 50})


def test_a_new_one_that_is_gone_while_it_has_requests_is_rolled_back() -> None:
    failed = Deployment(name="green", state="failed", traffic=50)
    endpoint = Endpoint(name="e", state="ready", deployments=(BLUE.model_copy(update={"traffic": 50}), failed))
    rollout = Rollout(key="k", new="green", base={"blue": 100}, phase=Phase.SHIFTING, passed=10)

    assert resumed(rollout, "k", endpoint).phase is Phase.ROLLING_BACK


@given(st.dictionaries(st.sampled_from("abcde"), st.integers(1, 100), min_size=1), st.integers(0, 100))
def test_shares_sum_to_100_and_keep_their_proportions(weights: dict[str, int], share: int) -> None:
    base = shares({**weights}, "none", 0)
    routed = shares(base, "new", share)

    assert sum(routed.values()) == 100
    assert routed.get("new", 0) == share
    for name, before in base.items():
        assert abs(routed.get(name, 0) - before * (100 - share) / 100) < 1


@pytest.mark.parametrize(
    ("text", "strategy", "steps"),
    [
        ("", Strategy.CANARY, (0, 10, 50, 100)),
        ("", Strategy.BLUE_GREEN, (0, 100)),
        ("5%, 100 %", Strategy.CANARY, (5, 100)),
        ("0\n25\n100", Strategy.CANARY, (0, 25, 100)),
    ],
)
def test_steps_are_percentages(text: str, strategy: Strategy, steps: tuple[int, ...]) -> None:
    assert parse_steps(text, strategy) == steps


@pytest.mark.parametrize("text", ["half", "50, 10", "10, 10", "101", "-1", "1.5"])
def test_steps_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UserError, match=r"^steps: "):
        parse_steps(text, Strategy.CANARY)


def test_a_name_that_has_requests_is_refused() -> None:
    with pytest.raises(UserError, match="deployment: 'blue' has 100 % of the requests"):
        begun("key", Endpoint(name="e", state="ready", deployments=(BLUE,)), "blue")


def test_the_tag_is_read_as_it_was_written_and_fits() -> None:
    rollout = Rollout(key="0" * 16, new="n" * 32, base={"a" * 32: 50, "b" * 32: 50}, made=True, passed=100)

    assert read_rollout({TAG: rollout.tag()}) == rollout
    assert read_rollout({}) is None
    with pytest.raises(UserError, match="is 'nonsense', which is no rollout"):
        read_rollout({TAG: "nonsense"})


def test_the_key_is_that_of_what_is_deployed(tmp_path: Path) -> None:
    """The same build tried again is the same rollout; a changed script is another one."""
    (tmp_path / "score.py").write_text("1")
    spec = DeploymentSpec(models=(), code=tmp_path, script="score.py")
    key = key_of(spec)

    assert key_of(spec.model_copy(update={"name": "green", "description": "of another build"})) == key
    assert key_of(spec.model_copy(update={"variables": {"A": "b"}})) != key
    (tmp_path / "score.py").write_text("2")
    assert key_of(spec) != key
