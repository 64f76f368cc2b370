// What stands between the agent and a script, as in the real script tasks: a Node process that starts the shell, passes its
// output on and judges by its exit code. It traps no signal, so a cancelled script lives on until the job is finalized.
'use strict';
const { spawn } = require('node:child_process');

const [shellName, failOnStderr, command, ...args] = process.argv.slice(2);
const escape = (text) => text.replace(/%/g, '%AZP25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');

function fail(message) {
  console.log(`##vso[task.issue type=error;]${escape(message)}`);
  console.log('##vso[task.complete result=Failed;]');
}

const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
let wroteErrors = false;
child.stdout.pipe(process.stdout);
child.stderr.on('data', (chunk) => {
  wroteErrors = true;
  process.stderr.write(chunk);
});
child.on('error', (error) => fail(`${shellName} could not be started: ${error.message}`));
child.on('close', (code) => {
  if (code !== 0) fail(`${shellName} exited with code '${code}'.`);
  else if (failOnStderr === 'true' && wroteErrors) fail(`${shellName} wrote one or more lines to the standard error stream.`);
});
