"""Notebooks: selection, parameters, execution, verdict. Knows nothing of Azure."""
