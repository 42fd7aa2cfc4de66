// The server of the attach-clients benchmark, in a process of its own.
//
// Usage: attach-clients-server.ts bare|attached; prints "ready PORT".

import { attach } from "../dist/attach/attach.js";
import { AttachSite } from "../test/support/attach-site.ts";

const site = await AttachSite.open(process.argv[2] === "attached" ? attach : null);
console.log(`ready ${site.port}`);
process.once("SIGTERM", () => process.exit(0));
