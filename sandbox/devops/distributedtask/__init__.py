"""The orchestrator as agents and agentless workers see it: records, logs, console lines, attachments, events."""
