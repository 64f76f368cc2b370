// Ends Azurite with the process that started it, however that one ended.
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM")).resume();
