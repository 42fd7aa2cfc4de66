// node:http and node:https with their defaults.

import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { host, large, medium, page, port, refusal, tls, tlsPort, work } from "./pages.mjs";

function answer(request, response) {
  switch (request.url) {
    case "/":
      response.setHeader("content-type", "text/html");
      return response.end(page);
    case "/medium":
      return response.end(medium);
    case "/large":
      return response.end(large);
    case "/empty":
      response.statusCode = 204;
      return response.end();
    case "/refuse":
      response.statusCode = 413;
      return response.end(refusal);
    case "/upload":
      // A client that goes away in the middle of it gets no answer.
      request.on("end", () => work().then(() => response.end("ok"))).resume();
      return;
    default:
      response.statusCode = 404;
      return response.end("Not found");
  }
}

export const servers = [
  createServer(answer).listen(port, host),
  createTlsServer(tls, answer).listen(tlsPort, host),
];
