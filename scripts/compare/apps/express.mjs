// Express with its defaults.

import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import express from "express";
import { host, large, medium, page, port, refusal, tls, tlsPort, work } from "./pages.mjs";

const app = express();
app.all("/", (_request, response) => response.type("html").send(page));
app.all("/medium", (_request, response) => response.send(medium));
app.all("/large", (_request, response) => response.send(large));
app.all("/empty", (_request, response) => response.status(204).end());
app.all("/refuse", (_request, response) => response.status(413).send(refusal));
app.all("/upload", (request, response) => {
  request.on("end", () => work().then(() => response.send("ok"))).resume();
});

createServer(app).listen(port, host);
createTlsServer(tls, app).listen(tlsPort, host);
