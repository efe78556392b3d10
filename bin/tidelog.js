#!/usr/bin/env node
// Plain old syntax and no static imports: an older Node must get as far as the line that tells it so.
var nodeMajorMin = 24;

if (parseInt(process.versions.node, 10) < nodeMajorMin) {
  console.error(
    "tidelog needs Node " +
      nodeMajorMin +
      " or newer; this is Node " +
      process.versions.node +
      " (" +
      process.execPath +
      ")",
  );
  process.exit(1);
}

// A server starts once more in the same process, with settings that only a start can give: a young heap too small to
// keep many buffers after their use, and one pool of the C allocator for all threads. What the user has set stays.
// Not where it cannot be done, and not under a parent that talks to this process over a channel of Node.
function restartAsServer() {
  var youngHeap = "--max-semi-space-size";
  var options = process.execArgv.join(" ") + " " + (process.env.NODE_OPTIONS || "");
  var hasYoungHeap = options.replace(/_/g, "-").indexOf(youngHeap) >= 0;
  if (hasYoungHeap && process.env.MALLOC_ARENA_MAX) return;
  if (process.platform === "win32" || !process.execve || process.send) return;
  var nodeOptions = hasYoungHeap ? process.execArgv : process.execArgv.concat(youngHeap + "=2");
  var environment = Object.assign({}, process.env);
  environment.MALLOC_ARENA_MAX = environment.MALLOC_ARENA_MAX || "1";
  process.execve(process.execPath, [process.argv0].concat(nodeOptions, process.argv.slice(1)), environment);
}

if (process.argv[2] === "start") restartAsServer();

import("../dist/cli/main.js")
  .then(function (command) {
    return command.main(process.argv.slice(2));
  })
  .then(function (exitCode) {
    process.exitCode = exitCode;
  })
  .catch(function (error) {
    var unbuilt = error && error.code === "ERR_MODULE_NOT_FOUND" && /dist\/cli\/main\.js$/.test(String(error.url));
    console.error(unbuilt ? "tidelog is not built yet: run npm run build" : error);
    process.exitCode = 1;
  });
