"""Azure on loopback: what the server answers when it is asked as a proxy.

The server (sandbox.server) is Azure DevOps' address and an HTTPS proxy at once. It ends the TLS of every host with its
own authority (sandbox.connection), and application.py hands the request to whom hosts.py names for that host. Nothing
is ever connected: a host or path that nobody plays is answered 501 and stands in the journal.

Every request meets the same guard before its handler: token (signature, expiry, audience, tenant), api-version, query
parameters, subscription, and the caller's role on the resource that the path names. Faults and journal come before all.

A service is a folder with routes.py (paths, RBAC actions, api-versions), responses.py (handlers: `Call` → `Answer`),
state.py (data and rules) and errors.py. To add one:

1. `routes.py`: `ROUTES = [Route("GET", WORKSPACE + "/computes/{compute}", responses.get_compute,
   f"{TYPE}/computes/read", MACHINE_LEARNING)]`. For the data plane the path begins with the service, like
   `"/history/v1.0" + WORKSPACE + "/runs/{run}/details"`; give it no versions where it takes no api-version.
2. `responses.py`: `def get_compute(call: Call) -> Answer: workspace = workspace_of(call); …; return reply(body)`. The
   body of a PUT is `call.json(Model)` with a `sandbox.wire.Wire` model: what it does not know is refused by name. Lists
   are `page(call, bodies)` with `query=PARAMETERS` on the route; errors are `raise errors.…` (`AzureError`: ARM's form;
   a service with another form subclasses it and says so on its Host or its routes); members with secrets are named on
   the route, which keeps them from the journal: `private=("key",)`.
3. `state.py`: most resources are `call.azure.resources.put(id, properties, more, by=call.caller_id)`, `.get(id)`,
   `.all(collection id)`, `.delete(id)`: `Resource.body` has ARM's form with systemData. A class of its own becomes an
   attribute of `Cloud`, made in its constructor from `store` and `clock` (`world.clock.now()`, never the machine's).
4. `hosts.py`: add `*service.ROUTES` to the host that serves them.

Work that outlasts its request: `operation = call.azure.operations.run(resource_id, work, delay=…)` or `.begin(id)` and
`.end(…)`; answer `accepted(call, operation, body, status=201, kind="compute")`.

In a test: `world.azure.workspaces.create("ws")`, `app = world.azure.directory.register("builds")`,
`secret = world.azure.directory.add_secret(app)`, `world.azure.roles.assign(app.object_id, "Contributor", scope)`; a
token without asking for one: `world.azure.tokens.issue(app.caller, "https://management.azure.com")`.
"""
