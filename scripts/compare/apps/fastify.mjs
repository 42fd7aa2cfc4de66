// Fastify with its defaults, and a parser that leaves content to the handlers: without one, Fastify
// answers 415 to content without a type.

import fastify from "fastify";
import { host, large, medium, page, port, refusal, tls, tlsPort, work } from "./pages.mjs";

for (const [options, where] of [
  [{}, port],
  [{ https: tls }, tlsPort],
]) {
  const app = fastify(options);
  app.addContentTypeParser("*", (_request, _content, done) => done(null));
  app.all("/", (_request, reply) => reply.type("text/html").send(page));
  app.all("/medium", (_request, reply) => reply.send(medium));
  app.all("/large", (_request, reply) => reply.send(large));
  app.all("/empty", (_request, reply) => reply.code(204).send());
  app.all("/refuse", (_request, reply) => reply.code(413).send(refusal));
  app.all("/upload", async (request) => {
    for await (const _ of request.raw);
    await work();
    return "ok";
  });
  await app.listen({ port: where, host });
}
