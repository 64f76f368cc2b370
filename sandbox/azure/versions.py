"""The api-versions that are taken: those that the clients in use send, each published by Microsoft."""

from __future__ import annotations

MACHINE_LEARNING = (
    "2022-02-01-preview",
    "2022-05-01",
    "2022-10-01",
    "2022-10-01-preview",
    "2023-02-01-preview",
    "2023-04-01",
    "2023-04-01-preview",
    "2023-06-01-preview",
    "2023-08-01-preview",
    "2023-10-01",
    "2024-01-01-preview",
    "2024-04-01",
    "2024-04-01-preview",
    "2024-10-01-preview",
    "2025-01-01-preview",
    "2025-12-01",
)
WORKSPACES = ("2020-01-01", *MACHINE_LEARNING)  # the first is by which azureml-core lists them
V1_COMPUTES = "2020-02-02"  # all that azureml-core asks for
COMPUTES = (V1_COMPUTES, *MACHINE_LEARNING)
RESOURCES = ("2019-11-01", "2020-01-01", "2021-04-01", "2022-09-01", "2022-12-01")
STORAGE = ("2019-06-01", "2021-09-01", "2022-09-01", "2023-01-01", "2023-05-01")
IMDS = ("2018-02-01", "2019-08-01")
