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
