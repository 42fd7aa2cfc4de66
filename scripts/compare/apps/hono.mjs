// Hono on @hono/node-server, with the defaults of both.

import { createServer as createTlsServer } from "node:https";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { fetchPage } from "./fetch-handler.mjs";
import { host, port, tls, tlsPort } from "./pages.mjs";

const { fetch } = new Hono().all("*", (context) => fetchPage(context.req.raw));

serve({ fetch, port, hostname: host });
serve({
  fetch,
  port: tlsPort,
  hostname: host,
  createServer: createTlsServer,
  serverOptions: tls,
});
