"""Manifests for a rollout on plain Kubernetes with Istio: the stages of MLOpsPython's guide, each a file to apply.

    blue-0       the new image (blue) is there; all requests are still answered by the old one (green)
    blue-50      half of them each
    blue-100     all by blue
    blue-green   the old image is gone: green is the new one, too; all still by blue
    green-100    all by green, which is the new one now; blue is not needed any more

A request with the header `x-api-version: blue` (or `green`) is answered by that one whatever the shares are.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from amltasks.data import Data
from amltasks.errors import UserError
from amltasks.quoting import quoted

HEADER = "x-api-version"
APP = "app.kubernetes.io/name"
COLOUR = "colour"
_SCORING_PORT = 5001  # of the inference server in images of Azure ML
_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,48}[a-z0-9])?")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,400}|\$\{[A-Za-z_][A-Za-z0-9_]*\}")  # or for envsubst
_ISTIO = "networking.istio.io/v1beta1"  # which every version since 1.5 serves

Manifest = dict[str, Any]


class _Plain(yaml.SafeDumper):
    """Writes what occurs twice twice: nobody wants to read anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


class Stage(Data):
    """blue, green: their percent of the requests. images: whether the colour runs the new image, by colour."""

    name: str
    blue: int
    green: int
    new: tuple[str, ...]


STAGES = (
    Stage(name="blue-0", blue=0, green=100, new=("blue",)),
    Stage(name="blue-50", blue=50, green=50, new=("blue",)),
    Stage(name="blue-100", blue=100, green=0, new=("blue",)),
    Stage(name="blue-green", blue=100, green=0, new=("blue", "green")),
    Stage(name="green-100", blue=0, green=100, new=("green",)),
)


class Application(Data):
    """name: of the service. image: the new one. previous: the one that runs now; empty for the first time.

    Both may be `${NAME}`, for `envsubst` to fill in.
    port: that the container listens on; requests come to the gateway at 80. replicas: of each colour.
    """

    name: str
    namespace: str = "default"
    image: str
    previous: str = ""
    port: int = _SCORING_PORT
    replicas: int = 1
    cpu: str = "500m"
    memory: str = "1Gi"


def write_stages(application: Application, folder: Path) -> list[Path]:
    """A file for each stage, in an existing or new folder. Raises UserError for names that Kubernetes refuses."""
    _check(application)
    folder.mkdir(parents=True, exist_ok=True)
    stages = STAGES if application.previous else STAGES[-1:]
    paths = []
    for number, stage in enumerate(stages, 1):
        paths.append(folder / f"{number}-{stage.name}.yml")
        documents = manifests(application, stage)
        paths[-1].write_text(yaml.dump_all(documents, Dumper=_Plain, sort_keys=False), encoding="utf-8")
    return paths


def manifests(application: Application, stage: Stage) -> list[Manifest]:
    """All that there is in the stage: a deployment for each colour, one service, and what shares its requests.

    A colour that a stage no longer has is not in it: `kubectl delete deployment NAME-blue` takes it away.
    """
    images = {
        colour: application.image if colour in stage.new else application.previous
        for colour in ("blue", "green")
        if colour in stage.new or (application.previous and stage.name != "green-100")
    }
    return [
        *(_deployment(application, colour, image) for colour, image in images.items()),
        _service(application),
        _gateway(application),
        _destination_rule(application, list(images)),
        _virtual_service(application, stage, list(images)),
    ]


def _deployment(application: Application, colour: str, image: str) -> Manifest:
    labels = {APP: application.name, COLOUR: colour}
    probe = {"httpGet": {"path": "/", "port": application.port}, "periodSeconds": 10}
    container = {
        "name": "scoring",
        "image": image,
        "ports": [{"name": "http", "containerPort": application.port}],
        "resources": {"requests": {"cpu": application.cpu, "memory": application.memory}},
        "readinessProbe": probe,
        "livenessProbe": {**probe, "initialDelaySeconds": 60},
    }
    spec = {
        "replicas": application.replicas,
        "selector": {"matchLabels": labels},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    }
    return _manifest("apps/v1", "Deployment", f"{application.name}-{colour}", application, spec)


def _service(application: Application) -> Manifest:
    """Of both colours: Istio tells them apart."""
    ports = [{"name": "http", "port": 80, "targetPort": application.port}]
    return _manifest(
        "v1", "Service", application.name, application, {"selector": {APP: application.name}, "ports": ports}
    )


def _gateway(application: Application) -> Manifest:
    servers = [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}]
    spec = {"selector": {"istio": "ingressgateway"}, "servers": servers}
    return _manifest(_ISTIO, "Gateway", application.name, application, spec)


def _destination_rule(application: Application, colours: list[str]) -> Manifest:
    subsets = [{"name": colour, "labels": {COLOUR: colour}} for colour in colours]
    spec = {"host": _host(application), "subsets": subsets}
    return _manifest(_ISTIO, "DestinationRule", application.name, application, spec)


def _virtual_service(application: Application, stage: Stage, colours: list[str]) -> Manifest:
    def to(colour: str) -> Manifest:
        return {"destination": {"host": _host(application), "subset": colour, "port": {"number": 80}}}

    chosen = [
        {"name": f"chosen-{colour}", "match": [{"headers": {HEADER: {"exact": colour}}}], "route": [to(colour)]}
        for colour in colours
    ]
    weights = {"blue": stage.blue, "green": stage.green}
    shared = {"name": "shared", "route": [{**to(colour), "weight": weights[colour]} for colour in colours]}
    spec = {"hosts": ["*"], "gateways": [application.name], "http": [*chosen, shared]}
    return _manifest(_ISTIO, "VirtualService", application.name, application, spec)


def _host(application: Application) -> str:
    return f"{application.name}.{application.namespace}.svc.cluster.local"


def _manifest(version: str, kind: str, name: str, application: Application, spec: Manifest) -> Manifest:
    labels = {APP: application.name, "app.kubernetes.io/managed-by": "amltasks"}
    metadata = {"name": name, "namespace": application.namespace, "labels": labels}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _check(application: Application) -> None:
    for what, name in (("name", application.name), ("namespace", application.namespace)):
        if not _NAME.fullmatch(name):
            raise UserError(f"{what}: {quoted(name)} is none in Kubernetes: a lower-case letter, then a-z, 0-9 and -.")
    for what, image in (("image", application.image), ("previous", application.previous)):
        if not _IMAGE.fullmatch(image) and (image or what == "image"):
            raise UserError(f"{what}: {quoted(image)} is no container image: registry/repository:tag.")
    if not 1 <= application.port <= 65535 or application.replicas < 1:
        raise UserError("port and replicas: a port is from 1 to 65535, and there is at least one replica.")
