// Bun.serve with its defaults.

import { fetchPage } from "./fetch-handler.mjs";
import { host, port, tls, tlsPort } from "./pages.mjs";

Bun.serve({ fetch: fetchPage, port, hostname: host });
Bun.serve({ fetch: fetchPage, port: tlsPort, hostname: host, tls });
