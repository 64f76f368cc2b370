// Ends Azurite with the process that started it, however that one ended; does not itself keep it from ending.
const { rmSync } = require("node:fs");

process.stdin
  .on("end", () => {
    const folder = process.env.SANDBOX_TEMPORARY;
    if (folder) process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    process.kill(process.pid, "SIGTERM");
  })
  .resume()
  .unref();
