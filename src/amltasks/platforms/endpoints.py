"""The contract between a command and the place where models are served.

An **endpoint** has an address and keys; its **deployments** answer what arrives there, each a share of it. A place
that knows only services (ACI, a single service of AKS) has endpoints with one deployment called `current`.

Every method blocks, may be called from several threads, repeats what may be repeated, and raises ServiceError where
the place itself fails, UserError where it refuses what was asked. That a deployment does not start is a result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Literal, Protocol

from pydantic import Field

from amltasks.data import Data
from amltasks.platforms.registry import Model

CURRENT = "current"  # the one deployment where there is only one
Tell = Callable[[str], None]  # is told lines of what happens, for the log


class Auth(str, Enum):
    KEY = "key"
    TOKEN = "token"  # of the endpoint, for some time
    AAD = "aad"
    NONE = "none"


class Autoscale(Data):
    """refresh: seconds. target_utilization: percent."""

    minimum: int = 1
    maximum: int = 10
    target_utilization: int = 70
    refresh: float = 1.0


class Probe(Data):
    """Seconds and counts."""

    initial_delay: int | None = None
    period: int | None = None
    timeout: int | None = None
    success_threshold: int | None = None
    failure_threshold: int | None = None


class Resources(Data):
    """Of each replica. cpu: cores. memory, memory_limit: bytes. instance_type: of a managed endpoint's machines."""

    cpu: float | None = None
    cpu_limit: float | None = None
    memory: int | None = None
    memory_limit: int | None = None
    gpu: int | None = None
    instance_type: str = ""
    replicas: int | None = None
    autoscale: Autoscale | None = None


class Requests(Data):
    """timeout, queue_wait: seconds. concurrent: requests that one replica answers at once."""

    timeout: float | None = None
    concurrent: int | None = None
    queue_wait: float | None = None


class ScoringEnvironment(Data):
    """What the scoring script runs in: one of a name that the place knows, or an image and packages on it.

    conda: a conda file, complete (made from requirements where only those were given). Both empty: the default.
    """

    name: str = ""
    image: str = ""
    conda: Path | None = None


class EndpointSpec(Data):
    """name: also its part of the address. compute: the cluster of an endpoint on Kubernetes or AKS.

    several: whether deployments share its requests, so that a place with a choice takes an endpoint that can do that.
    location: of ACI or a new cluster; empty for the workspace's. settings: what only one place knows (`dnsNameLabel`,
    `sslEnabled`, `namespace`, `identity`…), by the names that the task's inputs and MLOpsPython files have.
    """

    name: str
    auth: Auth = Auth.KEY
    compute: str = ""
    location: str = ""
    several: bool = False
    description: str = ""
    tags: dict[str, str] = {}
    settings: dict[str, str] = {}


class DeploymentSpec(Data):
    """One deployment. code: a folder; script: path in it, POSIX form. models: registered ones, at least one.

    variables: of the environment of the scoring script; secrets have no place there.
    """

    name: str = CURRENT
    models: tuple[Model, ...]
    code: Path
    script: str
    environment: ScoringEnvironment = ScoringEnvironment()
    resources: Resources = Resources()
    requests: Requests = Requests()
    liveness: Probe = Probe()
    readiness: Probe = Probe()
    app_insights: bool = False
    collect_data: bool = False
    variables: dict[str, str] = {}
    description: str = ""
    tags: dict[str, str] = {}


State = Literal["creating", "ready", "failed", "deleting"]


class Deployment(Data):
    """As the place tells of it. traffic, mirror: percent of the requests. reason: why it has failed, one sentence."""

    name: str
    state: State
    models: tuple[str, ...] = ()  # ids, `name:version`
    traffic: int = 0
    mirror: int = 0
    tags: dict[str, str] = {}
    reason: str = ""


class Endpoint(Data):
    """As the place tells of it. address: where requests are sent to, empty until there is one. page: for people.

    several: whether it can share its requests among deployments.
    """

    name: str
    state: State
    address: str = ""
    auth: Auth = Auth.KEY
    several: bool = False
    deployments: tuple[Deployment, ...] = ()
    tags: dict[str, str] = {}
    page: str = ""

    def deployment(self, name: str) -> Deployment | None:
        return next((deployment for deployment in self.deployments if deployment.name == name), None)

    @property
    def traffic(self) -> dict[str, int]:
        """Percent by deployment; those without are left out."""
        return {deployment.name: deployment.traffic for deployment in self.deployments if deployment.traffic}


class Cause(str, Enum):
    """Why a deployment does not start."""

    IMAGE_BUILD = "imageBuild"
    INIT = "init"  # the scoring script raises when it is imported, or in init()
    MISSING_MODEL = "missingModel"
    PORT = "port"
    QUOTA = "quota"
    PROBE = "probe"  # it starts, and does not become ready
    IMAGE_PULL = "imagePull"
    TIMEOUT = "timeout"
    OTHER = "other"


class Deployed(Data):
    """What came of `deploy`. cause: None where it is ready. reason: one sentence, the cause's own words in it.

    log: of the container; events: lines of what the place has done; both are for people, as they were told.
    """

    deployment: Deployment
    cause: Cause | None = None
    reason: str = ""
    log: str = ""
    events: tuple[str, ...] = ()


class Access(Data):
    """How to ask an endpoint. headers: with the key.

    deployment_header: names one deployment; empty where none can be named, or where each has an address of its own:
    `addresses`, by name.
    """

    address: str
    headers: dict[str, str] = Field(default={}, repr=False)
    deployment_header: str = ""
    addresses: dict[str, str] = {}


class Endpoints(Protocol):
    """Endpoints of one place.

    shares, mirrors: whether requests can be shared among deployments, and copied to one that answers nobody.
    """

    shares: bool
    mirrors: bool

    def open(self) -> None:
        """Comes first. Raises UserError where there is no such place, or no right to see it."""

    def check(self, endpoint: EndpointSpec, deployment: DeploymentSpec) -> tuple[str, ...]:
        """Before anything costs time: a warning for each setting that this place does not know, by its name.

        Raises UserError for what it cannot do at all (no such cluster, with the names that exist; a name it refuses).
        """

    def find(self, name: str) -> Endpoint | None:
        """The endpoint with its deployments, whatever state they are in."""

    def ensure(self, spec: EndpointSpec, tell: Tell) -> Endpoint:
        """The endpoint as it is said, made or changed; one that was left half made or failed is made anew."""

    def deploy(self, endpoint: str, spec: DeploymentSpec, tell: Tell) -> Deployed:
        """Makes the deployment or changes it, and waits until it is ready or has failed. Traffic stays as it is, but
        that a place without shares gives all of it to this one. Stopping the command leaves what has begun."""

    def route(self, endpoint: str, traffic: Mapping[str, int], mirror: Mapping[str, int] = {}) -> None:
        """Percent by deployment, which sum to 100 (to 0 where nothing is to be served). Takes effect as a whole."""

    def tag(self, endpoint: str, tags: Mapping[str, str]) -> None:
        """Adds tags, or changes their values; an empty one takes it away. A rollout goes on by these."""

    def access(self, endpoint: str) -> Access:
        """With keys or a token as they are now."""

    def log(self, endpoint: str, deployment: str) -> str:
        """The last lines of its containers."""

    def delete_deployment(self, endpoint: str, deployment: str, tell: Tell) -> None:
        """One that is not there is no error. Raises UserError where it has traffic."""

    def delete(self, endpoint: str, tell: Tell) -> None:
        """With its deployments; one that is not there is no error."""

    def close(self) -> None: ...
