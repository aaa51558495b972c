// Says which Node is needed, in place of whatever an older one would make of the program. In words that any Node reads:
// scripts of package.json load it before the program, and bundle.ts puts it first in every bundle.
'use strict';

function needNode(oldest) {
  const [major, minor] = process.versions.node.split('.');
  if (Number(major) >= oldest) return;
  process.stderr.write(`credentials-updater needs Node ${oldest} or later, this is ${major}.${minor}\n`);
  process.exit(2);
}

needNode(24);
