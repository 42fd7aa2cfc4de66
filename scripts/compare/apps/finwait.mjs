// finwait's own server with its defaults, from a program.

import { serve } from "../../../dist/index.js";
import { fetchPage } from "./fetch-handler.mjs";
import { host, port, tls, tlsPort } from "./pages.mjs";

await serve({ fetch: fetchPage, port, host });
await serve({ fetch: fetchPage, port: tlsPort, host, tls });
