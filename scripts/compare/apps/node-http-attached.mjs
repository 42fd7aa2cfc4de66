// The same node:http and node:https with finwait attached.

import { attach } from "../../../dist/attach/attach.js";
import { servers } from "./node-http.mjs";

// In the same turn as `listen`: no connection can have come before.
for (const server of servers) attach(server);
