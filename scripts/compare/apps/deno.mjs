// Deno.serve with its defaults.

import { fetchPage } from "./fetch-handler.mjs";
import { host, port, tls, tlsPort } from "./pages.mjs";

Deno.serve({ port, hostname: host }, fetchPage);
Deno.serve({ port: tlsPort, hostname: host, ...tls }, fetchPage);
