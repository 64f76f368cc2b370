"""The one project of the organization."""

from __future__ import annotations

import uuid

from sandbox.devops.core import errors
from sandbox.store import Document, Store, Table

NAME = "demo"


class Project(Document):
    id: str
    name: str

    def check(self, name_or_id: str) -> None:
        """Refuse what is neither the name nor the id of the project."""
        if name_or_id.lower() not in (self.id, self.name.lower()):
            raise errors.project_not_found(name_or_id)


def open_project(store: Store) -> Project:
    """The kept project, made when the store is new."""
    table = Table(store, "project", Project)
    project = table.get("", NAME)
    if project is None:
        project = Project(id=str(uuid.uuid4()), name=NAME)
        table.put("", NAME, project)
    return project
