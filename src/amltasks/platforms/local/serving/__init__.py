"""Models served on this machine: environments, scoring servers, and endpoints that outlive the step that made them."""
