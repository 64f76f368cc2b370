// Ends Azurite with the process that started it, however that one ended; does not itself keep it from ending.
process.stdin.on("end", () => process.kill(process.pid, "SIGTERM")).resume().unref();
