"""What really serves a deployed model: its scoring server as a process, whatever kind of deployment it is.

A service gives `azure.serving` a `Spec` under a key of its own (a resource's id, say) and hands requests on by a
`Forwarding`, which its host makes once. See sandbox/azure/onlineendpoints for how both are used.
"""
